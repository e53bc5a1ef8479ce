// A text as three words: its first and last eight bytes, and its length. Texts of up to 16 bytes differ in one of them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::value {

struct TextEnds {
  uint64_t prefix = 0;  // the first byte in the lowest bits; 0 where the text is shorter
  uint64_t suffix = 0;  // the last byte in the highest bits
  uint64_t length = 0;

  static constexpr uint64_t kTold = 16;  // longer texts may have the same ends and not be the same

  static TextEnds of(std::string_view text) {
    static_assert(std::endian::native == std::endian::little);
    const auto read = [&](auto word, size_t at) {
      std::memcpy(&word, text.data() + at, sizeof word);
      return uint64_t{word};
    };
    const size_t size = text.size();
    if (size >= 8) return {read(uint64_t{}, 0), read(uint64_t{}, size - 8), size};
    uint64_t w = 0;
    if (size >= 4) {
      w = read(uint32_t{}, 0) | read(uint32_t{}, size - 4) << (8 * (size - 4));
    } else if (size > 0) {
      for (size_t i : {size_t{0}, size / 2, size - 1}) w |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
    }
    return {w, size == 0 ? 0 : w << (8 * (8 - size)), size};
  }
  uint64_t hash() const {
    uint64_t h = (prefix ^ 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;
    h = (h ^ (h >> 32) ^ suffix ^ length << 56) * 0xc4ceb9fe1a85ec53ull;
    return h ^ (h >> 29);
  }
  friend bool operator==(const TextEnds&, const TextEnds&) = default;
};

}  // namespace weir::value
