// Quantiles with a relative error of at most 1 %.
//
// DDSketch (Masson, Rim and Lee, DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees,
// 2019): a logarithmic histogram. What it says is a function of the values added, whatever their order. Values closer
// to zero than 10^-9 count as zero. Beyond kMaxBuckets on one side the smallest are joined, so that only quantiles
// among the smallest magnitudes lose accuracy: with 1 % that takes 17 orders of magnitude.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/state/codec.h"
#include "runtime/state/heap_block.h"

namespace weir::state {

class QuantileSketch {
 public:
  static constexpr double kAccuracy = 0.01;
  static constexpr size_t kMaxBuckets = 2048;

  void add(double v);  // finite
  void merge(const QuantileSketch& other);
  uint64_t count() const { return count_; }
  // Of rank floor(q * (count - 1)); count() > 0, q in [0, 1].
  double quantile(double q) const;
  size_t heap_bytes() const {
    return heap_block(positive_.capacity() * sizeof(Bucket)) + heap_block(negative_.capacity() * sizeof(Bucket));
  }

  void save(Writer& out) const;
  bool load(Reader& in);  // into an empty sketch

 private:
  struct Bucket {
    int32_t index;
    uint64_t count;
  };
  using Buckets = std::vector<Bucket>;  // by index; negative values by magnitude
  static void add_to(Buckets& buckets, int32_t index, uint64_t count);

  Buckets positive_, negative_;
  uint64_t zeros_ = 0, count_ = 0;
  double min_ = 0, max_ = 0;
};

}  // namespace weir::state
