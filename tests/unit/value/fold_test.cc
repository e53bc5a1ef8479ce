// Folding piece by piece against utf8proc over the whole text, which defines it.
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <random>
#include <vector>

#include "runtime/value/words.h"
#include "tests/unit/value/ext_call.h"

namespace weir::value {
namespace {

std::string reference(std::string_view text) {
  std::string repaired;
  for (size_t at = 0; at < text.size();) {
    const utf8::CodePoint c = utf8::decode(text, at);
    append_utf8(repaired, c.value);
    at += c.size;
  }
  utf8proc_uint8_t* folded = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(repaired.data()),
                                             static_cast<utf8proc_ssize_t>(repaired.size()), &folded, options);
  EXPECT_GE(size, 0);
  std::string out(reinterpret_cast<const char*>(folded), static_cast<size_t>(size));
  free(folded);
  return out;
}

std::string encoded(const std::vector<char32_t>& points) {
  std::string out;
  for (char32_t c : points) append_utf8(out, c);
  return out;
}

void expect_folded(const std::string& text, std::string& scratch) {
  ASSERT_EQ(fold(text, scratch), reference(text)) << ::testing::PrintToString(text);
}

bool is_scalar_value(char32_t c) { return c < 0xD800 || c > 0xDFFF; }

TEST(Fold, EveryCodePoint) {
  std::string scratch;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (!is_scalar_value(c)) continue;
    // Beside a mark that composes with letters, a consonant and a vowel of Hangul, and what is dropped.
    expect_folded(encoded({'A', c, 0x301, 'b'}), scratch);
    expect_folded(encoded({0x1100, c, 0x1161, 0x200D, c}), scratch);
    if (HasFatalFailure()) return;
    if (c == 0x3FFFF) c = 0xDFFFF;  // planes without characters
  }
}

TEST(Fold, RandomTexts) {
  constexpr char32_t kBlocks[][2] = {{0x20, 0x7F},     {0xA0, 0x24F},    {0x300, 0x36F},     {0x370, 0x52F},
                                     {0x591, 0x6FF},   {0x900, 0x9FF},   {0xB80, 0xD7F},     {0x1100, 0x11FF},
                                     {0x1E00, 0x206F}, {0x3040, 0x30FF}, {0xAC00, 0xAD00},   {0xFB00, 0xFDFF},
                                     {0xFE00, 0xFE70}, {0xFF00, 0xFFEF}, {0x11099, 0x110BA}, {0x1F300, 0x1FAFF}};
  std::mt19937_64 rng(7);
  std::string scratch;
  for (int i = 0; i < 60'000; ++i) {
    std::vector<char32_t> points;
    const auto& main = kBlocks[rng() % std::size(kBlocks)];
    for (uint64_t n = rng() % 40; n > 0; --n) {
      const auto& block = rng() % 4 == 0 ? kBlocks[rng() % std::size(kBlocks)] : main;
      points.push_back(static_cast<char32_t>(block[0] + rng() % (block[1] - block[0] + 1)));
    }
    std::string text = encoded(points);
    if (i % 3 == 0 && !text.empty()) text[rng() % text.size()] = static_cast<char>(rng());  // malformed
    expect_folded(text, scratch);
    if (HasFatalFailure()) return;
  }
}

TEST(WordCount, EightAtATime) {
  std::mt19937_64 rng(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t n = rng() % 30; n > 0; --n) {
      constexpr std::string_view kPool = "/09:@AZ[`az{_ \x7f";
      if (rng() % 9 == 0)
        text += "\u00e9";
      else
        text += kPool[rng() % kPool.size()];
    }
    int64_t words = 0;
    bool inside = false;
    for (size_t at = 0; at < text.size();) {
      const utf8::CodePoint c = utf8::decode(text, at);
      words += is_word_char(c.value) && !inside;
      inside = is_word_char(c.value);
      at += c.size;
    }
    testing::Caller caller;
    ASSERT_EQ(caller.text("text_word_count", {testing::S(text)}), std::to_string(words)) << text;
  }
}

TEST(Fold, LongRuns) {
  std::string scratch;
  expect_folded(std::string(100'000, 'X') + "\u00c4" + std::string(1000, 'Y'), scratch);
  std::string marks = "e", arabic;
  for (int i = 0; i < 1000; ++i) marks += "\u0301\u0323\u0344";
  for (int i = 0; i < 1000; ++i) arabic += "\ufdfa";  // one becomes eighteen
  expect_folded(marks, scratch);
  expect_folded(arabic + marks + arabic, scratch);
  // Would take minutes in quadratic time.
  std::string hostile = "e";
  for (int i = 0; i < 300'000; ++i) hostile += "\u0301\u0323";
  EXPECT_EQ(fold(hostile, scratch).substr(0, 3), "\u1eb9");
}

}  // namespace
}  // namespace weir::value
