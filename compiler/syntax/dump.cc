// The AST as text: one node or clause a line, indented by depth. Read by golden tests and `weir dump --stage=ast`.
#include <fmt/format.h>

#include "compiler/base/quote.h"
#include "compiler/syntax/literals.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/unparse.h"

namespace weir::syntax {
namespace {

class Dumper {
 public:
  std::string take() { return std::move(out_); }

  void expression(const Expr* e) {
    if (e == nullptr) return line("(none)");
    std::string macro = e->macro.empty() ? "" : fmt::format(" macro={}", e->macro);
    switch (e->kind) {
      case ExprKind::kError:
        return line("(error)");
      case ExprKind::kConst:
        return line(fmt::format("({})", constant_text(e->constant)));
      case ExprKind::kIdent:
        return line(fmt::format("(ident {})", e->name));
      case ExprKind::kSelect:
        open(fmt::format("({} {}{}", e->test_only ? "has" : "select", e->name, macro));
        expression(e->operand);
        return close();
      case ExprKind::kCall:
        if (e->operand == nullptr && e->args.empty()) return line(fmt::format("(call {}{})", e->name, macro));
        open(fmt::format("({} {}{}", e->operand == nullptr ? "call" : "member", e->name, macro));
        if (e->operand != nullptr) expression(e->operand);
        for (const Expr* arg : e->args) expression(arg);
        return close();
      case ExprKind::kList:
        if (e->args.empty()) return line("(list)");
        open("(list");
        for (size_t i = 0; i < e->args.size(); ++i) maybe_optional(e, i, e->args[i]);
        return close();
      case ExprKind::kMap:
        if (e->args.empty()) return line("(map)");
        open("(map");
        for (size_t i = 0; i + 1 < e->args.size(); i += 2) {
          maybe_optional(e, i / 2, e->args[i]);
          expression(e->args[i + 1]);
        }
        return close();
      case ExprKind::kStruct:
        open(fmt::format("(struct {}", e->name));
        for (size_t i = 0; i < e->args.size(); ++i) {
          open(fmt::format("(field {}{}", e->is_optional(i) ? "?" : "", e->field_names[i]));
          expression(e->args[i]);
          close();
        }
        return close();
      case ExprKind::kComprehension:
        return comprehension(e, macro);
    }
  }

  void file(const FileAst& ast) {
    if (!ast.package.text.empty()) line(fmt::format("(package {})", ast.package.text));
    for (const Name& import : ast.imports) line(fmt::format("(import {})", import.text));
    for (const Statement& s : ast.statements) statement(s);
  }

 private:
  void line(std::string_view text) { out_ += fmt::format("{:{}}{}\n", "", indent_, text); }
  void open(std::string_view text) {
    line(text);
    indent_ += 2;
  }
  void close() {
    indent_ -= 2;
    out_.back() = ')';
    out_ += '\n';
  }

  void maybe_optional(const Expr* holder, size_t at, const Expr* e) {
    bool optional = holder->is_optional(at);
    if (optional) open("(optional");
    expression(e);
    if (optional) close();
  }

  void comprehension(const Expr* e, const std::string& macro) {
    const Comprehension& c = *e->comprehension;
    std::string variables = c.iter_var2.empty() ? c.iter_var : c.iter_var + " " + c.iter_var2;
    open(fmt::format("(fold{} iter=({}) accu={}", macro, variables, c.accu_var));
    part("range", c.iter_range);
    part("init", c.accu_init);
    part("while", c.loop_condition);
    part("step", c.loop_step);
    part("result", c.result);
    close();
  }

  void part(std::string_view title, const Expr* e) {
    if (e == nullptr) return;
    open(fmt::format("({}", title));
    expression(e);
    close();
  }

  static std::string duration(const DurationLit& d) { return duration_text(d.nanos); }

  static std::string type(const TypeExpr& t) {
    std::string out = t.name;
    for (size_t i = 0; i < t.args.size(); ++i) out += (i == 0 ? "<" : ", ") + type(t.args[i]);
    return t.args.empty() ? out : out + ">";
  }

  static std::string joined(const std::vector<Name>& names) {
    std::string out;
    for (const Name& name : names) out += (out.empty() ? "" : " ") + name.text;
    return out;
  }

  void statement(const Statement& s) {
    switch (s.kind) {
      case StatementKind::kEntity:
        return line(fmt::format("(entity {} {})", s.entity->name.text, type(s.entity->type)));
      case StatementKind::kEvent:
        open(fmt::format("(event {}", s.event->name.text));
        for (const FieldDecl& f : s.event->fields) {
          line(fmt::format("(field {} {}{})", f.name.text, type(f.type), f.optional ? "?" : ""));
        }
        return close();
      case StatementKind::kList:
        if (s.list->from_file) {
          return line(fmt::format("(list {} of {} from {})", joined(s.list->names), type(s.list->type),
                                  base::quote(s.list->path)));
        }
        open(fmt::format("(list {} of {}", joined(s.list->names), type(s.list->type)));
        expression(s.list->values);
        return close();
      case StatementKind::kLabel:
        return line(fmt::format("(label {} on {}{})", joined(s.label->names), s.label->entity.text,
                                s.label->max_age ? " max " + duration(*s.label->max_age) : ""));
      case StatementKind::kLet:
        open(fmt::format("(let {}", s.let->name.text));
        expression(s.let->value);
        return close();
      case StatementKind::kAction: {
        std::string params;
        for (const ActionStmt::Param& p : s.action->params) {
          params += fmt::format(" ({} {})", p.name.text, type(p.type));
        }
        return line(fmt::format("(action {}{})", s.action->name.text, params));
      }
      case StatementKind::kFeature:
        return feature(*s.feature);
      case StatementKind::kRule:
        return rule(*s.rule);
      case StatementKind::kDecide:
        open(fmt::format("(decide {}", s.decide->event.text));
        for (const DecideStmt::Arm& arm : s.decide->arms) part(arm.verdict.text, arm.when);
        return close();
      case StatementKind::kTest:
        open(fmt::format("(test {}", base::quote(s.test->title)));
        for (const TestStep& step : s.test->steps) test_step(step);
        return close();
    }
  }

