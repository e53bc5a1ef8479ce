#include "runtime/index/text_numbers.h"

#include <cstring>

namespace weir::index {
namespace {

uint64_t hash_of(std::string_view text) {
  uint64_t first = 0, last = 0;
  const size_t n = text.size();
  if (n >= 8) {
    std::memcpy(&first, text.data(), 8);
    std::memcpy(&last, text.data() + n - 8, 8);
  } else if (n >= 4) {
    std::memcpy(&first, text.data(), 4);
    std::memcpy(&last, text.data() + n - 4, 4);
  } else if (n > 0) {
    for (size_t i : {size_t{0}, n / 2, n - 1}) first = first << 8 | static_cast<uint8_t>(text[i]);
  }
  const uint64_t h = (first ^ uint64_t{n} << 56) * 0x9e3779b97f4a7c15ull ^ last * 0xc4ceb9fe1a85ec53ull;
  return h ^ h >> 32;
}

}  // namespace

std::optional<size_t> TextNumbers::number_of(std::string_view text) {
  if (text.size() > kMaxSize) return std::nullopt;
  size_t at = hash_of(text) % places_.size();
  for (; places_[at] != 0; at = (at + 1) % places_.size()) {
    const size_t number = places_[at] - size_t{1};
    const Text& known = texts_[number];
    if (known.size == text.size() && std::memcmp(known.bytes, text.data(), text.size()) == 0) return number;
  }
  const size_t number = texts_.size();
  if (number == kMax) return std::nullopt;
  Text& added = texts_.emplace_back();
  std::memcpy(added.bytes, text.data(), text.size());
  added.size = static_cast<uint32_t>(text.size());
  places_[at] = static_cast<uint8_t>(number + 1);
  return number;
}

}  // namespace weir::index
