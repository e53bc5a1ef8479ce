#include "compiler/syntax/literals.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "compiler/base/hex.h"

namespace weir::syntax {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Reads one escape sequence after another out of a literal's content.
class EscapeReader {
 public:
  EscapeReader(std::string_view content, bool bytes, LiteralError& error)
      : content_(content), bytes_(bytes), error_(error) {}

  // `at` is the backslash's place and moves past the sequence.
  bool read(size_t& at, std::string& out) {
    size_t begin = at;
    if (at + 1 >= content_.size()) return fail(begin, begin + 1, "escape sequence without a character");
    char c = content_[at + 1];
    at += 2;
    switch (c) {
      case 'a':
        out += '\a';
        return true;
      case 'b':
        out += '\b';
        return true;
      case 'f':
        out += '\f';
        return true;
      case 'n':
        out += '\n';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'v':
        out += '\v';
        return true;
      case '\\':
      case '?':
      case '"':
      case '\'':
      case '`':
        out += c;
        return true;
      case 'x':
      case 'X':
        return read_hex(begin, at, 2, c, out);
      case 'u':
        return read_hex(begin, at, 4, c, out);
      case 'U':
        return read_hex(begin, at, 8, c, out);
      default:
        break;
    }
    if (c >= '0' && c <= '3') return read_octal(begin, at, out);
    // The whole code point, should the character be no ASCII.
    size_t end = begin + 2;
    while (end < content_.size() && (static_cast<unsigned char>(content_[end]) & 0xC0) == 0x80) ++end;
    return fail(begin, end, fmt::format("unknown escape sequence `{}`", content_.substr(begin, end - begin)));
  }

 private:
  bool fail(size_t begin, size_t end, std::string message, std::string hint = {}) {
    if (hint.empty()) hint = "write `\\\\` for a backslash, or a raw string r\"...\" for a regular expression";
    error_ = {begin, std::min(end, content_.size()), std::move(message), std::move(hint)};
    return false;
  }

