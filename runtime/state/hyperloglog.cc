#include "runtime/state/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace weir::state {
namespace {

constexpr int kMaxRank = 64 - HyperLogLog::kPrecision;  // q of the paper

double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1, z = x, before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z != before);
  return z;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x, before;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z != before);
  return z / 3;
}

}  // namespace

bool HyperLogLog::add(uint64_t hash) {
  const uint64_t rest = hash << kPrecision;
  const int rank = rest == 0 ? kMaxRank + 1 : std::min(std::countl_zero(rest), kMaxRank) + 1;
  uint8_t& r = registers_[hash >> (64 - kPrecision)];
  if (rank <= r) return false;
  r = static_cast<uint8_t>(rank);
  return true;
}

void HyperLogLog::merge(const HyperLogLog& other) {
  for (size_t i = 0; i < kRegisters; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

bool HyperLogLog::load(Reader& in) {
  const std::string_view bytes = in.raw(kRegisters);
  if (!in.ok()) return false;
  std::copy(bytes.begin(), bytes.end(), registers_.begin());
  const bool valid = std::all_of(registers_.begin(), registers_.end(), [](uint8_t r) { return r <= kMaxRank + 1; });
  return valid || in.fail("a sketch has a rank that no hash has");
}

double HyperLogLog::estimate() const {
  std::array<uint32_t, kMaxRank + 2> counts{};
  for (uint8_t r : registers_) ++counts[r];
  const double m = kRegisters;
  double z = m * tau(1 - counts[kMaxRank + 1] / m);
  for (int k = kMaxRank; k >= 1; --k) z = 0.5 * (z + counts[k]);
  z += m * sigma(counts[0] / m);
  return m * m / (2 * std::log(2.0)) / z;
}

}  // namespace weir::state
