#include "compiler/driver/merge_rule_sets.h"

#include <algorithm>

namespace weir::driver {

Manifest merge_manifests(const Manifest& live, const Manifest& candidate) {
  Manifest out = live;
  for (const EventMapping& theirs : candidate.events) {
    const auto ours = std::ranges::find(out.events, theirs.event, &EventMapping::event);
    if (ours == out.events.end()) {
      out.events.push_back(theirs);
    } else {
      ours->fields.insert(theirs.fields.begin(), theirs.fields.end());
    }
  }
  out.policies.insert(candidate.policies.begin(), candidate.policies.end());
  return out;
}

std::vector<engine::Protection> merge_protections(const std::vector<engine::Protection>& live,
                                                  const std::vector<engine::Protection>& candidate,
                                                  const ir::Candidate& merged) {
  std::vector<engine::Protection> out;
  if (live.empty() && candidate.empty()) return out;
  out = live;
  out.resize(merged.rules.size());
  for (size_t r = merged.live_rules; r < merged.rules.size(); ++r) {
    const uint32_t number = merged.rules[r].number;
    if (number < candidate.size()) out[r] = candidate[number];
  }
  return out;
}

}  // namespace weir::driver
