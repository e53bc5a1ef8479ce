// "…".format([…]), after cel-go ext/formatting_v2: independent of the locale, all value kinds, nested lists and maps.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "runtime/value/ext_support.h"
#include "runtime/value/operations.h"
#include "runtime/value/text.h"

namespace weir::value {
namespace {

using ext::TextBuilder;

constexpr int kDefaultPrecision = 6;
constexpr int kMaxPrecision = 1000;
constexpr size_t kMaxDouble = 400;  // characters of a double without an exponent

// NaN, Infinity and -Infinity have words of their own under every clause.
bool append_special(TextBuilder& out, double d) {
  if (std::isnan(d)) {
    out.append("NaN");
  } else if (std::isinf(d)) {
    out.append(d < 0 ? "-Infinity" : "Infinity");
  } else {
    return false;
  }
  return true;
}

// Shortest digits that read back as the same number, without an exponent.
void append_double(TextBuilder& out, double d) {
  if (append_special(out, d)) return;
  char buffer[kMaxDouble];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed).ptr;
  out.append(std::string_view(buffer, static_cast<size_t>(end - buffer)));
}

template <typename Integer>
void append_integer(TextBuilder& out, Integer i, int base, bool upper = false) {
  char buffer[72];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, i, base).ptr;
  if (upper)
    std::transform(buffer, end, buffer, [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  out.append(std::string_view(buffer, static_cast<size_t>(end - buffer)));
}

// %s. False for a kind that has no such text.
bool append_value(EvalContext& ctx, TextBuilder& out, const Value& v) {
  if (out.failed() || !charge(ctx, 1)) return true;
  switch (v.kind) {
    case Kind::kNull:
      out.append("null");
      return true;
    case Kind::kBool:
      out.append(v.i != 0 ? "true" : "false");
      return true;
    case Kind::kInt:
      append_integer(out, v.i, 10);
      return true;
    case Kind::kUint:
      append_integer(out, v.u, 10);
      return true;
    case Kind::kDouble:
      append_double(out, v.d);
      return true;
    case Kind::kString:
    case Kind::kType:
      out.append(v.str());
      return true;
    case Kind::kBytes:  // malformed UTF-8 must not get into a text
      for (size_t at = 0; at < v.str().size();) {
        utf8::CodePoint c = utf8::decode(v.str(), at);
        out.append_code_point(c.value);
        at += c.size;
      }
      return true;
    case Kind::kTimestamp:
      out.append(format_timestamp(v.i, v.aux));
      return true;
    case Kind::kDuration:
      out.append(format_duration(v.i, v.aux));
      return true;
    case Kind::kList:
      out.append('[');
      for (uint32_t i = 0; i < v.list->size && !out.failed() && ctx.steps >= 0; ++i) {
        if (i > 0) out.append(", ");
        if (!append_value(ctx, out, v.list->items[i])) return false;
      }
      out.append(']');
      return true;
    case Kind::kMap: {
      // By key, so that equal maps have equal texts.
      std::vector<std::pair<std::string, const Value*>> entries;
      entries.reserve(v.map->size);
      for (uint32_t i = 0; i < v.map->size; ++i) {
        entries.emplace_back(to_text(v.map->entries[i].key), &v.map->entries[i].value);
      }
      std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      out.append('{');
      for (size_t i = 0; i < entries.size() && !out.failed() && ctx.steps >= 0; ++i) {
        if (i > 0) out.append(", ");
        out.append(entries[i].first);
        out.append(": ");
        if (!append_value(ctx, out, *entries[i].second)) return false;
      }
      out.append('}');
      return true;
    }
    default:
      return false;
  }
}

bool append_decimal(TextBuilder& out, const Value& v) {
  if (v.is(Kind::kInt)) {
    append_integer(out, v.i, 10);
  } else if (v.is(Kind::kUint)) {
    append_integer(out, v.u, 10);
  } else if (v.is(Kind::kDouble)) {
    append_double(out, v.d);
  } else {
    return false;
  }
  return true;
}

bool append_fraction(TextBuilder& out, const Value& v, int precision, bool scientific) {
  double d;
  if (v.is(Kind::kInt)) {
    d = static_cast<double>(v.i);
  } else if (v.is(Kind::kUint)) {
    d = static_cast<double>(v.u);
  } else if (v.is(Kind::kDouble)) {
    d = v.d;
  } else {
    return false;
  }
  if (append_special(out, d)) return true;
  char buffer[kMaxDouble + kMaxPrecision];
  auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  char* end = std::to_chars(buffer, buffer + sizeof buffer, d, format, precision).ptr;
  out.append(std::string_view(buffer, static_cast<size_t>(end - buffer)));
  return true;
}

bool append_based(TextBuilder& out, const Value& v, char clause) {
  int base = clause == 'b' ? 2 : clause == 'o' ? 8 : 16;
  if (v.is(Kind::kInt)) {
    append_integer(out, v.i, base, clause == 'X');
  } else if (v.is(Kind::kUint)) {
    append_integer(out, v.u, base, clause == 'X');
  } else if (v.is(Kind::kBool) && clause == 'b') {
    out.append(v.i != 0 ? '1' : '0');
  } else if ((v.is(Kind::kString) || v.is(Kind::kBytes)) && base == 16) {
    const char* digits = clause == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    for (char c : v.str()) {
      out.append(digits[static_cast<unsigned char>(c) >> 4]);
      out.append(digits[static_cast<unsigned char>(c) & 15]);
    }
  } else {
    return false;
  }
  return true;
}

std::string_view accepted_kinds(char clause) {
  switch (clause) {
    case 's':
      return "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
             "and "
             "timestamps";
    case 'd':
      return "decimal clause can only be used on ints, uints, and doubles";
    case 'f':
      return "fixed-point clause can only be used on ints, uints, and doubles";
    case 'e':
      return "scientific clause can only be used on ints, uints, and doubles";
    case 'b':
      return "only integers and bools can be formatted as binary";
    case 'o':
      return "octal clause can only be used on integers";
    default:
      return "only integers, byte buffers, and strings can be formatted as hex";
  }
}

// One clause, at text[at] just after the percent sign; at is moved behind it. A message if it is malformed.
struct Clause {
  char letter = 0;
  int precision = kDefaultPrecision;
  std::string problem;
};

Clause read_clause(std::string_view text, size_t& at) {
  Clause clause;
  if (at < text.size() && text[at] == '.') {
    size_t digits = ++at;
    int precision = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      precision = std::min(precision * 10 + (text[at++] - '0'), kMaxPrecision + 1);
    }
    if (at == digits) {
      clause.problem = "error while parsing precision: digits expected after `.`";
    } else if (precision > kMaxPrecision) {
      clause.problem = fmt::format("error while parsing precision: more than {} digits", kMaxPrecision);
    }
    clause.precision = precision;
    if (!clause.problem.empty()) return clause;
  }
  if (at >= text.size()) {
    clause.problem = "unexpected end of string";
    return clause;
  }
  clause.letter = text[at++];
  if (std::string_view("sdfebxXo").find(clause.letter) == std::string_view::npos) {
    utf8::CodePoint c = utf8::decode(text, at - 1);
    clause.problem = fmt::format("unrecognized formatting clause \"{}\"", text.substr(at - 1, c.size));
  }
  return clause;
}

bool append_clause(EvalContext& ctx, TextBuilder& out, const Clause& clause, const Value& v) {
  switch (clause.letter) {
    case 's':
      return append_value(ctx, out, v);
    case 'd':
      return append_decimal(out, v);
    case 'f':
    case 'e':
      return append_fraction(out, v, clause.precision, clause.letter == 'e');
    default:
      return append_based(out, v, clause.letter);
  }
}

Value format(EvalContext& ctx, std::string_view text, const ListRep& values) {
  TextBuilder out(ctx, text.size() + 16 * size_t{values.size});
  uint32_t next = 0;
  for (size_t at = 0; at < text.size() && !out.failed() && ctx.steps >= 0;) {
    size_t percent = text.find('%', at);
    out.append(text.substr(at, percent - at));
    if (percent == std::string_view::npos) break;
    at = percent + 1;
    if (at < text.size() && text[at] == '%') {
      out.append('%');
      ++at;
      continue;
    }
    if (next >= values.size) return ext::invalid(ctx, fmt::format("index {} out of range", next));
    Clause clause = read_clause(text, at);
    if (!clause.problem.empty()) {
      return ext::invalid(ctx, fmt::format("could not parse formatting clause: {}", clause.problem));
    }
    const Value& v = values.items[next++];
    if (!append_clause(ctx, out, clause, v)) {
      return ext::invalid(
          ctx, fmt::format("error during formatting: {}, was given {}", accepted_kinds(clause.letter), type_name(v)));
    }
  }
  return ctx.steps < 0 ? budget_error() : out.finish();
}

}  // namespace

WEIR_BODY_OF(format, 2, format(ctx, args[0].str(), *args[1].list), Kind::kString, Kind::kList)

}  // namespace weir::value
