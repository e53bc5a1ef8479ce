#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/engine/apply_change.h"
#include "runtime/engine/canary.h"
#include "runtime/engine/session_impl.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::engine {
namespace {

using state::Key;
using value::Truth;
using value::Value;

constexpr uint64_t kTimedEvery = 64;  // one event in this many is timed rule by rule
constexpr uint64_t kBudgetCheckEvery = 16;
constexpr int64_t kFirstSlice = int64_t{1} << 14;  // steps, within a time limit
constexpr int64_t kSliceGrowth = 4;

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

void Session::Impl::begin_event(Value* row) {
  result.verdict = result.shadow_verdict = stated = shadow_stated = ir::Verdict::kAllow;
  result.score = result.shadow_score = 0;
  result.duplicate = result.expired = false;
  result.hits.clear();
  result.effects.clear();
  result.alerts.clear();
  result.trips.clear();
  result.candidate.verdict = result.candidate.shadow_verdict = ir::Verdict::kAllow;
  result.candidate.score = result.candidate.shadow_score = 0;
  result.candidate.hits.clear();
  label_writes.clear();
  fires.clear();
  admissions.clear();
  told_apart = false;
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
  if (time_limit.count() > 0) deadline = Clock::now() + time_limit;
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
  if (state->ids().wanted(event) && id.is(value::Kind::kString) && id.aux > 0 && !id.is_default_id()) {
    id_hash = state::hash_of(id);
    if (is_duplicate(id_hash)) return;
    told_apart = true;
  }
  try {
    evaluate_new(row);
  } catch (const std::exception&) {
    take_back();
    throw;
  }
}

void Session::Impl::evaluate_new(Value* row) {
  view.update(row, ctx);
  guarded = protection.begin(event, time);
  evaluate_rules();
  if (result.expired) {
    expire();
  } else {
    if (guarded) quarantine();
    protection.measure(event, time, view, ctx, &result.trips);
    decide(row);
    need_memory();
    apply_labels();
  }
  view.settle();
  if (told_apart) state->ids().set_note(event, id_hash, note_of(result));
}

void Session::Impl::take_back() noexcept {
  for (const Fire& fire : fires) fire.guard->take_back(fire.key, time);
  for (const Admission& a : admissions) a.guard->take_back(a.admission, time);
  if (told_apart) state->ids().take_back(event, id_hash);
  view.take_back_labels();
  view.settle();
  label_writes.clear();
  fires.clear();
  admissions.clear();
  told_apart = false;
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
  if (guarded && protection.costly()) {
    return group().run_without(ctx, protection.left_out(), found, event_conditions(event));
  }
  return found == nullptr ? group().run(ctx) : group().run(ctx, *found, event_conditions(event));
}

// Conditions change nothing, so they are evaluated anew with more steps when they did not have enough.
std::span<const index::GroupEvaluation::Outcome> Session::Impl::outcomes_in_time() {
  if (is_over()) {
    result.expired = true;
    return {};
  }
  const int64_t all = ctx.steps;
  for (int64_t slice = std::min(all, kFirstSlice);;) {
    const Clock::time_point before = Clock::now();
    ctx.steps = slice;
    const auto found_out = outcomes();
    const Clock::time_point after = Clock::now();
    const bool enough = ctx.steps >= 0 || slice == all;
    ctx.steps += all - slice;
    if (enough && after < deadline) return found_out;
    // As far as the time that is left will reach, going by what the last slice took.
    const double reach =
        std::chrono::duration<double>(deadline - after) / std::chrono::duration<double>(after - before);
    const auto next = static_cast<int64_t>(static_cast<double>(slice) * std::min<double>(reach, kSliceGrowth));
    if (enough || next <= slice) break;
    slice = std::min(all, next);
    ctx.steps = all;
    ++ctx.epoch;
  }
  result.expired = true;
  return {};
}

// An event whose time was over before the rules were through.
void Session::Impl::expire() {
  ++expired_events;
  result.verdict = result.shadow_verdict = options.fail_verdict;
  result.candidate.verdict = result.candidate.shadow_verdict = options.fail_verdict;
}

const std::vector<ir::NodeId>& Session::Impl::event_conditions(uint32_t type) {
  std::vector<ir::NodeId>& out = conditions[type];
  if (out.empty()) {
    for (const uint32_t rule : rules->active_rules(type)) out.push_back(program.rules[rule].when);
  }
  return out;
}

// What a part of a batch holds on to.
class Session::Impl::Held {
 public:
  explicit Held(Impl& impl) : impl_(impl) { impl_.view.hold_lists(true); }
  ~Held() {
    impl_.view.hold_lists(false);
    impl_.found = nullptr;
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  Impl& impl_;
};

// What the columns cannot decide is evaluated when the event's turn comes: only then is the state as it should be.
void Session::Impl::evaluate_batch(std::span<const EventRow> events, const Receive& each) {
  // What is found for many events together is not cut short, so there are fewer where the time is limited.
  const size_t at_a_time = has_deadline ? batch::kRows / 8 : batch::kRows;
  for (size_t first = 0; first < events.size(); first += at_a_time) {
    const auto some = events.subspan(first, std::min(at_a_time, events.size() - first));
    const Held held(*this);
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
  }
}

// Of events of each type that are worth it.
void Session::Impl::select(std::span<const EventRow> events) {
  constexpr size_t kMinRows = 64;
  for (const auto& batch : batches) {
    if (batch != nullptr) batch->rows.clear();
  }
  place_in_batch.resize(batch::kRows);
  const bool over = time_limit.count() == 0 && is_over();  // then nothing is evaluated
  for (size_t i = 0; i < events.size() && !over; ++i) {
    const uint32_t type = events[i].event;
    const std::vector<uint32_t>& active = rules->active_rules(type);
    if (active.empty() || active.size() < options.min_batched_rules) continue;
    auto& batch = batches[type];
    if (batch == nullptr) {
      batch = std::make_unique<Batch>(rules->batch_plan(type));
    }
    const ir::Event& e = program.events[type];
    events[i].row[e.score_slot] = events[i].row[e.each_slot] = Value::missing();
    place_in_batch[i] = static_cast<uint32_t>(batch->rows.size());
    batch->rows.push_back(events[i].row);
  }
  const Inside inside(*this);
  for (const auto& batch : batches) {
    if (batch == nullptr) continue;
    batch->selected = batch->rows.size() >= std::min(kMinRows, events.size());
    if (batch->selected) batch->selection.select(batch->rows.data(), batch->rows.size(), rules->interpreter(), ctx);
  }
}

void Session::Impl::evaluate_rules() {
  const std::vector<uint32_t>& active = rules->active_rules(event);
  if (options.time_rules && events % kTimedEvery == 0) evaluate_rules_timed(active);
  for (const auto& [position, truth] : has_deadline ? outcomes_in_time() : outcomes()) {
    const uint32_t rule = active[position];
    if (guarded && protection.left_out()[position] != 0) continue;
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
  Hit& hit = hits_of(rule).emplace_back();
  hit.rule = rule;
  hit.outcome = cause.is_missing() ? Outcome::kMissing : Outcome::kError;
  hit.cause = cause;
  ++(cause.is_missing() ? counters[rule].missing : counters[rule].errors);
  causes.add(rule, cause);
  // How far an event's budget gets depends on the tier.
  if (!cause.is_missing() && cause.error_code() != value::ErrorCode::kBudget && state->trips().error(rule, time))
    result.trips.push_back(rule);
}

// The rules that are out of service on this event.
void Session::Impl::quarantine() {
  const size_t hits = result.hits.size();
  for (const uint32_t rule : protection.rules()) {
    ++counters[rule].quarantined;
    const ir::Verdict verdict = state->trips().protection(rule).verdict;
    if (verdict == ir::Verdict::kAllow) continue;
    // In canary too: whose key, nobody knows.
    const bool applied = program.rules[rule].mode != ir::Mode::kShadow;
    hits_of(rule).emplace_back(Hit{rule, Outcome::kQuarantined, applied, Value::null(), 0});
    if (rule < live_rules) {
      shadow_stated = std::max(shadow_stated, verdict);
      if (applied) stated = std::max(stated, verdict);
    }
    if (candidate == nullptr || !candidate->rules[rule].member) continue;
    EventResult::Candidate& other = result.candidate;
    other.shadow_verdict = std::max(other.shadow_verdict, verdict);
    if (candidate->rules[rule].mode != ir::Mode::kShadow) other.verdict = std::max(other.verdict, verdict);
  }
  if (result.hits.size() != hits) std::ranges::sort(result.hits, {}, &Hit::rule);  // in order of the source, as ever
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
    hits_of(index).emplace_back(Hit{index, Outcome::kSnoozed, false, Value::null(), 0, snooze});
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
      hits_of(index).emplace_back(Hit{index, Outcome::kSuppressed, false, Value::null(), 0});
      ++counters[index].suppressed;
      return;
    }
  }
  const ir::Candidate::Rule* const other =
      candidate != nullptr && candidate->rules[index].member ? &candidate->rules[index] : nullptr;
  bool drawn = false;
  if (rule.mode == ir::Mode::kCanary || (other != nullptr && other->mode == ir::Mode::kCanary)) {
    const Value key = rules->evaluator().eval(rule.canary_key, ctx);
    if (!key.ok()) return fail(index, key);
    drawn = in_canary(rule, key);
  }
  const auto applies = [&](ir::Mode mode) { return mode == ir::Mode::kLive || (mode == ir::Mode::kCanary && drawn); };
  double score = 0;
  Value failure;
  if (!evaluate_effects(index, &score, &failure)) return fail(index, failure);

