#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/engine/cause_counts.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/state_view.h"
#include "runtime/state/repeat_guard.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::engine {
namespace {

using state::Key;
using value::Truth;
using value::Value;

constexpr uint64_t kTimedEvery = 64;  // one event in this many is timed rule by rule
constexpr uint64_t kBudgetCheckEvery = 16;

Truth truth_of(const Value& v) {
  if (v.is_true()) return Truth::kTrue;
  if (v.is_false()) return Truth::kFalse;
  return v.is_missing() ? Truth::kMissing : Truth::kError;
}

bool is_number(const Value& v) {
  return v.is(value::Kind::kInt) || v.is(value::Kind::kUint) || v.is(value::Kind::kDouble);
}

double number(const Value& v) {
  if (v.is(value::Kind::kInt)) return static_cast<double>(v.i);
  return v.is(value::Kind::kUint) ? static_cast<double>(v.u) : v.d;
}

}  // namespace

struct Session::Impl {
  Impl(std::shared_ptr<const Rules> r, const SessionOptions& o)
      : rules(std::move(r)),
        program(rules->program()),
        options(o),
        state(*rules, options),
        memo(program.module.memo_count),
        locals(program.module.local_count),
        counters(program.rules.size()),
        causes(program) {
    size_t most_rules = 0;
    for (const ir::Event& event : program.events) most_rules = std::max(most_rules, event.rules.size());
    truths.resize(most_rules);
    for (const ir::Rule& rule : program.rules) {
      once.push_back(rule.once_key == ir::kNoNode ? nullptr : std::make_unique<state::OnceGuard>(rule.once_nanos));
      limit.push_back(rule.limit_count <= 0 ? nullptr
                                            : std::make_unique<state::LimitGuard>(rule.limit_count, rule.limit_nanos));
    }
    ctx.memo = memo.data();
    ctx.locals = locals.data();
    ctx.constants = rules->constants().values();
    ctx.arena = &arena;
    ctx.state = &state;
    ctx.module = &program.module;
    ctx.steps = options.max_steps;
  }

  void evaluate(uint32_t event_type, Value* row);
  void begin_event(Value* row);
  void evaluate_rules();
  size_t skip_false(size_t i, size_t end) const;
  void evaluate_rules_timed(const std::vector<uint32_t>& active);
  void apply(uint32_t rule);
  bool evaluate_effects(uint32_t rule, double* score, Value* failure);
  void fail(uint32_t rule, const Value& cause);
  void decide(Value* row);
  ir::Verdict decided(const ir::Event& event, Value* row, double score);
  void apply_labels();
  explain::Bind bind();

  // A label write of the event last evaluated. It comes into force with the next event.
  struct LabelWrite {
    bool set;
    uint32_t label;
    Key key;
    int64_t time, duration;
    uint32_t rule;
  };

  std::shared_ptr<const Rules> rules;
  const ir::Program& program;
  const SessionOptions options;
  SessionState state;
  std::vector<value::Memo> memo;
  std::vector<Value> locals;
  value::Arena arena;
  value::EvalContext ctx;
  std::vector<Truth> truths;
  std::vector<std::unique_ptr<state::OnceGuard>> once;    // by rule
  std::vector<std::unique_ptr<state::LimitGuard>> limit;  // by rule
  std::vector<LabelWrite> label_writes;
  std::vector<Value> effect_values;  // of one rule: key and arguments of its effects, in order
  EventResult result;
  ir::Verdict stated = ir::Verdict::kAllow;         // by `verdict` effects of live rules
  ir::Verdict shadow_stated = ir::Verdict::kAllow;  // of live and shadow rules
  std::vector<RuleCounters> counters;
  CauseCounts causes;
  uint64_t clock = 0;  // events evaluated
  uint32_t event = 0;  // type, and time, of the current event
  int64_t time = 0;
};

void Session::Impl::begin_event(Value* row) {
  apply_labels();
  result.verdict = result.shadow_verdict = stated = shadow_stated = ir::Verdict::kAllow;
  result.score = result.shadow_score = 0;
  result.hits.clear();
  result.effects.clear();
  result.alerts.clear();
  arena.reset();
  ++clock;
  if (clock % kBudgetCheckEvery == 0) state.keep_budget();
  ++ctx.epoch;
  ctx.steps = options.max_steps;
  ctx.row = row;
  time = state::to_nanos(row[types::EventSchema::kTimeSlot]);
}

void Session::Impl::evaluate(uint32_t event_type, Value* row) {
  event = event_type;
  begin_event(row);
  const ir::Event& e = program.events[event];
  row[e.score_slot] = Value::missing();
  row[e.each_slot] = Value::missing();
  state.update(event, row, time, clock, ctx);
  evaluate_rules();
  decide(row);
}

