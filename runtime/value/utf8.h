// Strings as code points. Texts are valid UTF-8 (the boundary checks it) unless a function says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::value {

inline bool is_ascii(std::string_view s) {
  size_t i = 0;
  uint64_t seen = 0;
  for (; i + 8 <= s.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, s.data() + i, 8);
    seen |= word;
  }
  unsigned char rest = 0;
  for (; i < s.size(); ++i) rest |= static_cast<unsigned char>(s[i]);
  return (seen & 0x8080808080808080) == 0 && rest < 0x80;
}

// Every byte that does not continue a sequence starts a code point; the loop is one that compilers vectorise.
inline size_t count_code_points(std::string_view s) {
  size_t n = 0;
  for (char c : s) n += static_cast<signed char>(c) > -65;
  return n;
}

// Bytes of the sequence that starts with this byte.
inline size_t sequence_length(char first) {
  unsigned char c = static_cast<unsigned char>(first);
  return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

// Byte offset of a code point; s.size() if there are no more than `index`.
inline size_t code_point_offset(std::string_view s, size_t index) {
  size_t at = 0;
  while (index > 0 && at < s.size()) {
    at += sequence_length(s[at]);
    --index;
  }
  return at < s.size() ? at : s.size();
}

// The code point at a byte offset, which is advanced past it.
inline uint32_t next_code_point(std::string_view s, size_t* at) {
  unsigned char c = static_cast<unsigned char>(s[*at]);
  size_t length = sequence_length(s[*at]);
  if (length == 1 || *at + length > s.size()) {
    ++*at;
    return c;
  }
  uint32_t point = c & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) point = point << 6 | (static_cast<unsigned char>(s[*at + i]) & 0x3f);
  *at += length;
  return point;
}

// Any bytes: whether they are UTF-8 as the Unicode standard defines it (no surrogates, no overlong forms).
bool valid_utf8(std::string_view s);
void append_utf8(std::string& out, uint32_t code_point);

}  // namespace weir::value
