#include "compiler/lower/module.h"

#include <algorithm>

namespace weir::lower {

using ir::NodeId;

namespace {

class ModuleLowering {
 public:
  ModuleLowering(const check::Module& module, ir::Program& program, const check::Annotations& annotations,
                 Simplify simplify, base::DiagnosticSink& sink)
      : in_(module),
        out_(program),
        expressions_(program.module, *module.types, annotations, std::move(simplify), sink) {
    env_.let_value = [this](int32_t let) { return in_.lets[static_cast<size_t>(let)].value; };
    env_.feature_key_count = [this](int32_t f) { return in_.features[static_cast<size_t>(f)].keys.size(); };
    env_.slot_flags = [this](int32_t slot) { return slot_flags(slot); };
  }

  NodeId lower(const syntax::Expr* e, int event) {
    if (e == nullptr) return ir::kNoNode;
    event_ = event;
    return expressions_.lower(*e, env_);
  }

  void declarations() {
    for (const syntax::FileAst& f : in_.files)
      if (!f.package.text.empty()) out_.packages.push_back(f.package.text);
    for (const check::Entity& e : in_.entities) out_.entities.push_back({e.name, e.type->base()->kind()});
    for (const check::List& l : in_.lists) out_.lists.push_back({l.name, l.kind, l.values});
    for (const check::Label& l : in_.labels)
      out_.labels.push_back({l.name, static_cast<uint32_t>(l.entity), l.max_age_nanos});
    for (const check::Action& a : in_.actions) {
      ir::Action action{a.name, {}};
      for (const auto& param : a.params) action.params.push_back(param.first);
      out_.actions.push_back(std::move(action));
    }
    for (const check::Event& e : in_.events) {
      ir::Event event;
      event.schema = e.schema;
      event.score_slot = static_cast<uint32_t>(e.score_slot());
      event.each_slot = static_cast<uint32_t>(e.each_slot());
      event.slot_count = static_cast<uint32_t>(e.slot_count());
      out_.events.push_back(std::move(event));
    }
  }

  void feature(const check::Feature& f) {
    ir::Feature out;
    out.name = f.name;
    out.aggregation = f.aggregation;
    out.param = f.param;
    out.value_kind = f.type->base()->kind();
    out.event = static_cast<uint32_t>(f.event);
    out.span = f.span;
    out.window.kind = f.window.kind;
    out.window.nanos = f.window.length.nanos;
    out.window.pane_nanos = f.window.pane ? f.window.pane->nanos : 0;
    out.window.count = f.window.count;
    out.window.exact = f.window.exact;
    out.each_list = lower(f.each_list, f.event);
    out.arg = lower(f.arg, f.event);
    out.where = lower(f.where, f.event);
    for (const syntax::Expr* key : f.keys) out.keys.push_back(lower(key, f.event));
    for (const types::Type* type : f.key_types)
      out.key_entities.push_back(type->is(types::Kind::kEntity) ? out_.find_entity(type->name()) : -1);
    out.identity = ir::feature_identity(out_, out);
    out_.events[out.event].features.push_back(static_cast<uint32_t>(out_.features.size()));
    out_.features.push_back(std::move(out));
  }

  void add_rule(const check::Rule& r) {
    ir::Rule out = rule(r);
    out_.events[out.event].rules.push_back(static_cast<uint32_t>(out_.rules.size()));
    out_.rules.push_back(std::move(out));
  }

