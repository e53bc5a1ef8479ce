// The label of a record, as logs write them.
#pragma once

#include <string>
#include <string_view>

#include "runtime/value/value.h"

namespace weir::backtest {

enum class Label : uint8_t { kNone, kNegative, kPositive };

// "label" or "kind=spam": which value of a record says that it is what the rules look for.
struct LabelSpec {
  std::string path;
  std::string positive;  // empty: 1, true, "1", "true", "yes" are positive; 0, false, "0", "false", "no", "" negative
};
LabelSpec parse_label_spec(std::string_view text);

// Absent and null are no label. With a named positive value every other value is negative; without one, a number or
// word that is none of those above is no label (and counted so, rather than guessed at).
Label read_label(const value::Value& v, const LabelSpec& spec);

}  // namespace weir::backtest
