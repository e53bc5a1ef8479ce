#include "compiler/codegen/text_filter.h"

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

}  // namespace weir::codegen
