// A State as sections of bytes, each under the identity of what it belongs to, and back (to: state_copy.h).
//
// Of other rules than those that saved it a state takes what has the same identity (compiler/ir/identity.h). Features
// it finds nothing for are warming (State::warming_since), labels and guards begin empty.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/ir/identity.h"
#include "compiler/ir/program.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/state.h"

namespace weir::engine {

// Stored by number: append only.
enum class SectionKind : uint32_t {
  kClock = 1,  // events evaluated, newest time by event type, ids of rules; identity 0
  kFeature = 2,
  kLabel = 3,
  kOnce = 4,
  kLimit = 5,
  kIds = 6,     // of events seen lately; identity by event type
  kByHand = 7,  // snoozes, and lists not as loaded; identity 0
  kTrip = 8,    // of a rule with faults
};

struct StateSection {
  uint32_t kind = 0;  // SectionKind, or one of a later version
  ir::Identity identity;
  std::string payload;
};

// What a restored state has, and has not.
struct RestoreReport {
  uint32_t features = 0, labels = 0, guards = 0;  // taken
  std::vector<std::string> warming;               // names of features that were not there, or were warming
  uint32_t dropped = 0;                           // sections of what the rules have no more
};

// DataLoss, with the section and what is wrong with it.
absl::StatusOr<std::shared_ptr<State>> restore_state(std::shared_ptr<const ir::Program> program,
                                                     const StateOptions& options,
                                                     const std::vector<StateSection>& sections, RestoreReport* report);

// Of the ids of an event type.
ir::Identity ids_identity(const ir::Program& program, uint32_t event);
// Of a whole rule set: which rules made a file.
ir::Identity rules_identity(const ir::Program& program);

}  // namespace weir::engine
