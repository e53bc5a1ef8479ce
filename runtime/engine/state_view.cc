#include "runtime/engine/state_view.h"

#include <algorithm>
#include <new>

#include "runtime/state/time.h"

namespace weir::engine {

using state::Key;
using value::Value;

SessionState::SessionState(const Rules& rules, const SessionOptions& options)
    : rules_(rules),
      program_(rules.program()),
      options_(options),
      labels_(program_.labels),
      newest_(program_.events.size(), INT64_MIN + 1),
      current_(program_.features.size()),
      current_clock_(program_.features.size(), 0),
      read_bare_(program_.features.size(), false),
      entity_labels_(program_.entities.size()) {
  for (const ir::Feature& feature : program_.features) stores_.push_back(state::make_feature_store(feature));
  for (uint32_t i = 0; i < program_.labels.size(); ++i) entity_labels_[program_.labels[i].entity].push_back(i);
  const ir::Module& module = program_.module;
  for (ir::NodeId id = 0; id < module.size(); ++id) {
    if (module.node(id).op == ir::Op::kFeature) read_bare_[static_cast<size_t>(module.node(id).index)] = true;
  }
}

void SessionState::update(uint32_t event, Value* row, int64_t time, uint64_t clock, value::EvalContext& ctx) {
  time_ = time;
  clock_ = clock;
  arena_ = ctx.arena;
  late_ = false;
  newest_[event] = std::max(newest_[event], time);
  for (size_t f = 0; f < stores_.size(); ++f) {
    stores_[f]->advance(clock, state::saturating_sub(newest_[program_.features[f].event], options_.lateness_nanos));
  }
  for (uint32_t feature : program_.events[event].features) update_feature(feature, row, ctx);
  late_events_ += late_;
}

void SessionState::update_feature(uint32_t index, Value* row, value::EvalContext& ctx) {
  const ir::Feature& feature = program_.features[index];
  if (feature.each_list == ir::kNoNode) {
    update_element(index, ctx);
    return;
  }
  const Value elements = rules_.evaluator().eval(feature.each_list, ctx);
  if (!elements.is(value::Kind::kList)) {
    ++stores_[index]->counters.errors;
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
void SessionState::update_element(uint32_t index, value::EvalContext& ctx) {
  const ir::Feature& feature = program_.features[index];
  state::FeatureStore& store = *stores_[index];
  const value::Evaluator& evaluator = rules_.evaluator();
  bool wanted = true;
  if (feature.where != ir::kNoNode) {
    const Value where = evaluator.eval(feature.where, ctx);
    wanted = where.is_true();
    if (!wanted && !where.is_false()) ++store.counters.errors;
  }
  if (!wanted && !read_bare(index)) return;
  const CurrentKey key = current_key(feature, ctx);
  current_[index] = key;
  current_clock_[index] = clock_;
  if (!wanted) return;
  Value arg = Value::null();
  if (key.failure.ok() && feature.arg != ir::kNoNode) arg = evaluator.eval(feature.arg, ctx);
  if (!key.failure.ok() || !arg.ok()) {
    ++store.counters.errors;
    return;
  }
  switch (store.add(key.key, time_, arg)) {
    case state::Added::kAdded:
      ++store.counters.added;
      break;
    case state::Added::kLate:
      ++store.counters.late;
      late_ = true;
      break;
    case state::Added::kRefused:
      ++store.counters.errors;
      break;
  }
}

SessionState::CurrentKey SessionState::current_key(const ir::Feature& feature, value::EvalContext& ctx) {
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

Value SessionState::read(uint32_t index, const Key& key) {
  const Value v = stores_[index]->read(key, time_, *arena_);
  return v.is_missing() ? Value::missing(Value::missing_feature(index)) : v;
}

// The checker lets only features without `each`, and on this event type, be read by name alone.
Value SessionState::feature(uint32_t index) {
  if (current_clock_[index] != clock_) return Value::missing(Value::missing_feature(index));
  const CurrentKey& key = current_[index];
  return key.failure.ok() ? read(index, key.key) : key.failure;
}

Value SessionState::feature_at(uint32_t index, const Value* keys, uint32_t count) {
  const size_t parts = program_.features[index].keys.size();
  if (count == 1 && parts > 1 && keys[0].is(value::Kind::kList)) {  // a list that is no literal
    count = keys[0].list->size;
    keys = keys[0].list->items;
  }
  if (count != parts) return Value::fail(value::ErrorCode::kNoSuchOverload);
  return read(index, parts == 0 ? Key() : state::make_key(keys, count));
}

bool SessionState::has_label(uint32_t label, const Value& key) {
  return labels_.has(label, state::make_key(key), time_);
}

bool SessionState::has_label_named(uint32_t entity, std::string_view name, const Value& key) {
  for (uint32_t label : entity_labels_[entity]) {
    if (program_.labels[label].name == name) return has_label(label, key);
  }
  return false;
}

Value SessionState::labels(uint32_t entity, const Value& key, value::Arena& arena) {
  const Key hashed = state::make_key(key);
  const auto& of_entity = entity_labels_[entity];
  auto* items = arena.allocate_array<Value>(of_entity.size());
  auto* rep = static_cast<value::ListRep*>(arena.allocate(sizeof(value::ListRep)));
  if (items == nullptr || rep == nullptr) return value::budget_error();
  new (rep) value::ListRep;
  for (uint32_t label : of_entity) {
    if (labels_.has(label, hashed, time_)) items[rep->size++] = Value::string(program_.labels[label].name);
  }
  rep->capacity = rep->size;
  rep->items = items;
  return Value::of(rep);
}

Value SessionState::list_contains(uint32_t list, const Value& v) { return rules_.list(list).contains(v); }

size_t SessionState::bytes() const {
  size_t n = labels_.bytes();
  for (const auto& store : stores_) n += store->bytes();
  return n;
}

void SessionState::keep_budget() {
  while (bytes() > options_.max_state_bytes) {
    state::FeatureStore* victim = nullptr;
    for (const auto& store : stores_) {
      if (store->keys() > 0 && (victim == nullptr || store->oldest_touch() < victim->oldest_touch()))
        victim = store.get();
    }
    if (victim == nullptr) return;  // labels are never given up
    victim->evict_oldest();
  }
}

}  // namespace weir::engine
