#include "compiler/codegen/text_filter.h"

#include <re2/filtered_re2.h>

#include <algorithm>

namespace weir::codegen {

void fill_filter(std::string_view text, uint64_t* words) {
  std::fill(words, words + kFilterWords, 0);
  auto set = [words](uint32_t bit) { words[bit / 64] |= uint64_t{1} << (bit % 64); };
  uint32_t before = 0, last = 0, all = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t c = fold_ascii(static_cast<uint8_t>(text[i]));
    all |= c;
    set(byte_bit(c));
    if (i >= 1) set(pair_bit(last, c));
    if (i >= 2) set(triple_bit(before, last, c));
    before = last;
    last = c;
  }
  words[kFilterWords - 1] = all >> 7;
}

std::vector<uint32_t> needle_bits(const std::vector<std::string>& literals) {
  std::vector<uint32_t> bits;
  for (const std::string& literal : literals) {
    auto at = [&](size_t i) -> uint32_t { return fold_ascii(static_cast<uint8_t>(literal[i])); };
    if (literal.size() == 1) bits.push_back(byte_bit(at(0)));
    if (literal.size() == 2) bits.push_back(pair_bit(at(0), at(1)));
    if (literal.size() < 3) continue;
    // Ends and middle: neighbours tell less than grams far apart.
    size_t last = literal.size() - 3;
    for (size_t i : {size_t{0}, last, last / 2}) bits.push_back(triple_bit(at(i), at(i + 1), at(i + 2)));
  }
  if (bits.size() > kMaxNeedleBits) bits.resize(kMaxNeedleBits);
  std::ranges::sort(bits);
  bits.erase(std::unique(bits.begin(), bits.end()), bits.end());
  return bits;
}

std::vector<std::vector<std::string>> required_literals(const std::string& pattern) {
  constexpr int kMinLength = 1;
  constexpr size_t kMaxAlternatives = 4;
  RE2::Options options;
  options.set_log_errors(false);
  re2::FilteredRE2 filter(kMinLength);
  int id = 0;
  if (filter.Add(pattern, options, &id) != RE2::NoError) return {};
  std::vector<std::string> atoms;
  filter.Compile(&atoms);
  auto matches_without = [&](size_t absent) {
    std::vector<int> present, possible;
    for (size_t i = 0; i < atoms.size(); ++i)
      if (i != absent) present.push_back(static_cast<int>(i));
    filter.AllPotentials(present, &possible);
    return !possible.empty();
  };
  auto is_ascii = [](const std::string& atom) {
    return std::ranges::all_of(atom, [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  };
  // Atoms that each match needs, if there are any; else one of all, if no match does without.
  std::vector<std::string> required;
  for (size_t i = 0; i < atoms.size(); ++i)
    if (is_ascii(atoms[i]) && !matches_without(i)) required.push_back(atoms[i]);
  if (!required.empty()) {
    // Long ones say most; a space says least.
    std::ranges::stable_sort(required, std::ranges::greater{},
                             [](const std::string& atom) { return atom == " " ? 0 : atom.size(); });
    return {required};
  }
  std::vector<int> none, possible;
  filter.AllPotentials(none, &possible);
  if (atoms.empty() || atoms.size() > kMaxAlternatives || !possible.empty()) return {};
  std::vector<std::vector<std::string>> alternatives;
  for (const std::string& atom : atoms) {
    if (!is_ascii(atom)) return {};
    alternatives.push_back({atom});
  }
  return alternatives;
}

bool holds_for_all_texts(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (static_cast<uint8_t>(pattern[i]) >= 0x80) return false;
    std::string_view rest = pattern.substr(i);
    if (rest.starts_with("(?") && !rest.starts_with("(?:")) return false;
    if (pattern[i] != '\\' || i + 1 == pattern.size()) continue;
    ++i;
    if (std::string_view("xpPQ01234567").find(pattern[i]) != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace weir::codegen
