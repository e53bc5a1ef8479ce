// Puts a change into force.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "runtime/engine/state.h"
#include "runtime/engine/state_change.h"

namespace weir::engine {

// What was there before and what is there now, for the audit log.
struct Applied {
  std::string before, after;
};

// Events that are being evaluated go on as they were; the next ones see the change. Any thread may call it, but not
// from inside an evaluation. NotFound: a label, rule or list that the rules do not have. InvalidArgument: a malformed
// key or entry, a rule without a limit, or without a key to snooze. OutOfRange: an end that is no later than the
// change. ResourceExhausted: no room for another label.
absl::StatusOr<Applied> apply(State& state, const StateChange& change);

// The node whose value is the key that a rule is snoozed by: that of `once per`, else that of its first effect with
// one; kNoNode if it has none.
ir::NodeId snooze_key(const ir::Rule& rule);

}  // namespace weir::engine
