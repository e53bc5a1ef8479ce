// Literals without which a regular expression does not match, found with RE2's own prefilter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::value {

// Sets of lower-case ASCII literals such that every plain ASCII text the pattern matches contains, letter case aside,
// all literals of one of the sets, the most telling literal of each set first. Empty if the pattern is malformed,
// nothing is known, or it takes more sets than that.
std::vector<std::vector<std::string>> required_literals(const std::string& pattern, size_t max_sets);

// For which texts that holds.
enum class Coverage : uint8_t {
  kAll,
  kNoOddLetters,  // without characters that fold to ASCII letters and are none: see has_odd_letters
  kAscii,         // plain ASCII only: the pattern names characters beyond by themselves, by number or by class
};
Coverage coverage(std::string_view pattern);

// Whether the text has the Kelvin sign or the long s, which `(?i)` takes for k and s.
bool has_odd_letters(std::string_view text);

}  // namespace weir::value
