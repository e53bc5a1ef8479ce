// Code points one at a time, where the text may be malformed after all (bytes, the host's strings): a malformed byte is
// read as U+FFFD of length 1, so that nothing here reads past the end or loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/value/utf8.h"

namespace weir::value::utf8 {

inline constexpr char32_t kReplacement = 0xFFFD;

inline bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

struct CodePoint {
  char32_t value;
  uint32_t size;  // bytes, at least 1
};

// The code point at byte `at` < text.size().
inline CodePoint decode(std::string_view text, size_t at) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data()) + at;
  size_t left = text.size() - at;
  unsigned char c = p[0];
  if (c < 0x80) return {c, 1};
  auto tail = [&](size_t i) { return i < left && (p[i] & 0xC0) == 0x80; };
  if (c >= 0xC2 && c <= 0xDF && tail(1)) return {static_cast<char32_t>((c & 0x1F) << 6 | (p[1] & 0x3F)), 2};
  if ((c & 0xF0) == 0xE0 && tail(1) && tail(2)) {
    char32_t v = static_cast<char32_t>((c & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F));
    if (v >= 0x800 && (v < 0xD800 || v > 0xDFFF)) return {v, 3};
  }
  if (c >= 0xF0 && c <= 0xF4 && tail(1) && tail(2) && tail(3)) {
    char32_t v = static_cast<char32_t>((c & 0x07) << 18 | (p[1] & 0x3F) << 12 | (p[2] & 0x3F) << 6 | (p[3] & 0x3F));
    if (v >= 0x10000 && v <= 0x10FFFF) return {v, 4};
  }
  return {kReplacement, 1};
}

// Writes at most 4 bytes; their number.
inline size_t encode(char32_t c, char* out) {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  if (c < 0x800) {
    out[0] = static_cast<char>(0xC0 | c >> 6);
    out[1] = static_cast<char>(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = static_cast<char>(0xE0 | c >> 12);
    out[1] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (c & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | c >> 18);
  out[1] = static_cast<char>(0x80 | (c >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (c & 0x3F));
  return 4;
}

// Byte offset of code point `n`, text.size() for n == count, npos beyond.
inline size_t offset_of(std::string_view text, uint64_t n) {
  if (is_ascii(text)) return n <= text.size() ? static_cast<size_t>(n) : std::string_view::npos;
  size_t i = 0;
  while (i < text.size()) {
    if (!is_continuation(text[i]) && n-- == 0) return i;
    ++i;
  }
  return n == 0 ? i : std::string_view::npos;
}

// Unicode property White_Space.
inline bool is_space(char32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace weir::value::utf8