  ir::Rule rule(const check::Rule& r) {
    const syntax::RuleStmt& ast = *r.ast;
    ir::Rule out;
    out.name = r.name;
    out.id = r.id;
    out.owner = ast.owner.value_or("");
    out.severity = ast.severity ? ast.severity->text : "";
    out.event = static_cast<uint32_t>(r.event);
    out.mode = ast.mode;
    out.span = ast.name.span;
    out.when_span = ast.when->span;
    if (out_.sources) out.source = std::string(out_.sources->text(ast.when->span));
    out.when = lower(ast.when, r.event);
    clauses(*ast.when, r.event, out);
    out.score = lower(ast.score, r.event);
    out.once_key = lower(ast.once_key, r.event);
    out.canary_key = lower(ast.canary_key, r.event);
    if (ast.canary_percent) out.canary_percent = static_cast<uint32_t>(*ast.canary_percent);
    if (ast.once_every) out.once_nanos = ast.once_every->nanos;
    if (ast.limit_count) out.limit_count = *ast.limit_count;
    if (ast.limit_per) out.limit_nanos = ast.limit_per->nanos;
    for (const check::Effect& e : r.effects) out.effects.push_back(effect(e, r.event));
    for (const syntax::TemplatePiece& piece : ast.because)
      out.because.push_back({piece.text, lower(piece.expr, r.event)});
    return out;
  }

  void decide(const check::Decide& d) {
    ir::Event& event = out_.events[static_cast<size_t>(d.event)];
    event.has_decide = true;
    for (const auto& [verdict, when] : d.arms) event.decide.push_back({verdict, lower(when, d.event)});
  }

  void test(const syntax::TestStmt& t) {
    ir::Test out;
    out.title = t.title;
    out.span = t.title_span;
    repeat_depth_ = repeat_slots_ = 0;
    steps(t.steps, out.steps);
    out.slot_count = repeat_slots_;
    out_.tests.push_back(std::move(out));
  }

 private:
  static constexpr int kTestRow = -1;

  uint8_t slot_flags(int32_t slot) const {
    if (event_ == kTestRow) return 0;
    const check::Event& event = in_.events[static_cast<size_t>(event_)];
    if (slot == event.each_slot()) return ir::kUsesEach;
    if (slot == event.score_slot()) return 0;
    return event.schema.fields[static_cast<size_t>(slot)].optional ? ir::kMayMissing : 0;
  }

  void clauses(const syntax::Expr& e, int event, ir::Rule& out) {
    if (e.kind == syntax::ExprKind::kCall && e.name == "_&&_") {
      for (const syntax::Expr* arg : e.args) clauses(*arg, event, out);
      return;
    }
    out.clauses.push_back(lower(&e, event));
    out.clause_spans.push_back(e.span);
  }

  ir::Effect effect(const check::Effect& e, int event) {
    ir::Effect out;
    out.kind = e.kind;
    out.key = lower(e.key, event);
    out.label = static_cast<uint32_t>(std::max(e.label, 0));
    out.duration_nanos = e.duration_nanos;
    out.verdict = e.verdict;
    out.action = static_cast<uint32_t>(std::max(e.action, 0));
    out.queue = e.queue;
    for (const syntax::Expr* arg : e.args) out.args.push_back(lower(arg, event));
    return out;
  }

  // A test names the fields it is about; required ones that it leaves out are zero, empty or false.
  void fill_required_fields(ir::TestStep& step) {
    const std::vector<types::Field>& fields = out_.events[step.event].schema.fields;
    for (uint32_t slot = types::EventSchema::kIdSlot + 1; slot < fields.size(); ++slot) {
      auto given = [&](const auto& field) { return field.first == slot; };
      if (fields[slot].optional || std::any_of(step.fields.begin(), step.fields.end(), given)) continue;
      const types::Type* type = fields[slot].type->base();
      uint32_t zero = out_.module.intern(zero_of(type->kind()));
      step.fields.emplace_back(slot, out_.module.add(ir::Op::kConst, type, {}, static_cast<int32_t>(zero)));
    }
  }

