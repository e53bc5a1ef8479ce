#include "compiler/codegen/text_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir::codegen {
namespace {

static_assert(std::endian::native == std::endian::little);

// Up to four bytes as they lie in memory.
uint32_t bytes_at(const char* p, size_t count) {
  uint32_t bytes = 0;
  std::memcpy(&bytes, p, std::min<size_t>(count, 4));
  return bytes;
}

template <GramLengths kLengths>
void set_grams_at(uint32_t bytes, uint8_t* table) {
  if constexpr ((kLengths & 1) != 0) table[place_of_gram(bytes, 1)] = 1;
  if constexpr ((kLengths & 2) != 0) table[place_of_gram(bytes, 2)] = 1;
  if constexpr ((kLengths & 4) != 0) table[place_of_gram(bytes, 3)] = 1;
}

template <GramLengths kLengths>
void set_grams(std::string_view text, uint8_t* table) {
  size_t i = 0;
  for (; i + 4 <= text.size(); ++i) set_grams_at<kLengths>(bytes_at(text.data() + i, 4), table);
  const auto rest = [&](size_t length) { return i + length <= text.size(); };
  for (; i < text.size(); ++i) {
    const uint32_t bytes = bytes_at(text.data() + i, text.size() - i);
    set_grams_at<kLengths & 1>(bytes, table);
    if (rest(2)) set_grams_at<kLengths & 2>(bytes, table);
    if (rest(3)) set_grams_at<kLengths & 4>(bytes, table);
  }
}

using SetGrams = void (*)(std::string_view, uint8_t*);
constexpr SetGrams kSetGrams[] = {set_grams<0>, set_grams<1>, set_grams<2>, set_grams<3>,
                                  set_grams<4>, set_grams<5>, set_grams<6>, set_grams<7>};

bool is_ascii(std::string_view text) {
  uint8_t all = 0;
  for (char c : text) all |= static_cast<uint8_t>(c);
  return all < 0x80;
}

}  // namespace

void fill_filter(std::string_view text, GramLengths lengths, uint64_t* words) {
  auto* const table = reinterpret_cast<uint8_t*>(words);
  const bool is_long = text.size() > kMaxFilteredText;
  // Of a size that the compiler knows it makes `rep stos`, which takes as long to begin as all the rest.
  static const volatile size_t size = kFilterWords * sizeof(uint64_t);
  std::memset(table, is_long ? 1 : 0, size);
  if (is_long) return;
  kSetGrams[lengths](text, table);
  table[kFilterSize] = is_ascii(text) ? 0 : 1;
}

std::vector<uint32_t> needle_places(const std::vector<std::string>& literals, GramLengths& lengths) {
  std::vector<uint32_t> places;
  for (const std::string& literal : literals) {
    const auto length = static_cast<uint32_t>(std::min<size_t>(literal.size(), 3));
    if (length == 0) continue;
    lengths |= static_cast<GramLengths>(1u << (length - 1));
    // Ends and middle: neighbours tell less than grams far apart.
    const size_t last = literal.size() - length;
    for (size_t i : {size_t{0}, last, last / 2}) {
      places.push_back(place_of_gram(bytes_at(literal.data() + i, length), length));
      if (last == 0) break;
    }
  }
  if (places.size() > kMaxNeedlePlaces) places.resize(kMaxNeedlePlaces);
  std::ranges::sort(places);
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace weir::codegen