void Session::Impl::evaluate_rules() {
  const std::vector<uint32_t>& active = rules->active_rules(event);
  if (options.time_rules && clock % kTimedEvery == 0) {
    evaluate_rules_timed(active);
  } else {
    rules->evaluator().eval_rules(event, ctx, truths.data());
  }
  for (size_t i = 0; i < active.size(); ++i) {
    if (truths[i] == Truth::kFalse) {
      i = skip_false(i, active.size()) - 1;
      continue;
    }
    if (truths[i] == Truth::kTrue) {
      apply(active[i]);
      continue;
    }
    Value cause = rules->evaluator().eval(program.rules[active[i]].when, ctx);
    if (cause.ok()) cause = Value::fail(value::ErrorCode::kNoSuchOverload);  // no bool
    fail(active[i], cause);
  }
}

// The next rule from `i` on that may not be false: most are, so eight are looked at together.
size_t Session::Impl::skip_false(size_t i, size_t end) const {
  static_assert(static_cast<uint8_t>(Truth::kFalse) == 0 && sizeof(Truth) == 1);
  for (; i + 8 <= end; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, truths.data() + i, 8);
    if (eight != 0) break;
  }
  while (i < end && truths[i] == Truth::kFalse) ++i;
  return i;
}

// What rules share is charged to the first that needs it.
void Session::Impl::evaluate_rules_timed(const std::vector<uint32_t>& active) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point before = Clock::now();
  for (size_t i = 0; i < active.size(); ++i) {
    truths[i] = truth_of(rules->evaluator().eval(program.rules[active[i]].when, ctx));
    const Clock::time_point after = Clock::now();
    RuleCounters& c = counters[active[i]];
    ++c.cost_samples;
    c.cost_ns += static_cast<uint64_t>(std::chrono::nanoseconds(after - before).count());
    before = after;
  }
}

void Session::Impl::fail(uint32_t rule, const Value& cause) {
  Hit& hit = result.hits.emplace_back();
  hit.rule = rule;
  hit.outcome = cause.is_missing() ? Outcome::kMissing : Outcome::kError;
  hit.cause = cause;
  ++(cause.is_missing() ? counters[rule].missing : counters[rule].errors);
  causes.add(rule, cause);
}

bool Session::Impl::evaluate_effects(uint32_t index, double* score, Value* failure) {
  const ir::Rule& rule = program.rules[index];
  const value::Evaluator& evaluator = rules->evaluator();
  const auto evaluate = [&](ir::NodeId node) {
    effect_values.push_back(evaluator.eval(node, ctx));
    *failure = effect_values.back();
    return failure->ok();
  };
  effect_values.clear();
  *score = 0;
  if (rule.score != ir::kNoNode) {
    *failure = evaluator.eval(rule.score, ctx);
    if (failure->ok() && !is_number(*failure))
      *failure = Value::fail(value::ErrorCode::kNoSuchOverload);  // of type dyn
    if (!failure->ok()) return false;
    *score = number(*failure);
  }
  for (const ir::Effect& effect : rule.effects) {
    if (effect.key != ir::kNoNode && !evaluate(effect.key)) return false;
    for (ir::NodeId arg : effect.args) {
      if (!evaluate(arg)) return false;
    }
  }
  return true;
}

// A rule whose `when` is true.
void Session::Impl::apply(uint32_t index) {
  const ir::Rule& rule = program.rules[index];
  Key once_key;
  if (once[index]) {
    const Value key = rules->evaluator().eval(rule.once_key, ctx);
    if (!key.ok()) return fail(index, key);
    once_key = state::make_key(key);
    if (once[index]->holds_back(once_key, time)) {
      result.hits.emplace_back(Hit{index, Outcome::kSuppressed, false, Value::null(), 0});
      ++counters[index].suppressed;
      return;
    }
  }
  double score = 0;
  Value failure;
  if (!evaluate_effects(index, &score, &failure)) return fail(index, failure);

  bool tripped = false;
  if (limit[index]) {
    tripped = limit[index]->tripped(time);
    if (!tripped && !limit[index]->admit(time)) {
      tripped = true;
      result.alerts.push_back(index);
    }
  }
  if (!tripped && once[index]) once[index]->fired(once_key, time, clock);
  const bool live = rule.mode == ir::Mode::kLive && !tripped;
  result.hits.emplace_back(
      Hit{index, tripped ? Outcome::kTripped : Outcome::kFired, live, Value::null(), live ? score : 0});
  ++(tripped ? counters[index].tripped : counters[index].fired);
  result.shadow_score += score;
  if (live) result.score += score;

  const Value* next = effect_values.data();
  for (const ir::Effect& effect : rule.effects) {
    const Value key = effect.key != ir::kNoNode ? *next++ : Value::null();
    const Value* args = next;
    next += effect.args.size();
    if (effect.kind == ir::EffectKind::kVerdict) {
      shadow_stated = std::max(shadow_stated, effect.verdict);
      if (live) stated = std::max(stated, effect.verdict);
    }
    if (!live) continue;
    if (effect.kind == ir::EffectKind::kLabel || effect.kind == ir::EffectKind::kUnlabel) {
      label_writes.push_back({effect.kind == ir::EffectKind::kLabel, effect.label, state::make_key(key), time,
                              effect.duration_nanos, index});
    }
    result.effects.push_back({index, &effect, key, std::vector<Value>(args, args + effect.args.size())});
  }
}