  bool tripped = false;
  if (state::LimitGuard* limit = state->limit(index)) {
    Admission& noted = admissions.emplace_back(Admission{limit, state::LimitGuard::Admission::kTripped});
    const auto admission = noted.admission = limit->admit(time);
    tripped = admission != state::LimitGuard::Admission::kAdmitted;
    if (admission == state::LimitGuard::Admission::kTrips && index < live_rules) result.alerts.push_back(index);
  }
  if (once != nullptr) {
    if (!tripped) {
      fires.push_back({once, once_key});
      once->fired(once_key, time, clock, view.keep_from());
    }
    if (once_lock.owns_lock()) once_lock.unlock();
  }
  const bool served = index < live_rules;
  const bool live = served && applies(rule.mode) && !tripped;
  const bool other_live = other != nullptr && applies(other->mode) && !tripped;
  const bool applied = served ? live : other_live;
  hits_of(index).emplace_back(
      Hit{index, tripped ? Outcome::kTripped : Outcome::kFired, applied, Value::null(), applied ? score : 0});
  ++(tripped ? counters[index].tripped : counters[index].fired);
  EventResult::Candidate& watched = result.candidate;
  if (served) result.shadow_score += score;
  if (live) result.score += score;
  if (other != nullptr) watched.shadow_score += score;
  if (other_live) watched.score += score;

