// Filters of one text for many needles: which bytes, pairs and triples of bytes occur in it, hashed into a few hundred
// bytes.
//
// The set is made once an event for a string slot that rules search. A needle whose pairs or triples are not all in the
// set does not occur: most `contains` and `matches` of a rule set are decided by three bit tests. As Bloom's filter of
// grams in code search; ASCII letters are folded so that one set serves patterns of either case.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::codegen {

inline constexpr uint32_t kFilterBits = 4096;
// The set, and a word that is not 0 if the text is not plain ASCII (see value::required_literals).
inline constexpr uint32_t kFilterWords = kFilterBits / 64 + 1;

inline uint8_t fold_ascii(uint8_t c) { return static_cast<uint8_t>(c - 'A') < 26 ? c | 0x20 : c; }
inline uint32_t byte_bit(uint32_t a) { return (a * 0xc2b2ae35u) >> 20; }
inline uint32_t pair_bit(uint32_t a, uint32_t b) { return ((a | b << 8) * 0x9e3779b1u) >> 20; }
inline uint32_t triple_bit(uint32_t a, uint32_t b, uint32_t c) { return ((a | b << 8 | c << 16) * 0x85ebca6bu) >> 20; }

// Fills kFilterWords words.
void fill_filter(std::string_view text, uint64_t* words);

// Bits that are all set for every text that contains all of the literals: at most kMaxNeedleBits; none if the literals
// are empty.
inline constexpr size_t kMaxNeedleBits = 3;
std::vector<uint32_t> needle_bits(const std::vector<std::string>& literals);

}  // namespace weir::codegen
