#include "runtime/engine/session_view.h"

#include <algorithm>
#include <new>

#include "runtime/state/time.h"

namespace weir::engine {

using state::Key;
using value::Value;

namespace {

// What an access has made the state grow by counts, however it ends.
class Growth {
 public:
  Growth(const state::Access& access, ptrdiff_t& total) : access_(access), total_(total) {}
  ~Growth() { total_ += access_.grown; }
  Growth(const Growth&) = delete;
  Growth& operator=(const Growth&) = delete;

 private:
  const state::Access& access_;
  ptrdiff_t& total_;
};

}  // namespace

constexpr uint64_t kAskEvery = 64;  // events, until the other sessions are asked again how far they are

SessionView::SessionView(const Rules& rules, State& state, Seat& seat)
    : rules_(rules),
      program_(rules.program()),
      state_(state),
      seat_(seat),
      slowest_(program_.events.size()),
      current_(program_.features.size()),
      current_clock_(program_.features.size(), 0),
      entity_labels_(program_.entities.size()) {
  for (uint32_t e = 0; e < program_.events.size(); ++e) {
    lateness_.push_back(state.policy(e).lateness_nanos);
    longest_lateness_ = std::max(longest_lateness_, lateness_.back());
  }
  for (uint32_t i = 0; i < program_.labels.size(); ++i) entity_labels_[program_.labels[i].entity].push_back(i);
  find_horizon();
}

void SessionView::find_horizon() {
  int64_t newest = INT64_MIN + 1;
  for (const state::EventClock& clock : seat_.clocks) newest = std::max(newest, clock.now());
  horizon_ = state::saturating_sub(newest, longest_lateness_);
}

bool SessionView::observe(uint32_t event, int64_t time) {
  state::EventClock& clock = seat_.clocks[event];
  const int64_t before = clock.now();
  const bool ahead = clock.advance(time);
  if (clock.now() != before) {
    seat_.newest[event].store(clock.now(), std::memory_order_relaxed);
    find_horizon();
  }
  return ahead;
}

void SessionView::refresh_lists() {
  if (state_.lists().generation() != list_generation_) lists_ = state_.lists().snapshot(&list_generation_);
}

void SessionView::hold_lists(bool hold) {
  if (hold) refresh_lists();
  lists_held_ = hold;
}

bool SessionView::begin(uint32_t event, int64_t time, uint64_t clock, value::EvalContext& ctx) {
  event_ = event;
  time_ = time;
  clock_ = clock;
  arena_ = ctx.arena;
  late_ = false;
  labels_before_.clear();
  if (!lists_held_) refresh_lists();
  const bool ahead = observe(event, time);
  if (state_.shared() && asked_++ % kAskEvery == 0) {
    for (uint32_t e = 0; e < slowest_.size(); ++e) slowest_[e] = state_.slowest(e);
    keep_from_ = state::saturating_sub(state_.slowest(), longest_lateness_);
  }
  return ahead;
}

void SessionView::look_at(uint32_t event, int64_t time, value::EvalContext& ctx) {
  event_ = event;
  time_ = time;
  arena_ = ctx.arena;
  labels_before_.clear();
  refresh_lists();
  for (uint32_t feature : program_.events[event].features) {
    if (program_.features[feature].each_list != ir::kNoNode) continue;
    current_[feature] = current_key(program_.features[feature], ctx);
    current_clock_[feature] = clock_;
  }
}

void SessionView::update(Value* row, value::EvalContext& ctx) {
  for (uint32_t feature : program_.events[event_].features) update_feature(feature, row, ctx);
  late_events_ += late_;
}

state::Access SessionView::access(uint32_t feature) const {
  const uint32_t event = program_.features[feature].event;
  state::Access access;
  access.clock = clock_;
  access.time = time_;
  access.looks_on = looks_on_;
  access.newest = seat_.clocks[event].now();
  access.horizon = state::saturating_sub(access.newest, lateness_[event]);
  access.keep_from = state_.shared() ? state::saturating_sub(slowest_[event], lateness_[event]) : access.horizon;
  return access;
}

void SessionView::update_feature(uint32_t index, Value* row, value::EvalContext& ctx) {
  const ir::Feature& feature = program_.features[index];
  if (feature.each_list == ir::kNoNode) {
    update_element(index, ctx);
    return;
  }
  const Value elements = rules_.evaluator().eval(feature.each_list, ctx);
  if (!elements.is(value::Kind::kList)) {
    state_.feature(index).count_error();
    return;
  }
  const auto forget_element = [&] {
    for (uint32_t memo : program_.module.each_memos) ctx.memo[memo].stamp = 0;
  };
  Value& slot = row[program_.events[feature.event].each_slot];
  for (uint32_t i = 0; i < elements.list->size; ++i) {
    slot = elements.list->items[i];
    forget_element();
    update_element(index, ctx);
  }
  slot = Value::missing();
  forget_element();
}

// Keys are computed here and not when the feature is read: a read may come from inside a fold, whose locals the key's
// own folds would overwrite.
void SessionView::update_element(uint32_t index, value::EvalContext& ctx) {
  const ir::Feature& feature = program_.features[index];
  state::FeatureStore& store = state_.feature(index);
  const value::Evaluator& evaluator = rules_.evaluator();
  bool wanted = true;
  if (feature.where != ir::kNoNode) {
    const Value where = evaluator.eval(feature.where, ctx);
    wanted = where.is_true();
    if (!wanted && !where.is_false()) store.count_error();
  }
  if (!wanted && !read_bare(index)) return;
  const CurrentKey key = current_key(feature, ctx);
  current_[index] = key;
  current_clock_[index] = clock_;
  if (!wanted) return;
  Value arg = Value::null();
  if (key.failure.ok() && feature.arg != ir::kNoNode) arg = evaluator.eval(feature.arg, ctx);
  if (!key.failure.ok() || !arg.ok()) {
    store.count_error();
    return;
  }
  state::Access how = access(index);
  const Growth growth(how, grown_);
  late_ |= store.add(key.key, arg, how) == state::Added::kLate;
}

SessionView::CurrentKey SessionView::current_key(const ir::Feature& feature, value::EvalContext& ctx) {
  CurrentKey out;
  parts_.clear();
  for (ir::NodeId node : feature.keys) {
    parts_.push_back(rules_.evaluator().eval(node, ctx));
    if (!parts_.back().ok()) {
      out.failure = parts_.back();
      return out;
    }
  }
  if (!parts_.empty()) out.key = state::make_key(parts_.data(), parts_.size());
  return out;
}

Value SessionView::read(uint32_t index, const Key& key) {
  state::Access how = access(index);
  const Growth growth(how, grown_);
  const int64_t since = state_.warming_since(index);
  if (since != state::kNever && !state_.feature(index).reaches_back(key, how, since)) {
    return Value::missing(Value::missing_warming(index));
  }
  const Value v = state_.feature(index).read(key, how, *arena_);
  return v.is_missing() ? Value::missing(Value::missing_feature(index)) : v;
}

// The checker lets only features without `each`, and on this event type, be read by name alone.
Value SessionView::feature(uint32_t index) {
  if (current_clock_[index] != clock_) return Value::missing(Value::missing_feature(index));
  const CurrentKey& key = current_[index];
  return key.failure.ok() ? read(index, key.key) : key.failure;
}

Value SessionView::feature_at(uint32_t index, const Value* keys, uint32_t count) {
  const size_t parts = program_.features[index].keys.size();
  if (count == 1 && parts > 1 && keys[0].is(value::Kind::kList)) {  // a list that is no literal
    count = keys[0].list->size;
    keys = keys[0].list->items;
  }
  if (count != parts) return Value::fail(value::ErrorCode::kNoSuchOverload);
  return read(index, parts == 0 ? Key() : state::make_key(keys, count));
}

bool SessionView::has_label(uint32_t label, const Value& key) { return had_label(label, state::make_key(key)); }

bool SessionView::had_label(uint32_t label, const Key& key) const {
  for (const LabelBefore& before : labels_before_) {
    if (before.label == label && before.key == key) return before.had;
  }
  return state_.labels().has(label, key, now());
}

bool SessionView::has_label_now(uint32_t label, const Value& key, int64_t now) const {
  return state_.labels().has(label, state::make_key(key), now);
}

void SessionView::write_label(bool set, uint32_t label, const Key& key, int64_t duration, uint32_t rule,
                              const state::Provenance& from) {
  labels_before_.push_back({label, key, had_label(label, key)});
  if (set) {
    state_.labels().set(label, key, time_, duration, rule, clock_, keep_from(), from);
  } else {
    state_.labels().clear(label, key);
  }
}

void SessionView::take_back_labels() {
  for (const LabelBefore& before : labels_before_) {
    if (!before.had) state_.labels().clear(before.label, before.key);
  }
  labels_before_.clear();
}

bool SessionView::has_label_named(uint32_t entity, std::string_view name, const Value& key) {
  for (uint32_t label : entity_labels_[entity]) {
    if (program_.labels[label].name == name) return has_label(label, key);
  }
  return false;
}

Value SessionView::labels(uint32_t entity, const Value& key, value::Arena& arena) {
  const Key hashed = state::make_key(key);
  const auto& of_entity = entity_labels_[entity];
  auto* items = arena.allocate_array<Value>(of_entity.size());
  auto* rep = static_cast<value::ListRep*>(arena.allocate(sizeof(value::ListRep)));
  if (items == nullptr || rep == nullptr) return value::budget_error();
  new (rep) value::ListRep;
  for (uint32_t label : of_entity) {
    if (had_label(label, hashed)) items[rep->size++] = Value::string(program_.labels[label].name);
  }
  rep->capacity = rep->size;
  rep->items = items;
  return Value::of(rep);
}

Value SessionView::list_contains(uint32_t list, const Value& v) { return lists_[list]->contains(v, rules_.list(list)); }

}  // namespace weir::engine
