// A rule set and the same one with some rules changed.
#pragma once

#include <string>

#include "benchmarks/workload.h"

namespace weir::bench {

// `rules` of the workload; of each `every`-th one (0: of none) the condition is another of the workload's. `edit` tells
// one edit from the next.
std::string edited_rules(const Workload& workload, size_t rules, size_t every, size_t edit);

}  // namespace weir::bench