  void feature(const FeatureStmt& f) {
    open(fmt::format("(feature {} {} from {}", f.name.text, f.aggregation.text, f.event.text));
    for (const Expr* arg : f.args) part("arg", arg);
    part("where", f.where);
    if (f.each_var) part(fmt::format("each {}", f.each_var->text), f.each_list);
    for (const Expr* key : f.keys) part("by", key);
    const WindowClause& w = f.window;
    std::string extent;
    switch (w.kind) {
      case WindowKind::kDuration:
        extent = duration(w.length);
        break;
      case WindowKind::kLast:
        extent = fmt::format("last {}", w.count);
        break;
      case WindowKind::kSession:
        extent = "session " + duration(w.length);
        break;
      case WindowKind::kAll:
        extent = "all";
        break;
    }
    line(fmt::format("(over {}{}{})", extent, w.pane ? " every " + duration(*w.pane) : "", w.exact ? " exact" : ""));
    close();
  }

  void rule(const RuleStmt& r) {
    static constexpr std::string_view kModes[] = {"shadow", "canary", "live", "off"};
    open(fmt::format("(rule {} on {}", r.name.text, r.event.text));
    if (r.id) line(fmt::format("(id {})", base::quote(*r.id)));
    part("when", r.when);
    part("score", r.score);
    for (const EffectAst& e : r.effects) effect(e);
    part("once per", r.once_key);
    if (r.once_every) line(fmt::format("(once every {})", duration(*r.once_every)));
    if (r.limit_count) line(fmt::format("(limit {} per {})", *r.limit_count, duration(*r.limit_per)));
    if (!r.because.empty()) {
      open("(because");
      for (const TemplatePiece& piece : r.because) {
        if (piece.expr == nullptr) {
          line(base::quote(piece.text));
        } else {
          expression(piece.expr);
        }
      }
      close();
    }
    if (r.owner) line(fmt::format("(owner {})", base::quote(*r.owner)));
    if (r.severity) line(fmt::format("(severity {})", r.severity->text));
    part("canary by", r.canary_key);
    if (r.canary_percent) line(fmt::format("(canary {}%)", *r.canary_percent));
    if (r.mode_given) line(fmt::format("(mode {})", kModes[static_cast<size_t>(r.mode)]));
    close();
  }

  void effect(const EffectAst& e) {
    static constexpr std::string_view kNames[] = {"label", "unlabel", "verdict", "action", "case"};
    std::string head = fmt::format("({} {}{}", kNames[static_cast<size_t>(e.kind)], e.name.text,
                                   e.duration ? " for " + duration(*e.duration) : "");
    if (e.key == nullptr && e.args.empty()) return line(head + ")");
    open(head);
    if (e.key != nullptr) expression(e.key);
    for (const Expr* arg : e.args) expression(arg);
    close();
  }

  void test_step(const TestStep& s) {
    using Kind = TestStep::Kind;
    switch (s.kind) {
      case Kind::kSend:
        open(fmt::format("(send {}", s.name.text));
        for (const auto& [name, value] : s.fields) part(name.text, value);
        return close();
      case Kind::kRepeat:
        open(fmt::format("(repeat {}{}", s.var.text, s.duration.nanos == 0 ? "" : " every " + duration(s.duration)));
        part("count", s.value);
        for (const TestStep& inner : s.body) test_step(inner);
        return close();
      case Kind::kWait:
        return line(fmt::format("(wait {})", duration(s.duration)));
      case Kind::kExpectFires:
        return line(fmt::format("(expect {} fires {})", s.name.text, s.count));
      case Kind::kExpectLabel:
      case Kind::kExpectNoLabel:
        open(fmt::format("(expect {}label {}", s.kind == Kind::kExpectNoLabel ? "no " : "", s.name.text));
        expression(s.value);
        return close();
      case Kind::kExpectVerdict:
        return line(fmt::format("(expect verdict {})", s.name.text));
      case Kind::kExpectThat:
        open("(expect that");
        expression(s.value);
        return close();
    }
  }

  std::string out_;
  int indent_ = 0;
};

}  // namespace

std::string dump(const Expr& expr) {
  Dumper dumper;
  dumper.expression(&expr);
  return dumper.take();
}

std::string dump(const FileAst& file) {
  Dumper dumper;
  dumper.file(file);
  return dumper.take();
}

}  // namespace weir::syntax
