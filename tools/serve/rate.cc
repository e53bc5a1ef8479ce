#include "tools/serve/rate.h"

#include <algorithm>

namespace weir::serve {

std::chrono::nanoseconds RateLimiter::take(std::string_view who, double cost, Clock::time_point now) {
  if (limit_.per_second <= 0) return std::chrono::nanoseconds(0);
  const Full at = now.time_since_epoch();
  const Full whole(limit_.burst / limit_.per_second), wanted(cost / limit_.per_second);
  const std::lock_guard lock(mutex_);
  auto found = full_.find(who);
  if (found == full_.end()) {
    if (full_.size() >= kMost) forget(at);
    found = full_.emplace(std::string(who), at).first;
  }
  const Full full = std::max(found->second, at);
  const Full over = full + std::min(wanted, whole) - at - whole;
  if (over.count() > 1e-9) return std::chrono::duration_cast<std::chrono::nanoseconds>(over);
  found->second = full + wanted;
  return std::chrono::nanoseconds(0);
}

void RateLimiter::forget(Full now) {
  std::erase_if(full_, [&](const auto& entry) { return entry.second <= now; });
  // Everybody is still waiting: a flood of addresses. Those there have no more of it than the next.
  if (full_.size() >= kMost) full_.clear();
}

}  // namespace weir::serve
