// Which parts of a rule set depend on which, and so where each may run: the plan behind threads, processes and Spark.
//
// Features and labels are time series by key; rules are stateless over their values. A stage needs only those before
// it. Parts that depend on each other in a circle (a rule reads the label it writes) make one stage: inside a key's
// partition if all of them use one key, else in one ordered stream.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/program.h"

namespace weir::opt {

enum class StageKind : uint8_t {
  kFeatures,  // partition by key, order by time
  kRules,     // stateless, columnar
  kLabels,    // written by rules before it: partition by key, order by time
  kKeyCycle,  // partition by key, order by time: rules and state inside
  kOrdered,   // one ordered stream
};
std::string_view stage_kind_name(StageKind kind);

struct Stage {
  StageKind kind = StageKind::kRules;
  uint32_t level = 0;  // stages of one level may run side by side
  std::string key;     // as written; empty for rules and ordered stages
  std::vector<uint32_t> features, labels, rules;
};

// In order of level; features of one key and level share a stage, and so do all rules of a level.
std::vector<Stage> stage_plan(const ir::Program& program);

}  // namespace weir::opt
