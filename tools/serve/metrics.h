// Figures of a running server, for Prometheus (text format 0.0.4).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::serve {

class Service;

// Of one thread, which alone writes them; others read them at any time.
class WorkerMetrics {
 public:
  static constexpr size_t kEndpoints = 40;  // the last one: what matches none
  // Seconds; the last bucket takes what is slower.
  static constexpr std::array<double, 14> kBounds = {1e-5,   2.5e-5, 5e-5, 1e-4,   2.5e-4, 5e-4, 1e-3,
                                                     2.5e-3, 5e-3,   1e-2, 2.5e-2, 1e-1,   1,    10};
  static constexpr std::array<int, 19> kStatuses = {200, 201, 400, 401, 403, 404, 405, 408, 409, 413,
                                                    415, 422, 429, 431, 500, 503, 505, 0,   0};

  void count(size_t endpoint, int status, std::chrono::nanoseconds took);

  using Counter = std::atomic<uint64_t>;
  static void add(Counter& counter, uint64_t n = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t by_status(size_t endpoint, size_t status) const {
    return statuses_[endpoint][status].load(std::memory_order_relaxed);
  }
  uint64_t bucket(size_t endpoint, size_t b) const { return buckets_[endpoint][b].load(std::memory_order_relaxed); }
  uint64_t nanos(size_t endpoint) const { return nanos_[endpoint].load(std::memory_order_relaxed); }

  Counter events{0}, rejected{0};  // decided about; not taken
  std::array<Counter, 4> verdicts{};

 private:
  std::array<std::array<Counter, kStatuses.size()>, kEndpoints> statuses_{};
  std::array<std::array<Counter, kBounds.size() + 1>, kEndpoints> buckets_{};
  std::array<Counter, kEndpoints> nanos_{};
};

std::string render_metrics(Service& service);

}  // namespace weir::serve
