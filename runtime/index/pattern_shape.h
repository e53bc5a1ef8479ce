// What a regular expression says of itself without being compiled: lists of words, and runs of characters it needs.
//
// Both read the part of RE2's syntax that rules use most and give up on the rest.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::index {

// `^(free|cheap|win)`, `(?i)free money`, `(com|net)$`: the pattern matches if and only if one of the words is in the
// text, at its start or at its end if so said.
struct WordList {
  std::vector<std::string> words;  // in lower case if case does not matter; then they are ASCII, and texts must not
                                   // have odd letters (value/pattern_literals.h)
  bool fold = false;
  bool at_start = false, at_end = false;  // not both
};
std::optional<WordList> word_list(std::string_view pattern);

// Every text that the pattern matches has a run of at least `length` bytes of the set.
struct Run {
  std::array<uint64_t, 2> set = {0, 0};  // of ASCII
  uint32_t length = 1;
  friend auto operator<=>(const Run&, const Run&) = default;
};
std::vector<Run> required_runs(std::string_view pattern);
bool has_run(std::string_view text, const Run& run);

}  // namespace weir::index
