#include "runtime/engine/cause_counts.h"

#include <algorithm>

#include "runtime/explain/failure_text.h"

namespace weir::engine {

std::string CauseCounts::text(uint32_t rule, const value::Value& cause) const {
  if (cause.is_missing()) return explain::missing_name(program_, program_.rules[rule].event, cause);
  return explain::error_text(cause);
}

void CauseCounts::add(uint32_t rule, const value::Value& cause) {
  const bool missing = cause.is_missing();
  Id id{rule, missing, missing ? 0 : cause.aux, text(rule, cause)};
  auto it = counts_.find(id);
  if (it == counts_.end()) {
    if (!missing && kinds_[rule] >= kMaxCausesPerRule) {
      id.text = std::string(value::error_code_name(cause.error_code()));
    } else {
      ++kinds_[rule];
    }
    it = counts_.try_emplace(std::move(id)).first;
  }
  ++it->second;
}

std::vector<Session::Cause> CauseCounts::sorted() const {
  std::vector<Session::Cause> out;
  for (const auto& [id, count] : counts_) out.push_back({id.rule, id.code, id.missing, id.text, count});
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return out;
}

}  // namespace weir::engine
