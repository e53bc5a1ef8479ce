// What a rule set's manifest demands of its rules.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/module.h"

namespace weir::check {

struct ManifestLimits {
  uint64_t max_rule_cost = 0;       // worst-case steps of one rule (cost.h); 0: no cap
  std::vector<std::string> owners;  // who may own a rule; empty: anybody
  friend bool operator==(const ManifestLimits&, const ManifestLimits&) = default;
};

// The module must have been checked without errors.
void check_limits(const Module& module, const ManifestLimits& limits, base::DiagnosticSink& sink);
void check_limits(const Module& module, const Rule& rule, const ManifestLimits& limits, base::DiagnosticSink& sink);

}  // namespace weir::check
