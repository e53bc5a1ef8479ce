// The workload's expressions as a rule file, for what measures whole rule sets.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/workload.h"

namespace weir::bench {

// An event type and the first `count` rules; beyond the workload's own number they repeat with other numbers in them,
// so that no two are the same.
std::string rule_text(const Workload& workload, size_t count);
// The workload's row as one of that event type.
std::vector<value::Value> event_row(const std::vector<value::Value>& fields);

}  // namespace weir::bench