ir::Verdict Session::Impl::decided(const ir::Event& event, Value* row, double score) {
  ir::Verdict verdict = ir::Verdict::kAllow;
  row[event.score_slot] = Value::dbl(score);
  ++ctx.epoch;  // forget what was computed from another score
  for (const ir::DecideArm& arm : event.decide) {
    if (arm.verdict > verdict && rules->evaluator().eval(arm.when, ctx).is_true()) verdict = arm.verdict;
  }
  return verdict;
}

void Session::Impl::decide(Value* row) {
  const ir::Event& e = program.events[event];
  result.verdict = stated;
  result.shadow_verdict = shadow_stated;
  if (e.decide.empty()) return;
  if (result.shadow_score != result.score) {
    result.shadow_verdict = std::max(shadow_stated, decided(e, row, result.shadow_score));
    result.verdict = std::max(stated, decided(e, row, result.score));
  } else {
    const ir::Verdict verdict = decided(e, row, result.score);
    result.verdict = std::max(stated, verdict);
    result.shadow_verdict = std::max(shadow_stated, verdict);
  }
}

void Session::Impl::apply_labels() {
  for (const LabelWrite& w : label_writes) {
    if (w.set) {
      state.label_store().set(w.label, w.key, w.time, w.duration, w.rule, clock);
    } else {
      state.label_store().clear(w.label, w.key);
    }
  }
  label_writes.clear();
}

Session::Session(std::shared_ptr<const Rules> rules, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(std::move(rules), options)) {}
Session::~Session() = default;

const EventResult& Session::evaluate(uint32_t event, Value* row) {
  impl_->evaluate(event, row);
  return impl_->result;
}

Value Session::eval(ir::NodeId node) {
  if (impl_->ctx.row == nullptr) return Value::missing();
  impl_->ctx.steps = impl_->options.max_steps;
  return impl_->rules->interpreter().eval(node, impl_->ctx);
}

explain::Bind Session::Impl::bind() {
  return [this](const ir::Fold& fold, const Value& item, const Value& second) {
    ctx.locals[fold.iter_local] = item;
    if (fold.iter2_local != UINT32_MAX) ctx.locals[fold.iter2_local] = second;
    for (uint32_t memo_slot : fold.memos) ctx.memo[memo_slot].stamp = 0;
  };
}

explain::Why Session::explain(uint32_t rule) {
  return explain::explain(
      impl_->program, rule, [this](ir::NodeId node) { return eval(node); }, impl_->bind());
}

explain::Why Session::explain_node(ir::NodeId node) {
  return explain::explain_node(
      impl_->program, impl_->event, node, [this](ir::NodeId n) { return eval(n); }, impl_->bind());
}

std::string Session::because(uint32_t rule) {
  std::string out;
  for (const ir::TemplatePiece& piece : impl_->program.rules[rule].because) {
    out += piece.text;
    if (piece.node == ir::kNoNode) continue;
    const Value v = eval(piece.node);
    if (v.ok()) {
      out += value::to_text(v);
    } else {
      out += v.is_missing() ? "(missing)" : "(error)";
    }
  }
  return out;
}

bool Session::has_label(uint32_t label, const Value& key, int64_t now_nanos) {
  const Key hashed = state::make_key(key);
  bool has = impl_->state.label_store().has(label, hashed, now_nanos);
  for (const auto& w : impl_->label_writes) {
    if (w.label != label || w.key != hashed) continue;
    has = w.set && (has || now_nanos < state::LabelStore::expiry(impl_->program.labels[label], w.time, w.duration));
  }
  return has;
}

const std::vector<RuleCounters>& Session::counters() const { return impl_->counters; }
std::vector<Session::Cause> Session::causes() const { return impl_->causes.sorted(); }
uint64_t Session::late_events() const { return impl_->state.late_events(); }
const state::FeatureCounters& Session::feature_counters(uint32_t feature) const {
  return impl_->state.store(feature).counters;
}
size_t Session::feature_keys(uint32_t feature) const { return impl_->state.store(feature).keys(); }
size_t Session::feature_bytes(uint32_t feature) const { return impl_->state.store(feature).bytes(); }
uint64_t Session::nodes_evaluated() const { return impl_->ctx.counters[0]; }
size_t Session::state_bytes() const {
  size_t n = impl_->state.bytes();
  for (const auto& guard : impl_->once) n += guard ? guard->bytes() : 0;
  return n;
}
const Rules& Session::rules() const { return *impl_->rules; }

}  // namespace weir::engine
