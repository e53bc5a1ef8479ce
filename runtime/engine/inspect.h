// Looking into a state from outside of evaluation, without changing it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/engine/state.h"
#include "runtime/value/arena.h"

namespace weir::engine {

// The key of an entity from its text, which it borrows; missing if it is no number where the entity's base is int.
value::Value entity_key(const ir::Program& program, uint32_t entity, std::string_view text);

// One label that an entity bears.
struct LabelView {
  uint32_t label = 0;
  state::LabelStore::Mark mark;
};
// Those the entity bears at that time, in order of declaration.
std::vector<LabelView> labels_of(const State& state, uint32_t entity, const value::Value& key, int64_t time);
// The rule that set it, by id; empty if somebody did by hand, or if the rules have it no more.
std::string_view rule_id_of(const State& state, const state::LabelStore::Mark& mark);

struct LimitView {
  uint32_t rule = 0;
  state::LimitGuard::Status status;
};
// Of the rules that have a limit.
std::vector<LimitView> limits_of(State& state, int64_t time);

// A feature's value at a key, at the newest time of its event type. Copied to the arena.
value::Value feature_value(State& state, uint32_t feature, const state::Key& key, value::Arena& arena);
// Each key at which the feature then has something, or only that one; while no session uses the state.
void visit_feature(State& state, uint32_t feature, const std::optional<state::Key>& only,
                   const state::FeatureStore::Visitor& f);

// A feature's value at a key, one value a part, in the window of an event at that time. Copied to the arena.
value::Value feature_value(State& state, uint32_t feature, std::span<const value::Value> key, int64_t time,
                           value::Arena& arena);

}  // namespace weir::engine
