#include "compiler/check/manifest_limits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/check/cost.h"

namespace weir::check {

namespace {

void check_cost(const Rule& rule, const Module& module, uint64_t cap, base::DiagnosticSink& sink) {
  if (cap == 0) return;
  uint64_t cost = rule_cost(rule, module).total();
  if (cost <= cap) return;
  sink.emit(base::DiagKind::kTooCostly, rule.span,
            cost == kUnbounded ? fmt::format("the cost of rule `{}` has no bound, {} steps are allowed", rule.name, cap)
                               : fmt::format("rule `{}` can cost {} steps, {} are allowed", rule.name, cost, cap))
      .hint("`weir check --cost` shows where they go; the cap is `max_rule` under `cost` in weir.yaml");
}

void check_owner(const Rule& rule, const std::vector<std::string>& owners, base::DiagnosticSink& sink) {
  if (owners.empty() || !rule.ast->owner) return;
  const std::string& owner = *rule.ast->owner;
  if (std::find(owners.begin(), owners.end(), owner) != owners.end()) return;
  std::vector<std::string_view> names(owners.begin(), owners.end());
  std::string_view guess = base::did_you_mean(owner, names);
  sink.emit(base::DiagKind::kUnknownOwner, rule.ast->owner_span,
            fmt::format("`{}` is not among the owners in weir.yaml", owner))
      .hint(guess.empty() ? fmt::format("owners: {}", fmt::join(owners, ", "))
                          : fmt::format("did you mean `{}`?", guess));
}

}  // namespace

void check_limits(const Module& module, const Rule& rule, const ManifestLimits& limits, base::DiagnosticSink& sink) {
  check_cost(rule, module, limits.max_rule_cost, sink);
  check_owner(rule, limits.owners, sink);
}

void check_limits(const Module& module, const ManifestLimits& limits, base::DiagnosticSink& sink) {
  for (const Rule& rule : module.rules) check_limits(module, rule, limits, sink);
}

}  // namespace weir::check
