#include "compiler/types/rule_kinds.h"

#include <cstddef>

namespace weir::types {

namespace {
constexpr std::string_view kVerdictNames[] = {"allow", "review", "challenge", "block"};
constexpr std::string_view kModeNames[] = {"shadow", "canary", "live", "off"};
constexpr std::string_view kAggregationNames[] = {"count",    "sum",  "min",   "max", "mean",     "stddev",
                                                  "distinct", "last", "first", "top", "quantile", "entropy"};
}  // namespace

std::string_view verdict_name(Verdict verdict) { return kVerdictNames[static_cast<size_t>(verdict)]; }
std::string_view mode_name(Mode mode) { return kModeNames[static_cast<size_t>(mode)]; }
std::string_view aggregation_name(Aggregation a) { return kAggregationNames[static_cast<size_t>(a)]; }

}  // namespace weir::types
