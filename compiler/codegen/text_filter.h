// Filters of one text for many needles: which bytes, pairs and triples of bytes occur in it, hashed into a table of
// bytes.
//
// The table is made once an event for a string slot that rules search. A needle whose pairs or triples are not all in
// it does not occur: most `contains` and `matches` of a rule set are decided by three looks. As Bloom's filter of grams
// in code search; ASCII letters are folded so that one table serves patterns of either case. Bytes rather than bits: a
// byte is set without being read first, which takes a third of the time, and the text's length of it is all there is to
// pay.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::codegen {

inline constexpr uint32_t kFilterBits = 11;
inline constexpr uint32_t kFilterSize = 1u << kFilterBits;
// The table, and 8 bytes of which the first is not 0 if the text is not plain ASCII (see value::required_literals).
inline constexpr uint32_t kFilterWords = kFilterSize / 8 + 1;
// Longer texts have nearly all grams: nothing is known of them.
inline constexpr size_t kMaxFilteredText = 4096;

// Of which lengths grams are looked for: bits 0 to 2 stand for 1 to 3.
using GramLengths = uint8_t;

// Four bytes that begin with the gram, as they lie in memory. One bit makes upper case lower case (and merges a few
// other bytes, which is harmless); the shift leaves out what is behind the gram.
constexpr uint32_t place_of_gram(uint32_t bytes, uint32_t length) {
  constexpr uint32_t kFactors[] = {0xc2b2ae35u, 0x9e3779b1u, 0x85ebca6bu};
  return ((bytes | 0x20202020u) << (8 * (4 - length))) * kFactors[length - 1] >> (32 - kFilterBits);
}

// Fills kFilterWords words.
void fill_filter(std::string_view text, GramLengths lengths, uint64_t* words);

// Places that are all set for every text that contains all of the literals: at most kMaxNeedlePlaces; none if the
// literals are empty. `lengths`: those of the grams are added.
inline constexpr size_t kMaxNeedlePlaces = 3;
std::vector<uint32_t> needle_places(const std::vector<std::string>& literals, GramLengths& lengths);

}  // namespace weir::codegen
