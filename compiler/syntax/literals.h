// Values of CEL's literals from their source text (langdef, "String and Bytes Values" and "Numeric Values").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::syntax {

struct LiteralError {
  size_t begin = 0;  // bytes of the literal's text
  size_t end = 0;
  std::string message;
  std::string hint;
};

// The parts of a string or bytes token: prefix letters, quotes, and what is between them.
struct QuotedText {
  bool raw = false;
  bool bytes = false;
  bool triple = false;
  size_t content_begin = 0;
  std::string_view content;
};
QuotedText split_quoted(std::string_view token);

// The value of a STRING or BYTES token; newlines in it count as LF. Empty result and `error` set if an escape is bad.
std::optional<std::string> decode_quoted(std::string_view token, LiteralError& error);
// The same for a piece of a string's content; positions in `error` count from the piece's start.
std::optional<std::string> decode_content(std::string_view content, bool raw, bool bytes, LiteralError& error);

// Empty if the number is out of range. `negative` says that a minus sign precedes the text.
std::optional<int64_t> decode_int(std::string_view text, bool negative);
std::optional<uint64_t> decode_uint(std::string_view text);  // with its suffix
std::optional<double> decode_double(std::string_view text);
// `1h30m` in nanoseconds; empty if it does not fit.
std::optional<int64_t> decode_duration(std::string_view text);

// The other way: `1h30m`, in the fewest units; nanoseconds below a millisecond as `5ns`.
std::string duration_text(int64_t nanos);

}  // namespace weir::syntax