  static ir::Constant zero_of(types::Kind kind) {
    ir::Constant zero;
    switch (kind) {
      case types::Kind::kBool:
        zero.kind = ir::ConstantKind::kBool;
        break;
      case types::Kind::kInt:
        zero.kind = ir::ConstantKind::kInt;
        break;
      case types::Kind::kUint:
        zero.kind = ir::ConstantKind::kUint;
        break;
      case types::Kind::kDouble:
        zero.kind = ir::ConstantKind::kDouble;
        break;
      case types::Kind::kString:
        zero.kind = ir::ConstantKind::kString;
        break;
      case types::Kind::kBytes:
        zero.kind = ir::ConstantKind::kBytes;
        break;
      case types::Kind::kTimestamp:
        zero.kind = ir::ConstantKind::kTimestamp;
        break;
      case types::Kind::kDuration:
        zero.kind = ir::ConstantKind::kDuration;
        break;
      case types::Kind::kList:
        zero.kind = ir::ConstantKind::kList;
        break;
      case types::Kind::kMap:
        zero.kind = ir::ConstantKind::kMap;
        break;
      default:
        break;  // null
    }
    return zero;
  }

  void steps(const std::vector<syntax::TestStep>& in, std::vector<ir::TestStep>& out) {
    for (const syntax::TestStep& s : in) {
      ir::TestStep step;
      step.kind = s.kind;
      step.span = s.span;
      step.nanos = s.duration.nanos;
      step.count = s.count;
      // `expect that` looks at the event last sent, everything else at the test's own row.
      step.value = lower(s.value, s.kind == syntax::TestStep::Kind::kExpectThat ? last_event_ : kTestRow);
      switch (s.kind) {
        case syntax::TestStep::Kind::kSend: {
          last_event_ = out_.find_event(s.name.text);
          step.event = static_cast<uint32_t>(last_event_);
          for (const auto& [name, value] : s.fields)
            step.fields.emplace_back(static_cast<uint32_t>(out_.events[step.event].schema.find(name.text)),
                                     lower(value, kTestRow));
          fill_required_fields(step);
          break;
        }
        case syntax::TestStep::Kind::kExpectFires:
          step.rule = static_cast<uint32_t>(out_.find_rule(s.name.text));
          break;
        case syntax::TestStep::Kind::kExpectLabel:
        case syntax::TestStep::Kind::kExpectNoLabel:
          step.label = static_cast<uint32_t>(out_.find_label(s.name.text));
          break;
        case syntax::TestStep::Kind::kExpectVerdict:
          for (types::Verdict v : types::kVerdicts)
            if (types::verdict_name(v) == s.name.text) step.verdict = v;
          break;
        case syntax::TestStep::Kind::kRepeat:
          step.slot = repeat_depth_++;
          repeat_slots_ = std::max(repeat_slots_, repeat_depth_);
          steps(s.body, step.body);
          --repeat_depth_;
          break;
        default:
          break;
      }
      out.push_back(std::move(step));
    }
  }

  const check::Module& in_;
  ir::Program& out_;
  ExpressionLowering expressions_;
  Environment env_;
  int event_ = kTestRow;
  int last_event_ = kTestRow;
  uint32_t repeat_depth_ = 0, repeat_slots_ = 0;
};

}  // namespace

ir::Program lower_module(const check::Module& module, std::shared_ptr<base::SourceMap> sources, Simplify simplify,
                         base::DiagnosticSink& sink) {
  ir::Program program;
  program.types = module.types;
  program.sources = std::move(sources);
  ModuleLowering lowering(module, program, module.annotations, std::move(simplify), sink);
  lowering.declarations();
  for (const check::Feature& f : module.features) lowering.feature(f);
  for (const check::Rule& r : module.rules) lowering.add_rule(r);
  for (const check::Decide& d : module.decides) lowering.decide(d);
  for (const syntax::TestStmt* t : module.tests) lowering.test(*t);
  return program;
}

void lower_rule(const check::Module& module, size_t index, ir::Program& program, Simplify simplify,
                base::DiagnosticSink& sink) {
  ModuleLowering lowering(module, program, module.annotations, std::move(simplify), sink);
  program.rules[index] = lowering.rule(module.rules[index]);
}

ir::NodeId lower_on_event(const syntax::Expr& expr, const check::Module& module, int event,
                          const check::Annotations& annotations, ir::Program& program, Simplify simplify,
                          base::DiagnosticSink& sink) {
  return ModuleLowering(module, program, annotations, std::move(simplify), sink).lower(&expr, event);
}

}  // namespace weir::lower
