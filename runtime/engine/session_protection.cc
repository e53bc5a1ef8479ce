#include "runtime/engine/session_protection.h"

#include <algorithm>
#include <set>

#include "compiler/types/builtins.h"
#include "compiler/types/schema.h"
#include "runtime/state/key.h"

namespace weir::engine {
namespace {

constexpr uint64_t kMeasuredEvery = 16;  // one event in so many
constexpr size_t kMeasuredRules = 8;     // at most, on one event

bool has_size(const types::Type* type) {
  switch (type->kind()) {
    case types::Kind::kBool:
    case types::Kind::kInt:
    case types::Kind::kUint:
    case types::Kind::kDouble:
    case types::Kind::kTimestamp:
    case types::Kind::kDuration:
      return false;
    default:
      return true;
  }
}

// Whether a node's own work is charged for.
bool charges(const ir::Module& module, ir::NodeId id) {
  const ir::Node& node = module.node(id);
  switch (node.op) {
    case ir::Op::kConst:
    case ir::Op::kSlot:
    case ir::Op::kHasSlot:
    case ir::Op::kOptSlot:
    case ir::Op::kLocal:
    case ir::Op::kNot:
    case ir::Op::kAnd:
    case ir::Op::kOr:
    case ir::Op::kCond:
    case ir::Op::kNotStrictlyFalse:
    case ir::Op::kFeature:
    case ir::Op::kFeatureAt:
    case ir::Op::kListContains:
    case ir::Op::kHasLabel:
      return false;
    case ir::Op::kCall: {
      if (types::builtin_info(node.builtin).cost != types::Cost::kConst) return true;
      const auto args = module.args(id);
      return std::any_of(args.begin(), args.end(), [&](ir::NodeId arg) { return has_size(module.node(arg).type); });
    }
    default:
      return true;
  }
}

bool may_spend_steps(const ir::Module& module, ir::NodeId root) {
  std::set<ir::NodeId> seen;
  std::vector<ir::NodeId> todo = {root};
  while (!todo.empty()) {
    const ir::NodeId id = todo.back();
    todo.pop_back();
    if (!seen.insert(id).second) continue;
    if (charges(module, id)) return true;
    const auto args = module.args(id);
    todo.insert(todo.end(), args.begin(), args.end());
  }
  return false;
}

}  // namespace

SessionProtection::SessionProtection(const Rules& rules, State& state)
    : rules_(rules),
      trips_(state.trips()),
      suspects_(rules.program().events.size()),
      measured_(rules.program().events.size()) {}

void SessionProtection::look_up() {
  generation_ = trips_.generation();
  for (auto& suspects : suspects_) suspects.clear();
  for (const uint32_t rule : trips_.ever_tripped()) {
    const uint32_t event = rules_.program().rules[rule].event;
    const std::vector<uint32_t>& active = rules_.active_rules(event);
    const auto at = std::find(active.begin(), active.end(), rule);
    if (at != active.end()) suspects_[event].push_back({rule, static_cast<uint32_t>(at - active.begin())});
  }
}

bool SessionProtection::begin(uint32_t event, int64_t time) {
  if (trips_.generation() != generation_) look_up();
  if (suspects_[event].empty()) return false;
  out_of_service_.clear();
  costly_ = false;
  left_out_.assign(rules_.active_rules(event).size(), 0);
  for (const Suspect& suspect : suspects_[event]) {
    const TripCause cause = trips_.tripped(suspect.rule, time);
    if (cause == TripCause::kNone) continue;
    left_out_[suspect.position] = 1;
    out_of_service_.push_back(suspect.rule);
    costly_ = costly_ || cause == TripCause::kOverruns;
  }
  return !out_of_service_.empty();
}

const std::vector<uint32_t>& SessionProtection::measured(uint32_t event) {
  Measured& m = measured_[event];
  if (m.known) return m.rules;
  for (const uint32_t rule : rules_.active_rules(event)) {
    if (trips_.protection(rule).overruns.per_nanos != 0 &&
        may_spend_steps(rules_.program().module, rules_.program().rules[rule].when))
      m.rules.push_back(rule);
  }
  m.known = true;
  return m.rules;
}

void SessionProtection::measure(uint32_t event, int64_t time, SessionView& view, value::EvalContext& ctx,
                                std::vector<uint32_t>* tripped) {
  const std::vector<uint32_t>& rules = measured(event);
  if (rules.empty()) return;
  static_assert(types::EventSchema::kTimeSlot == 0 && types::EventSchema::kIdSlot == 1);
  const uint64_t drawn = state::make_key(ctx.row, 2).lo;
  if (drawn % kMeasuredEvery != 0) return;
  const int64_t steps = ctx.steps;
  const SessionView::LookingOn looking(view);
  for (size_t i = 0, at = drawn / kMeasuredEvery % rules.size(); i < std::min(kMeasuredRules, rules.size()); ++i) {
    const uint32_t rule = rules[at];
    at = at + 1 == rules.size() ? 0 : at + 1;
    if (trips_.tripped(rule, time) != TripCause::kNone) continue;
    ++ctx.epoch;  // alone: what others have computed costs it too
    ctx.steps = trips_.protection(rule).steps;
    rules_.interpreter().eval(rules_.program().rules[rule].when, ctx);
    if (ctx.steps < 0 && trips_.overrun(rule, time)) tripped->push_back(rule);
  }
  ctx.steps = steps;
  ++ctx.epoch;
}

}  // namespace weir::engine
