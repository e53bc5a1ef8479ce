#include "runtime/index/pattern_shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace weir::index {
namespace {

std::string describe(const std::optional<WordList>& list) {
  if (!list) return "none";
  return fmt::format("{}{}{}{}", list->fold ? "i " : "", list->at_start ? "^" : "", fmt::join(list->words, ","),
                     list->at_end ? "$" : "");
}

struct Case {
  const char* pattern;
  const char* words;
};

class WordLists : public testing::TestWithParam<Case> {};
TEST_P(WordLists, Pattern) { EXPECT_EQ(describe(word_list(GetParam().pattern)), GetParam().words); }

INSTANTIATE_TEST_SUITE_P(Patterns, WordLists,
                         testing::Values(Case{"free", "free"}, Case{"a|b c", "a,b c"},
                                         Case{"(?i)(Free|win)", "i free,win"}, Case{"^(?:a|b)", "^a,b"},
                                         Case{"(com|net)$", "com,net$"}, Case{"\\.com$", ".com$"}, Case{"a\\$", "a$"},
                                         Case{"^a|b", "none"}, Case{"^a$", "none"}, Case{"a|", "none"},
                                         Case{"(a)(b)", "none"}, Case{"a.b", "none"}, Case{"\\d", "none"},
                                         Case{"", "none"}, Case{"(?i)é", "none"}, Case{"é", "é"},
                                         Case{"(a|b\\)", "none"}, Case{"a{2}", "none"}));

struct RunCase {
  const char* pattern;
  const char* runs;  // length and number of bytes of each set
};

class Runs : public testing::TestWithParam<RunCase> {};
TEST_P(Runs, Pattern) {
  std::vector<std::string> runs;
  for (const weir::index::Run& run : required_runs(GetParam().pattern))
    runs.push_back(
        fmt::format("{}x{}", run.length, __builtin_popcountll(run.set[0]) + __builtin_popcountll(run.set[1])));
  EXPECT_EQ(fmt::format("{}", fmt::join(runs, " ")), GetParam().runs);
}

INSTANTIATE_TEST_SUITE_P(Patterns, Runs,
                         testing::Values(RunCase{"\\d{3} \\d+", "1x10 3x10"}, RunCase{"\\b[A-Z]{4,}\\b.*ch", "4x26"},
                                         RunCase{"\\d*x", ""}, RunCase{"\\d?[ab]", "1x2"}, RunCase{"\\d|x", ""},
                                         RunCase{"(\\d|x)\\d{2}?", "2x10"}, RunCase{"[^a]b", ""},
                                         RunCase{"(?i)[a-z]{3}\\d", "1x10"}, RunCase{"[é]", ""}, RunCase{"(?s)\\d", ""},
                                         RunCase{"[0-9a-f]{8,16}", "8x16"}, RunCase{"\\pN", ""},
                                         RunCase{"[[:digit:]]", ""}, RunCase{"a{,3}\\d", ""}));

}  // namespace
}  // namespace weir::index
