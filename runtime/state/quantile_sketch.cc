#include "runtime/state/quantile_sketch.h"

#include <algorithm>
#include <cmath>

namespace weir::state {
namespace {

constexpr double kGamma = (1 + QuantileSketch::kAccuracy) / (1 - QuantileSketch::kAccuracy);
constexpr double kSmallest = 1e-9;
const double kLogGamma = std::log(kGamma);

int32_t index_of(double magnitude) { return static_cast<int32_t>(std::ceil(std::log(magnitude) / kLogGamma)); }
double value_of(int32_t index) { return 2 * std::exp(index * kLogGamma) / (kGamma + 1); }

}  // namespace

void QuantileSketch::add_to(Buckets& buckets, int32_t index, uint64_t count) {
  auto at =
      std::lower_bound(buckets.begin(), buckets.end(), index, [](const Bucket& b, int32_t i) { return b.index < i; });
  if (at != buckets.end() && at->index == index) {
    at->count += count;
    return;
  }
  buckets.insert(at, {index, count});
  if (buckets.size() > kMaxBuckets) {
    buckets[1].count += buckets[0].count;
    buckets.erase(buckets.begin());
  }
}

void QuantileSketch::add(double v) {
  if (std::abs(v) < kSmallest) {
    ++zeros_;
  } else {
    add_to(v > 0 ? positive_ : negative_, index_of(std::abs(v)), 1);
  }
  min_ = count_ == 0 ? v : std::min(min_, v);
  max_ = count_ == 0 ? v : std::max(max_, v);
  ++count_;
}

void QuantileSketch::merge(const QuantileSketch& other) {
  if (other.count_ == 0) return;
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = count_ == 0 ? other.max_ : std::max(max_, other.max_);
  count_ += other.count_;
  zeros_ += other.zeros_;
  for (const Bucket& b : other.positive_) add_to(positive_, b.index, b.count);
  for (const Bucket& b : other.negative_) add_to(negative_, b.index, b.count);
}

double QuantileSketch::quantile(double q) const {
  const auto rank = static_cast<uint64_t>(std::floor(q * static_cast<double>(count_ - 1)));
  const auto clamped = [&](double v) { return std::clamp(v, min_, max_); };
  uint64_t seen = 0;
  for (auto b = negative_.rbegin(); b != negative_.rend(); ++b) {
    seen += b->count;
    if (seen > rank) return clamped(-value_of(b->index));
  }
  seen += zeros_;
  if (seen > rank) return clamped(0);
  for (const Bucket& b : positive_) {
    seen += b.count;
    if (seen > rank) return clamped(value_of(b.index));
  }
  return max_;
}

void QuantileSketch::save(Writer& out) const {
  out.varint(count_);
  out.varint(zeros_);
  out.dbl(min_);
  out.dbl(max_);
  for (const Buckets* buckets : {&positive_, &negative_}) {
    out.varint(buckets->size());
    out.varint(buckets->capacity());
    for (const Bucket& b : *buckets) {
      out.zigzag(b.index);
      out.varint(b.count);
    }
  }
}

bool QuantileSketch::load(Reader& in) {
  count_ = in.varint();
  zeros_ = in.varint();
  min_ = in.dbl();
  max_ = in.dbl();
  if (!(min_ <= max_)) return in.fail("a sketch's least value is above its greatest");
  for (Buckets* buckets : {&positive_, &negative_}) {
    const size_t size = in.count(2);
    if (size > kMaxBuckets) return in.fail("a sketch has too many buckets");
    buckets->reserve(in.capacity(size, sizeof(Bucket)));
    for (size_t i = 0; i < size && in.ok(); ++i) {
      const int64_t index = in.zigzag();
      if (index < INT32_MIN || index > INT32_MAX || (i > 0 && index <= buckets->back().index)) {
        return in.fail("a sketch's buckets are not in order");
      }
      buckets->push_back({static_cast<int32_t>(index), in.varint()});
    }
  }
  return in.ok();
}

}  // namespace weir::state
