// Malformed and odd texts through every extension function that takes texts: no crash, no text that is not UTF-8 from a
// text that is.
#include <random>

#include "runtime/value/utf8.h"
#include "tests/unit/value/ext_call.h"

namespace weir::value {
namespace {

using namespace testing;

// The text parameters of a signature of texts and ints only; -1 for others.
int text_parameters(std::string_view signature) {
  int count = 0;
  std::string_view params = signature.substr(1, signature.find(')') - 1);
  while (!params.empty()) {
    size_t comma = params.find(", ");
    std::string_view param = params.substr(0, comma);
    if (param != "string" && param != "int") return -1;
    count += param == "string";
    params.remove_prefix(comma == std::string_view::npos ? params.size() : comma + 2);
  }
  return count;
}

std::vector<Value> random_args(std::string_view signature, std::mt19937& random,
                               const std::vector<std::string>& texts) {
  std::vector<Value> args;
  std::string_view params = signature.substr(1, signature.find(')') - 1);
  while (!params.empty()) {
    size_t comma = params.find(", ");
    if (params.substr(0, comma) == "string") {
      args.push_back(S(texts[random() % texts.size()]));
    } else {
      constexpr int64_t kInts[] = {0, 1, 2, 7, 24, 63, 64, 129, -1, INT64_MAX, INT64_MIN};
      args.push_back(I(kInts[random() % std::size(kInts)]));
    }
    params.remove_prefix(comma == std::string_view::npos ? params.size() : comma + 2);
  }
  return args;
}

bool well_formed(const Value& v) {
  if (v.is(Kind::kString)) return valid_utf8(v.str());
  if (v.is(Kind::kOptional)) return v.optional == nullptr || well_formed(*v.optional);
  if (!v.is(Kind::kList)) return true;
  for (uint32_t i = 0; i < v.list->size; ++i) {
    if (!well_formed(v.list->items[i])) return false;
  }
  return true;
}

TEST(ExtHostile, RandomTexts) {
  std::mt19937 random(20261125);
  constexpr std::string_view kPieces[] = {
      "http://", "https://", "HTTP:\\\\", "@",      "#",           "rt ",    "::",  "::ffff:", "1.2.3.4",
      "/",       "?",        "%",         "%2e",    "%s",          "%.3f",   "[",   "]",       ":",
      ".",       "a",        "B",         "0",      "é",           "ß",      "İ",   "ﬁ",       "\u200b",
      "\u0301",  "😀",        "한",        "\u3002", "(",           ")",      "\\1", "=",       " ",
      "\n",      "aGVsbG8=", "co.uk",     "食狮",   "xn--85x722f", "\u202e", "…",   "&",       "_"};
  std::vector<std::string> good = {""};
  std::vector<std::string> bad = {"\xff", "\xf0\x9f", "\xc0\x80", "\xed\xa0\x80"};
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (unsigned n = random() % 12; n > 0; --n) text += kPieces[random() % std::size(kPieces)];
    good.push_back(text);
    if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
    bad.push_back(text.substr(0, text.empty() ? 0 : random() % text.size() + 1));
  }
  Caller caller;
  for (size_t i = 0; i < types::kBuiltinCount; ++i) {
    const types::BuiltinInfo& info = types::builtin_info(static_cast<types::BuiltinId>(i));
    if (text_parameters(info.signature) < 1) continue;
    for (int round = 0; round < 300; ++round) {
      caller.arena.reset();
      Value v = caller.call(info.id_name, random_args(info.signature, random, good));
      EXPECT_TRUE(well_formed(v)) << info.id_name;
      caller.call(info.id_name, random_args(info.signature, random, bad));
    }
  }
}

}  // namespace
}  // namespace weir::value
