#include "runtime/backtest/proportion.h"

#include <algorithm>
#include <cmath>

namespace weir::backtest {
namespace {

constexpr double kZ = 1.959963984540054;  // two-sided 95 % of the normal distribution

struct Bounds {
  double low, high;
};

Bounds wilson(double part, double whole) {
  if (whole == 0) return {0, 1};
  double p = part / whole, z2 = kZ * kZ;
  double centre = p + z2 / (2 * whole);
  double spread = kZ * std::sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole));
  double scale = 1 + z2 / whole;
  // At 0 and 1 the bound is exact; rounding must not move it.
  return {part == 0 ? 0 : std::max(0.0, (centre - spread) / scale),
          part == whole ? 1 : std::min(1.0, (centre + spread) / scale)};
}

}  // namespace

double Proportion::low() const { return wilson(static_cast<double>(part), static_cast<double>(whole)).low; }
double Proportion::high() const { return wilson(static_cast<double>(part), static_cast<double>(whole)).high; }

}  // namespace weir::backtest
