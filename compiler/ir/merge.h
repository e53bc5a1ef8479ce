// Two programs as one, so that what they have in common is computed once: the rules that serve, and a candidate that is
// watched beside them.
//
// Nodes of both go into one hash-consed graph. A rule that is the same in both (rule_version, and no list it reads has
// other entries) is there once; so is a feature. What only the candidate has is appended. State, labels and all effects
// are the live program's; the candidate's rules read them and change nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/ir/program.h"

namespace weir::ir {

// What the candidate has of a merged program.
struct Candidate {
  uint32_t live_rules = 0;  // rules before are the live program's, under its numbers; the others the candidate's only
  uint32_t live_features = 0;  // likewise
  struct Rule {
    bool member = false;        // the candidate has it
    Mode mode = Mode::kShadow;  // there
    uint32_t number = 0;        // there
  };
  std::vector<Rule> rules;  // by rule of the merged program
  struct Event {
    std::vector<DecideArm> decide;
    bool same_decide = false;  // as the live one
  };
  std::vector<Event> events;  // by event of the merged program
  uint32_t shared_rules = 0, removed_rules = 0;
};

struct Merged {
  std::shared_ptr<const Program> program;
  std::shared_ptr<const Candidate> candidate;
};

// FailedPrecondition: the two disagree on the type of a field or of an entity's base, so that no event fits both. A
// field that only one of them has is optional.
absl::StatusOr<Merged> merge(const Program& live, const Program& candidate);

}  // namespace weir::ir