  bool read_digits(size_t begin, size_t at, size_t count, uint32_t& code) {
    code = 0;
    for (size_t i = 0; i < count; ++i) {
      int digit = at + i < content_.size() ? base::hex_digit(content_[at + i]) : -1;
      if (digit < 0) {
        return fail(begin, at + i, fmt::format("escape sequence needs {} hexadecimal digits", count));
      }
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return true;
  }

  bool read_hex(size_t begin, size_t& at, size_t count, char letter, std::string& out) {
    if (bytes_ && count > 2) {
      return fail(begin, at, fmt::format("`\\{}` is not allowed in a bytes literal", letter),
                  "write its UTF-8 bytes as `\\x..`");
    }
    uint32_t code = 0;
    if (!read_digits(begin, at, count, code)) return false;
    at += count;
    if (bytes_) {
      out += static_cast<char>(code);
      return true;
    }
    constexpr uint32_t kHighSurrogate = 0xD800, kLowSurrogate = 0xDC00, kSurrogateEnd = 0xE000;
    if (code >= kHighSurrogate && code < kLowSurrogate && count == 4 && content_.substr(at, 2) == "\\u") {
      uint32_t low = 0;
      if (!read_digits(begin, at + 2, 4, low)) return false;
      if (low >= kLowSurrogate && low < kSurrogateEnd) {
        at += 6;
        append_utf8(out, 0x10000 + ((code - kHighSurrogate) << 10) + (low - kLowSurrogate));
        return true;
      }
    }
    if (code > 0x10FFFF || (code >= kHighSurrogate && code < kSurrogateEnd)) {
      return fail(begin, at, fmt::format("`{}` is not a Unicode code point", content_.substr(begin, at - begin)),
                  "code points run to 10FFFF without D800 to DFFF");
    }
    append_utf8(out, code);
    return true;
  }

  bool read_octal(size_t begin, size_t& at, std::string& out) {
    if (at + 1 >= content_.size() || !is_octal(content_[at]) || !is_octal(content_[at + 1])) {
      return fail(begin, at + 1, "octal escape sequence needs three digits, `\\000` to `\\377`");
    }
    uint32_t code = 0;
    for (size_t i = begin + 1; i < begin + 4; ++i) code = code * 8 + static_cast<uint32_t>(content_[i] - '0');
    at = begin + 4;
    if (bytes_) {
      out += static_cast<char>(code);
    } else {
      append_utf8(out, code);
    }
    return true;
  }

  std::string_view content_;
  bool bytes_;
  LiteralError& error_;
};

}  // namespace

QuotedText split_quoted(std::string_view token) {
  QuotedText out;
  size_t quote = token.find_first_of("\"'");
  for (char c : token.substr(0, quote)) {
    if (c == 'r' || c == 'R') out.raw = true;
    if (c == 'b' || c == 'B') out.bytes = true;
  }
  std::string_view quoted = token.substr(quote);
  out.triple = quoted.size() >= 6 && quoted[1] == quoted[0] && quoted[2] == quoted[0];
  size_t width = out.triple ? 3 : 1;
  out.content_begin = quote + width;
  out.content = quoted.substr(width, quoted.size() - 2 * width);
  return out;
}

std::optional<std::string> decode_content(std::string_view content, bool raw, bool bytes, LiteralError& error) {
  std::string out;
  out.reserve(content.size());
  EscapeReader escapes(content, bytes, error);
  for (size_t i = 0; i < content.size();) {
    char c = content[i];
    if (c == '\\' && !raw) {
      if (!escapes.read(i, out)) return std::nullopt;
    } else if (c == '\r') {
      out += '\n';
      i += i + 1 < content.size() && content[i + 1] == '\n' ? 2 : 1;
    } else {
      out += c;
      ++i;
    }
  }
  return out;
}

std::optional<std::string> decode_quoted(std::string_view token, LiteralError& error) {
  QuotedText quoted = split_quoted(token);
  std::optional<std::string> out = decode_content(quoted.content, quoted.raw, quoted.bytes, error);
  if (!out) {
    error.begin += quoted.content_begin;
    error.end += quoted.content_begin;
  }
  return out;
}

namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kSecond = 1000 * kMillisecond;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

std::optional<uint64_t> decode_magnitude(std::string_view text) {
  int base = 10;
  if (text.substr(0, 2) == "0x") {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> decode_int(std::string_view text, bool negative) {
  std::optional<uint64_t> magnitude = decode_magnitude(text);
  constexpr uint64_t kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (!magnitude || *magnitude > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - *magnitude : *magnitude);
}

std::optional<uint64_t> decode_uint(std::string_view text) {
  text.remove_suffix(1);
  return decode_magnitude(text);
}

std::optional<double> decode_double(std::string_view text) {
  double value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status == std::errc()) return value;
  if (status != std::errc::result_out_of_range) return std::nullopt;
  // Too small rounds to zero, too large is an error; from_chars does not say which it was.
  size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) return text[exponent + 1] == '-' ? std::optional<double>(0.0) : std::nullopt;
  size_t first = text.find_first_not_of('0');
  return first != std::string_view::npos && text[first] == '.' ? std::optional<double>(0.0) : std::nullopt;
}

std::optional<int64_t> decode_duration(std::string_view text) {
  int64_t total = 0;
  for (size_t i = 0; i < text.size();) {
    size_t digits = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    int64_t count = 0;
    auto [end, status] = std::from_chars(text.data() + digits, text.data() + i, count);
    if (status != std::errc() || i >= text.size()) return std::nullopt;
    int64_t unit = 0;
    if (text.substr(i, 2) == "ms") {
      unit = kMillisecond;
      ++i;
    } else {
      unit = text[i] == 's' ? kSecond : text[i] == 'm' ? kMinute : text[i] == 'h' ? kHour : kDay;
    }
    ++i;
    int64_t part = 0;
    if (__builtin_mul_overflow(count, unit, &part) || __builtin_add_overflow(total, part, &total)) return std::nullopt;
  }
  return total;
}

std::string duration_text(int64_t nanos) {
  if (nanos == 0) return "0s";
  struct Unit {
    std::string_view name;
    int64_t nanos;
  };
  constexpr Unit kUnits[] = {{"d", kDay},    {"h", kHour},         {"m", kMinute},
                             {"s", kSecond}, {"ms", kMillisecond}, {"ns", 1}};
  std::string out;
  for (const Unit& unit : kUnits) {
    if (nanos >= unit.nanos) out += fmt::format("{}{}", nanos / unit.nanos, unit.name);
    nanos %= unit.nanos;
  }
  return out;
}

}  // namespace weir::syntax
