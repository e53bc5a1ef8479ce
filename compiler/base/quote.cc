#include "compiler/base/quote.h"

#include <fmt/format.h>

#include <iterator>

namespace weir::base {

namespace {

// The letter of a character's short escape, 0 if it has none.
char short_escape(char c) {
  switch (c) {
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '"':
    case '\\':
      return c;
    default:
      return 0;
  }
}

void append(std::string& out, std::string_view text, bool ascii_only) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (char letter = short_escape(c)) {
      out += '\\';
      out += letter;
    } else if (byte < 0x20 || byte == 0x7F || (ascii_only && byte > 0x7F)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) { append(out, text, false); }
void append_quoted_bytes(std::string& out, std::string_view bytes) { append(out, bytes, true); }

std::string quote(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string quote_bytes(std::string_view bytes) {
  std::string out = "b";
  append_quoted_bytes(out, bytes);
  return out;
}

}  // namespace weir::base