  const Value* next = effect_values.data();
  for (const ir::Effect& effect : rule.effects) {
    const Value key = effect.key != ir::kNoNode ? *next++ : Value::null();
    const Value* args = next;
    next += effect.args.size();
    if (effect.kind == ir::EffectKind::kVerdict) {
      if (served) shadow_stated = std::max(shadow_stated, effect.verdict);
      if (live) stated = std::max(stated, effect.verdict);
      if (other != nullptr) watched.shadow_verdict = std::max(watched.shadow_verdict, effect.verdict);
      if (other_live) watched.verdict = std::max(watched.verdict, effect.verdict);
    }
    if (!live) continue;
    if (effect.kind == ir::EffectKind::kLabel || effect.kind == ir::EffectKind::kUnlabel) {
      label_writes.push_back(
          {effect.kind == ir::EffectKind::kLabel, effect.label, state::make_key(key), effect.duration_nanos, index});
    }
    result.effects.push_back({index, &effect, key, std::vector<Value>(args, args + effect.args.size())});
  }
}

ir::Verdict Session::Impl::decided(const value::Evaluator& evaluator, const Arms& arms, Value* row, double score) {
  ir::Verdict verdict = ir::Verdict::kAllow;
  if (arms.empty()) return verdict;
  row[program.events[event].score_slot] = Value::dbl(score);
  ++ctx.epoch;  // forget what was computed from another score
  for (const ir::DecideArm& arm : arms) {
    if (arm.verdict > verdict && evaluator.eval(arm.when, ctx).is_true()) verdict = arm.verdict;
  }
  return verdict;
}

void Session::Impl::decide(Value* row) {
  const Arms& arms = program.events[event].decide;
  const auto by = [&](double score) { return decided(rules->evaluator(), arms, row, score); };
  const ir::Verdict by_shadow_score = by(result.shadow_score);
  const ir::Verdict by_score = result.shadow_score == result.score ? by_shadow_score : by(result.score);
  result.verdict = std::max(stated, by_score);
  result.shadow_verdict = std::max(shadow_stated, by_shadow_score);
  if (candidate != nullptr) decide_candidate(row, by_score, by_shadow_score);
}

// What the live rules came to by the same arms at the same score is not asked for again.
void Session::Impl::decide_candidate(Value* row, ir::Verdict by_score, ir::Verdict by_shadow_score) {
  EventResult::Candidate& c = result.candidate;
  const ir::Candidate::Event& how = candidate->events[event];
  const auto by = [&](double score) {
    if (!how.same_decide) return decided(rules->interpreter(), how.decide, row, score);
    if (score == result.score) return by_score;
    if (score == result.shadow_score) return by_shadow_score;
    return decided(rules->evaluator(), program.events[event].decide, row, score);
  };
  c.verdict = std::max(c.verdict, by(c.score));
  c.shadow_verdict = std::max(c.shadow_verdict, by(c.shadow_score));
}

void Session::Impl::apply_labels() {
  if (label_writes.empty()) return;
  const Value& id = ctx.row[types::EventSchema::kIdSlot];
  const state::Provenance from(false, options.generation, id.is(value::Kind::kString) ? id.str() : std::string_view());
  for (const LabelWrite& w : label_writes) view.write_label(w.set, w.label, w.key, w.duration, w.rule, from);
  label_writes.clear();
}

}  // namespace weir::engine
