// A candidate beside the rules that decide: what was asked of it, and what it has come to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/rollout/trial.h"
#include "tools/serve/rule_set.h"

namespace weir::serve {

// Immutable but for the trial, which is thread-safe.
struct LiveRollout {
  LiveRollout(std::shared_ptr<const RuleSet> live_set, std::shared_ptr<const RuleSet> candidate_set,
              const ir::Merged& merged, const rollout::DiffOptions& diff, const rollout::Conditions& conditions)
      : live(std::move(live_set)), candidate(std::move(candidate_set)), trial(merged, diff, conditions) {}

  const std::shared_ptr<const RuleSet> live, candidate;
  uint64_t proposal = 0;  // of the candidate
  std::string proposed_by, by, reason;
  int64_t wall_nanos = 0;  // it began
  rollout::Trial trial;
};

}  // namespace weir::serve
