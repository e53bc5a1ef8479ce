// A share of a count, with the uncertainty of having seen only so many.
#pragma once

#include <cstdint>

namespace weir::backtest {

// part of whole, with its Wilson score interval at 95 % (E. B. Wilson, JASA 22, 1927; without continuity correction).
// Unlike the textbook interval it stays inside [0, 1] and is honest for small counts and for shares near 0 and 1.
// Undefined if whole is 0: then value, low and high are 0, 0 and 1.
struct Proportion {
  uint64_t part = 0, whole = 0;

  bool defined() const { return whole > 0; }
  double value() const { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }
  double low() const;
  double high() const;
};

}  // namespace weir::backtest
