#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/batch/selection.h"
#include "runtime/engine/apply_change.h"
#include "runtime/engine/canary.h"
#include "runtime/engine/cause_counts.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/session_view.h"
#include "runtime/engine/state.h"
#include "runtime/index/group_evaluation.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::engine {
namespace {

using state::Key;
using value::Truth;
using value::Value;

constexpr uint64_t kTimedEvery = 64;  // one event in this many is timed rule by rule
constexpr uint64_t kBudgetCheckEvery = 16;

bool is_number(const Value& v) {
  return v.is(value::Kind::kInt) || v.is(value::Kind::kUint) || v.is(value::Kind::kDouble);
}

double number(const Value& v) {
  if (v.is(value::Kind::kInt)) return static_cast<double>(v.i);
  return v.is(value::Kind::kUint) ? static_cast<double>(v.u) : v.d;
}

// What the second event of an id gets of the first.
uint8_t note_of(const EventResult& result) {
  static_assert(static_cast<uint8_t>(ir::Verdict::kBlock) == 3 && state::IdWindow::kMaxNote == 15);
  return static_cast<uint8_t>(static_cast<uint8_t>(result.verdict) | static_cast<uint8_t>(result.shadow_verdict) << 2);
}

}  // namespace

struct Session::Impl {
  Impl(std::shared_ptr<const Rules> r, std::shared_ptr<State> s, const SessionOptions& o)
      : rules(std::move(r)),
        program(rules->program()),
        options(o),
        state(std::move(s)),
        seat(state->take_seat()),
        view(*rules, *state, *seat),
        memo(program.module.memo_count),
        locals(program.module.local_count),
        counters(program.rules.size()),
        causes(program) {
    groups.resize(program.events.size());
    batches.resize(program.events.size());
    ctx.memo = memo.data();
    ctx.locals = locals.data();
    ctx.constants = rules->constants().values();
    ctx.arena = &arena;
    ctx.state = &view;
    ctx.module = &program.module;
    ctx.steps = options.max_steps;
  }
  ~Impl() { state->leave_seat(seat); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Keeps pauses out of the state as long as it lives. May be nested.
  class Inside {
   public:
    explicit Inside(Impl& impl) : impl_(impl) {
      if (impl_.depth++ == 0) impl_.state->enter(*impl_.seat);
    }
    ~Inside() {
      if (--impl_.depth == 0) State::leave(*impl_.seat);
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Impl& impl_;
  };

  void evaluate(uint32_t event_type, Value* row);
  using Receive = std::function<void(size_t, const EventResult&)>;
  void evaluate_batch(std::span<const EventRow> events, const Receive& each);
  void select(std::span<const EventRow> events);
  void begin_event(Value* row);
  // Whether the event's id is known; if so the result is what was decided then.
  bool is_duplicate(uint64_t hash);
  void evaluate_rules();
  void evaluate_rules_timed(const std::vector<uint32_t>& active);
  index::GroupEvaluation& group();
  std::span<const index::GroupEvaluation::Outcome> outcomes();
  const Snooze* snooze_of(uint32_t rule);  // that holds the rule back on this event, or null
  void apply(uint32_t rule);
  bool evaluate_effects(uint32_t rule, double* score, Value* failure);
  void fail(uint32_t rule, const Value& cause);
  void decide(Value* row);
  ir::Verdict decided(const ir::Event& event, Value* row, double score);
  void apply_labels();
  explain::Bind bind();

  // A label write of the event at hand. It comes into force at its end.
  struct LabelWrite {
    bool set;
    uint32_t label;
    Key key;
    int64_t duration;
    uint32_t rule;
  };

  std::shared_ptr<const Rules> rules;
  const ir::Program& program;
  SessionOptions options;
  const std::shared_ptr<State> state;
  Seat* const seat;
  SessionView view;
  std::vector<value::Memo> memo;
  std::vector<Value> locals;
  value::Arena arena;
  value::EvalContext ctx;
  std::vector<std::unique_ptr<index::GroupEvaluation>> groups;  // by event type, once one was seen
  // Of an event type, once a batch of it has come.
  struct Batch {
    explicit Batch(const batch::Plan& plan) : selection(plan) {}
    batch::Selection selection;
    std::vector<ir::NodeId> conditions;  // of the rules
    std::vector<const Value*> rows;
    bool selected = false;
  };
  std::vector<std::unique_ptr<Batch>> batches;  // by event type
  std::vector<uint32_t> place_in_batch;         // by event: its row in the batch of its type
  const std::span<const index::PredicateIndex::Selected>* found = nullptr;  // of the event at hand, if in a batch
  std::shared_ptr<const SnoozeSet> snoozes;                                 // as of this event
  uint64_t snooze_generation = 0;
  std::vector<LabelWrite> label_writes;
  std::vector<Value> effect_values;  // of one rule: key and arguments of its effects, in order
  EventResult result;
  ir::Verdict stated = ir::Verdict::kAllow;         // by `verdict` effects of live rules
  ir::Verdict shadow_stated = ir::Verdict::kAllow;  // of live and shadow rules
  std::vector<RuleCounters> counters;
  CauseCounts causes;
  uint64_t clock = 0;   // number of the event
  uint64_t events = 0;  // evaluated by this session
  uint64_t duplicate_events = 0, ahead_events = 0;
  int depth = 0;       // of Inside
  uint32_t event = 0;  // type, and time, of the current event
  int64_t time = 0;
};

void Session::Impl::begin_event(Value* row) {
  result.verdict = result.shadow_verdict = stated = shadow_stated = ir::Verdict::kAllow;
  result.score = result.shadow_score = 0;
  result.duplicate = false;
  result.hits.clear();
  result.effects.clear();
  result.alerts.clear();
  arena.reset();
  clock = state->next_clock();
  ++events;
  // By the state's clock, so that the same keys are given up if the stream was stopped and restored.
  if (clock % kBudgetCheckEvery == 0) state->keep_budget();
  if (state->snoozes().generation() != snooze_generation) snoozes = state->snoozes().current(&snooze_generation);
  ++ctx.epoch;
  ctx.steps = options.max_steps;
  ctx.row = row;
  time = state::to_nanos(row[types::EventSchema::kTimeSlot]);
}

void Session::Impl::evaluate(uint32_t event_type, Value* row) {
  const Inside inside(*this);
  if (state->successor() != nullptr) {
    result = EventResult();
    result.moved = true;
    return;
  }
  event = event_type;
  begin_event(row);
  const ir::Event& e = program.events[event];
  row[e.score_slot] = Value::missing();
  row[e.each_slot] = Value::missing();
  ahead_events += view.begin(event, time, clock, ctx);
  const Value& id = row[types::EventSchema::kIdSlot];
  const bool told_apart =
      state->ids().wanted(event) && id.is(value::Kind::kString) && id.aux > 0 && !id.is_default_id();
  const uint64_t hash = told_apart ? state::hash_of(id) : 0;
  if (told_apart && is_duplicate(hash)) return;
  view.update(row, ctx);
  evaluate_rules();
  decide(row);
  apply_labels();
  view.settle();
  if (told_apart) state->ids().set_note(event, hash, note_of(result));
}

bool Session::Impl::is_duplicate(uint64_t hash) {
  const int note = state->ids().add(event, hash, view.newest(event));
  if (note < 0) return false;
  ++duplicate_events;
  result.duplicate = true;
  result.verdict = static_cast<ir::Verdict>(note & 3);
  result.shadow_verdict = static_cast<ir::Verdict>(note >> 2);
  return true;
}

index::GroupEvaluation& Session::Impl::group() {
  const Evaluation& now = rules->evaluation();
  auto& g = groups[event];
  if (g == nullptr) g = std::make_unique<index::GroupEvaluation>(event, rules->active_rules(event).size());
  g->use(*now.evaluator, now.indexes[event]);
  return *g;
}

std::span<const index::GroupEvaluation::Outcome> Session::Impl::outcomes() {
  return found == nullptr ? group().run(ctx) : group().run(ctx, *found, batches[event]->conditions);
}

// What the columns cannot decide is evaluated when the event's turn comes: only then is the state as it should be.
void Session::Impl::evaluate_batch(std::span<const EventRow> events, const Receive& each) {
  for (size_t first = 0; first < events.size(); first += batch::kRows) {
    const auto some = events.subspan(first, std::min(batch::kRows, events.size() - first));
    select(some);
    for (size_t i = 0; i < some.size(); ++i) {
      const Batch* batch = batches[some[i].event].get();
      std::span<const index::PredicateIndex::Selected> selected;
      if (batch != nullptr && batch->selected) {
        selected = batch->selection.row(place_in_batch[i]);
        found = &selected;
      }
      evaluate(some[i].event, some[i].row);
      found = nullptr;
      each(first + i, result);
    }
    view.hold_lists(false);
  }
}

// Of events of each type that are worth it.
void Session::Impl::select(std::span<const EventRow> events) {
  constexpr size_t kMinRows = 64;
  for (const auto& batch : batches) {
    if (batch != nullptr) batch->rows.clear();
  }
  place_in_batch.resize(batch::kRows);
  for (size_t i = 0; i < events.size(); ++i) {
    const uint32_t type = events[i].event;
    const std::vector<uint32_t>& active = rules->active_rules(type);
    if (active.empty() || active.size() < options.min_batched_rules) continue;
    auto& batch = batches[type];
    if (batch == nullptr) {
      batch = std::make_unique<Batch>(rules->batch_plan(type));
      for (uint32_t rule : active) batch->conditions.push_back(program.rules[rule].when);
    }
    const ir::Event& e = program.events[type];
    events[i].row[e.score_slot] = events[i].row[e.each_slot] = Value::missing();
    place_in_batch[i] = static_cast<uint32_t>(batch->rows.size());
    batch->rows.push_back(events[i].row);
  }
  const Inside inside(*this);
  view.hold_lists(true);
  for (const auto& batch : batches) {
    if (batch == nullptr) continue;
    batch->selected = batch->rows.size() >= std::min(kMinRows, events.size());
    if (batch->selected) batch->selection.select(batch->rows.data(), batch->rows.size(), rules->interpreter(), ctx);
  }
}

void Session::Impl::evaluate_rules() {
  const std::vector<uint32_t>& active = rules->active_rules(event);
  if (options.time_rules && events % kTimedEvery == 0) evaluate_rules_timed(active);
  for (const auto& [position, truth] : outcomes()) {
    const uint32_t rule = active[position];
    if (truth == Truth::kTrue) {
      apply(rule);
      continue;
    }
    Value cause = rules->evaluator().eval(program.rules[rule].when, ctx);
    if (cause.ok()) cause = Value::fail(value::ErrorCode::kNoSuchOverload);  // no bool
    fail(rule, cause);
  }
}

// What rules share is charged to the first that needs it; a rule that an index leaves out costs nothing. Leaves no
// trace: the outcomes are found again without a clock.
void Session::Impl::evaluate_rules_timed(const std::vector<uint32_t>& active) {
  using Clock = std::chrono::steady_clock;
  const int64_t steps = ctx.steps;
  for (const uint32_t rule : active) ++counters[rule].cost_samples;
  const auto visited = group().visits(ctx);
  Clock::time_point before = Clock::now();
  for (const uint32_t position : visited) {
    const uint32_t rule = active[position];
    rules->evaluator().eval(program.rules[rule].when, ctx);
    const Clock::time_point after = Clock::now();
    counters[rule].cost_ns += static_cast<uint64_t>(std::chrono::nanoseconds(after - before).count());
    before = after;
  }
  ctx.steps = steps;
  ++ctx.epoch;
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

const Snooze* Session::Impl::snooze_of(uint32_t index) {
  std::string key;
  for (const Snooze& s : snoozes->of(index)) {
    if (time >= s.until_nanos) continue;
    if (!s.has_key) return &s;
    if (key.empty()) {
      const Value v = rules->evaluator().eval(snooze_key(program.rules[index]), ctx);
      if (!v.ok()) return nullptr;
      key = value::to_text(v);
    }
    if (key == s.key) return &s;
  }
  return nullptr;
}

// A rule whose `when` is true.
void Session::Impl::apply(uint32_t index) {
  const ir::Rule& rule = program.rules[index];
  if (const Snooze* snooze = snooze_of(index)) {
    result.hits.emplace_back(Hit{index, Outcome::kSnoozed, false, Value::null(), 0, snooze});
    ++counters[index].snoozed;
    return;
  }
  state::OnceGuard* const once = state->once(index);
  Key once_key;
  std::unique_lock<std::mutex> once_lock;  // held until it is clear whether the rule fires
  if (once != nullptr) {
    const Value key = rules->evaluator().eval(rule.once_key, ctx);
    if (!key.ok()) return fail(index, key);
    once_key = state::make_key(key);
    once_lock = once->lock(once_key);
    if (once->holds_back(once_key, view.now())) {
      result.hits.emplace_back(Hit{index, Outcome::kSuppressed, false, Value::null(), 0});
      ++counters[index].suppressed;
      return;
    }
  }
  bool applies = rule.mode == ir::Mode::kLive;
  if (rule.mode == ir::Mode::kCanary) {
    const Value key = rules->evaluator().eval(rule.canary_key, ctx);
    if (!key.ok()) return fail(index, key);
    applies = in_canary(rule, key);
  }
  double score = 0;
  Value failure;
  if (!evaluate_effects(index, &score, &failure)) return fail(index, failure);

  bool tripped = false;
  if (state::LimitGuard* limit = state->limit(index)) {
    const auto admission = limit->admit(time);
    tripped = admission != state::LimitGuard::Admission::kAdmitted;
    if (admission == state::LimitGuard::Admission::kTrips) result.alerts.push_back(index);
  }
  if (once != nullptr) {
    if (!tripped) once->fired(once_key, time, clock, view.keep_from());
    if (once_lock.owns_lock()) once_lock.unlock();
  }
  const bool live = applies && !tripped;
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
      label_writes.push_back(
          {effect.kind == ir::EffectKind::kLabel, effect.label, state::make_key(key), effect.duration_nanos, index});
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
  if (label_writes.empty()) return;
  const Value& id = ctx.row[types::EventSchema::kIdSlot];
  const state::Provenance from(false, options.generation, id.is(value::Kind::kString) ? id.str() : std::string_view());
  for (const LabelWrite& w : label_writes) view.write_label(w.set, w.label, w.key, w.duration, w.rule, from);
  label_writes.clear();
}

StateOptions state_options(const SessionOptions& options) { return {options.events, options.max_state_bytes}; }

Session::Session(std::shared_ptr<const Rules> rules, const SessionOptions& options) {
  auto state = std::make_shared<State>(rules->program_ptr(), state_options(options));
  impl_ = std::make_unique<Impl>(std::move(rules), std::move(state), options);
}
Session::Session(std::shared_ptr<const Rules> rules, std::shared_ptr<State> state, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(std::move(rules), std::move(state), options)) {}
Session::~Session() = default;

const EventResult& Session::evaluate(uint32_t event, Value* row) {
  impl_->evaluate(event, row);
  return impl_->result;
}

void Session::evaluate_batch(std::span<const EventRow> events,
                             const std::function<void(size_t, const EventResult&)>& each) {
  impl_->evaluate_batch(events, each);
}

Value Session::eval(ir::NodeId node) {
  if (impl_->ctx.row == nullptr) return Value::missing();
  const Impl::Inside inside(*impl_);
  impl_->ctx.steps = impl_->options.max_steps;
  impl_->view.look_on(true);
  const Value v = impl_->rules->interpreter().eval(node, impl_->ctx);
  impl_->view.look_on(false);
  return v;
}

Value Session::feature_at(uint32_t feature, std::span<const Value> key) {
  if (impl_->ctx.row == nullptr) return Value::missing(Value::missing_feature(feature));
  const Impl::Inside inside(*impl_);
  impl_->view.look_on(true);
  const Value v = impl_->view.feature_at(feature, key.data(), static_cast<uint32_t>(key.size()));
  impl_->view.look_on(false);
  return v;
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
      out += !v.is_missing() ? "(error)" : v.is_warming() ? "(warming)" : "(missing)";
    }
  }
  return out;
}

bool Session::has_label(uint32_t label, const Value& key, int64_t now_nanos) {
  const Impl::Inside inside(*impl_);
  return impl_->view.has_label_now(label, key, now_nanos);
}

void Session::observe(uint32_t event, int64_t time_nanos) {
  const Impl::Inside inside(*impl_);
  impl_->view.observe(event, time_nanos);
}

const std::vector<RuleCounters>& Session::counters() const { return impl_->counters; }
std::vector<Session::Cause> Session::causes() const { return impl_->causes.sorted(); }
uint64_t Session::late_events() const { return impl_->view.late_events(); }
uint64_t Session::duplicate_events() const { return impl_->duplicate_events; }
uint64_t Session::ahead_events() const { return impl_->ahead_events; }
uint64_t Session::events() const { return impl_->events; }
state::FeatureCounters Session::feature_counters(uint32_t feature) const {
  return impl_->state->feature(feature).counters();
}
size_t Session::feature_keys(uint32_t feature) const { return impl_->state->feature(feature).keys(); }
size_t Session::feature_bytes(uint32_t feature) const { return impl_->state->feature(feature).bytes(); }
uint64_t Session::nodes_evaluated() const { return impl_->ctx.counters[0]; }
uint64_t Session::rules_visited() const {
  uint64_t visited = 0;
  for (const auto& group : impl_->groups) visited += group == nullptr ? 0 : group->visited();
  return visited;
}
size_t Session::state_bytes() const { return impl_->state->bytes(); }
const SessionOptions& Session::options() const { return impl_->options; }
void Session::set_generation(uint64_t generation) { impl_->options.generation = generation; }
const std::shared_ptr<State>& Session::state() const { return impl_->state; }
const Rules& Session::rules() const { return *impl_->rules; }

}  // namespace weir::engine
