#include "runtime/engine/inspect.h"

#include "runtime/state/owned_value.h"
#include "runtime/state/time.h"
#include "runtime/value/text.h"

namespace weir::engine {

using value::Value;

Value entity_key(const ir::Program& program, uint32_t entity, std::string_view text) {
  if (program.entities[entity].base != types::Kind::kInt) return Value::string(text);
  int64_t number = 0;
  return value::parse_int(text, &number) == value::ParseResult::kOk ? Value::integer(number) : Value::missing();
}

std::vector<LabelView> labels_of(const State& state, uint32_t entity, const Value& key, int64_t time) {
  const state::Key hashed = state::make_key(key);
  const auto& labels = state.program().labels;
  std::vector<LabelView> out;
  for (uint32_t label = 0; label < labels.size(); ++label) {
    if (labels[label].entity != entity) continue;
    if (const auto mark = state.labels().find(label, hashed, time)) out.push_back({label, *mark});
  }
  return out;
}

std::string_view rule_id_of(const State& state, const state::LabelStore::Mark& mark) {
  const auto& rules = state.program().rules;
  return !mark.from.by_hand() && mark.rule < rules.size() ? std::string_view(rules[mark.rule].id) : std::string_view();
}

std::vector<LimitView> limits_of(State& state, int64_t time) {
  std::vector<LimitView> out;
  for (uint32_t rule = 0; rule < state.program().rules.size(); ++rule) {
    if (const state::LimitGuard* limit = state.limit(rule)) out.push_back({rule, limit->status(time)});
  }
  return out;
}

namespace {

state::Access look(const State& state, uint32_t index, int64_t time) {
  const uint32_t event = state.program().features[index].event;
  const int64_t newest = state.newest(event);
  state::Access access;
  access.clock = state.clock();
  access.time = time;
  access.newest = newest;
  access.horizon = access.keep_from = state::saturating_sub(newest, state.policy(event).lateness_nanos);
  access.looks_on = true;
  return access;
}

Value value_at(State& state, uint32_t index, const state::Key& key, int64_t time, value::Arena& arena) {
  state::Access access = look(state, index, time);
  return state::copy_to(arena, state.feature(index).read(key, access, arena));
}

}  // namespace

Value feature_value(State& state, uint32_t index, const state::Key& key, value::Arena& arena) {
  return value_at(state, index, key, state.newest(state.program().features[index].event), arena);
}

void visit_feature(State& state, uint32_t index, const std::optional<state::Key>& only,
                   const state::FeatureStore::Visitor& f) {
  const state::Access access = look(state, index, state.newest(state.program().features[index].event));
  if (!only) return state.feature(index).visit(access, f);
  state.feature(index).visit_one(*only, access, f);
}

Value feature_value(State& state, uint32_t index, std::span<const Value> key, int64_t time, value::Arena& arena) {
  if (key.size() != state.program().features[index].keys.size()) return Value::fail(value::ErrorCode::kNoSuchOverload);
  return value_at(state, index, key.empty() ? state::Key() : state::make_key(key.data(), key.size()), time, arena);
}

}  // namespace weir::engine
