// A fair sample of a stream whose length is not known (Vitter's algorithm R), the same for the same stream and seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace weir::backtest {

class Reservoir {
 public:
  explicit Reservoir(size_t size, uint64_t seed = 1) : size_(size), random_(seed) {}

  // Where in the sample the next item belongs; `size` if it is not taken.
  size_t offer() {
    uint64_t n = seen_++;
    if (n < size_) return static_cast<size_t>(n);
    // Modulo bias is below n / 2^64; std distributions are not the same on every platform.
    uint64_t k = random_() % (n + 1);
    return k < size_ ? static_cast<size_t>(k) : size_;
  }
  uint64_t seen() const { return seen_; }

 private:
  size_t size_;
  uint64_t seen_ = 0;
  std::mt19937_64 random_;
};

}  // namespace weir::backtest
