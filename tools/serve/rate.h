// How often somebody may ask: a bucket of so many requests that fills evenly, for each token or address.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::serve {

struct RateLimit {
  double per_second = 0;  // 0: no limit
  double burst = 1;       // as many at once
};

// Remembers at most kMost of those who ask; what is full again is forgotten first. Thread-safe.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kMost = 65536;

  explicit RateLimiter(const RateLimit& limit) : limit_(limit) {}

  // Takes `cost` out of the bucket of `who`. Zero if that was there; else how long until it is, and nothing is taken.
  // What costs more than a full bucket is let through by a full one, and then waited for.
  std::chrono::nanoseconds take(std::string_view who, double cost, Clock::time_point now);

 private:
  // When the bucket is full again: all there is to know of it.
  using Full = std::chrono::duration<double>;
  void forget(Full now);

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  const RateLimit limit_;
  std::mutex mutex_;
  std::unordered_map<std::string, Full, Hash, std::equal_to<>> full_;
};

}  // namespace weir::serve
