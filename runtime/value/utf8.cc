#include "runtime/value/utf8.h"

namespace weir::value {

bool valid_utf8(std::string_view s) {
  if (is_ascii(s)) return true;
  auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  for (size_t i = 0; i < s.size();) {
    unsigned char c = byte(i);
    if (c < 0x80) {
      ++i;
      continue;
    }
    if (c < 0xc2 || c > 0xf4) return false;
    size_t length = sequence_length(s[i]);
    if (i + length > s.size()) return false;
    for (size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    unsigned char second = byte(i + 1);
    if (c == 0xe0 && second < 0xa0) return false;  // overlong
    if (c == 0xed && second > 0x9f) return false;  // surrogate
    if (c == 0xf0 && second < 0x90) return false;  // overlong
    if (c == 0xf4 && second > 0x8f) return false;  // above U+10FFFF
    i += length;
  }
  return true;
}

void append_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

}  // namespace weir::value
