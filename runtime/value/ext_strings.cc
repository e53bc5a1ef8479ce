// The strings extension, after cel-go ext/strings: positions count code points; ASCII texts are indexed directly. What
// is only a part of its argument is a view of it, not a copy.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "runtime/value/ext_support.h"

namespace weir::value {
namespace {

using ext::ListBuilder;
using ext::TextBuilder;
constexpr size_t kNpos = std::string_view::npos;

Value out_of_range(EvalContext& ctx, int64_t position) {
  return make_error(ctx, ErrorCode::kIndexOutOfRange, fmt::format("index out of range: {}", position));
}

// Byte offset of a position, or npos (also for a negative one).
size_t offset(std::string_view text, int64_t position) {
  return position < 0 ? kNpos : utf8::offset_of(text, static_cast<uint64_t>(position));
}

// First occurrence at or after byte `from`; linear time (glibc's memmem is the two-way algorithm).
size_t find_first(std::string_view text, std::string_view part, size_t from) {
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? kNpos : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

// Last occurrence in the text; linear time (Knuth-Morris-Pratt from the right) once the part is long enough to matter.
size_t find_last(std::string_view text, std::string_view part) {
  constexpr size_t kShort = 16;
  if (part.size() <= kShort) return text.rfind(part);
  const size_t m = part.size();
  std::vector<size_t> border(m, 0);
  auto at = [&](size_t i) { return part[m - 1 - i]; };
  for (size_t i = 1, k = 0; i < m; ++i) {
    while (k > 0 && at(i) != at(k)) k = border[k - 1];
    if (at(i) == at(k)) ++k;
    border[i] = k;
  }
  for (size_t i = text.size(), k = 0; i-- > 0;) {
    while (k > 0 && text[i] != at(k)) k = border[k - 1];
    if (text[i] == at(k)) ++k;
    if (k == m) return i;
  }
  return kNpos;
}

Value position_of(std::string_view text, size_t byte) {
  return Value::integer(byte == kNpos ? -1 : static_cast<int64_t>(count_code_points(text.substr(0, byte))));
}

Value char_at(EvalContext& ctx, std::string_view text, int64_t position) {
  size_t at = offset(text, position);
  if (at == kNpos) return out_of_range(ctx, position);
  return Value::string(at == text.size() ? std::string_view() : text.substr(at, utf8::decode(text, at).size));
}

Value index_of_from(EvalContext& ctx, std::string_view text, std::string_view part, int64_t position) {
  if (part.empty()) return Value::integer(position);
  size_t at = offset(text, position);
  if (at == kNpos || at == text.size()) return out_of_range(ctx, position);
  return position_of(text, find_first(text, part, at));
}

Value last_index_of_from(EvalContext& ctx, std::string_view text, std::string_view part, int64_t position) {
  if (part.empty()) return Value::integer(position);
  size_t at = offset(text, position);
  if (at == kNpos || at == text.size()) return out_of_range(ctx, position);
  return position_of(text, find_last(text.substr(0, std::min(text.size(), at + part.size())), part));
}

Value substring(EvalContext& ctx, std::string_view text, int64_t begin, int64_t end) {
  size_t first = offset(text, begin);
  if (first == kNpos) return out_of_range(ctx, begin);
  size_t last = offset(text, end);
  if (last == kNpos) return out_of_range(ctx, end);
  if (first > last) {
    return ext::invalid(ctx, fmt::format("invalid substring range. start: {}, end: {}", begin, end));
  }
  return Value::string(text.substr(first, last - first));
}

Value substring_from(EvalContext& ctx, std::string_view text, int64_t begin) {
  size_t first = offset(text, begin);
  return first == kNpos ? out_of_range(ctx, begin) : Value::string(text.substr(first));
}

Value join(EvalContext& ctx, const ListRep& list, std::string_view separator) {
  size_t size = 0;
  for (uint32_t i = 0; i < list.size; ++i) {
    if (!list.items[i].is(Kind::kString)) return Value::fail(ErrorCode::kNoSuchOverload);
    size += list.items[i].aux + separator.size();
  }
  TextBuilder text(ctx, size);
  for (uint32_t i = 0; i < list.size && !text.failed(); ++i) {
    if (i > 0) text.append(separator);
    text.append(list.items[i].str());
  }
  return text.finish();
}

// At most `limit` parts; all if it is negative.
Value split(EvalContext& ctx, std::string_view text, std::string_view separator, int64_t limit) {
  ListBuilder parts(ctx, 0);
  if (limit == 0 || (text.empty() && separator.empty())) return parts.finish();
  size_t at = 0;
  for (int64_t n = 1; n != limit && !parts.failed(); ++n) {
    size_t next;
    if (separator.empty()) {
      next = at + utf8::decode(text, at).size;
      if (next >= text.size()) break;
    } else {
      next = find_first(text, separator, at);
      if (next == kNpos) break;
    }
    parts.add(Value::string(text.substr(at, next - at)));
    at = next + separator.size();
  }
  parts.add(Value::string(text.substr(at)));
  return parts.finish();
}

// The first `limit` occurrences, all if it is negative. An empty text occurs before each code point and at the end.
Value replace(EvalContext& ctx, const Value& whole, std::string_view from, std::string_view to, int64_t limit) {
  std::string_view text = whole.str();
  if (limit == 0 || from == to) return whole;
  size_t found = find_first(text, from, 0);
  if (found == kNpos) return whole;
  TextBuilder result(ctx, text.size());
  size_t at = 0;
  if (limit < 0) limit = std::numeric_limits<int64_t>::max();
  while (found != kNpos && limit-- != 0 && !result.failed()) {
    result.append(text.substr(at, found - at));
    result.append(to);
    at = found + from.size();
    if (from.empty()) {
      found = at == text.size() ? kNpos : at + utf8::decode(text, at).size;
    } else {
      found = find_first(text, from, at);
    }
  }
  result.append(text.substr(at));
  return result.finish();
}

Value trim(std::string_view text) {
  size_t begin = 0;
  while (begin < text.size()) {
    utf8::CodePoint c = utf8::decode(text, begin);
    if (!utf8::is_space(c.value)) break;
    begin += c.size;
  }
  size_t end = text.size();
  while (end > begin) {
    size_t last = end - 1;
    while (last > begin && utf8::is_continuation(text[last])) --last;
    if (!utf8::is_space(utf8::decode(text, last).value)) break;
    end = last;
  }
  return Value::string(text.substr(begin, end - begin));
}

// Letters of [first, first + 26) get their other case.
Value switch_case(EvalContext& ctx, const Value& whole, char first) {
  std::string_view text = whole.str();
  auto concerned = [first](char c) { return static_cast<unsigned char>(c - first) < 26; };
  if (std::none_of(text.begin(), text.end(), concerned)) return whole;
  char* copy = ctx.arena->allocate_array<char>(text.size());
  if (copy == nullptr) return budget_error();
  std::transform(text.begin(), text.end(), copy,
                 [&](char c) { return static_cast<char>(concerned(c) ? c ^ 0x20 : c); });
  return Value::string({copy, text.size()});
}

Value reverse(EvalContext& ctx, std::string_view text) {
  char* copy = ctx.arena->allocate_array<char>(text.size());
  if (copy == nullptr) return budget_error();
  if (is_ascii(text)) {
    std::reverse_copy(text.begin(), text.end(), copy);
  } else {
    for (size_t at = 0; at < text.size();) {
      size_t size = utf8::decode(text, at).size;
      std::memcpy(copy + (text.size() - at - size), text.data() + at, size);
      at += size;
    }
  }
  return Value::string({copy, text.size()});
}

Value quote(EvalContext& ctx, std::string_view text) {
  constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view kLetters = "abfnrtv\\\"";
  TextBuilder result(ctx, text.size() + 16);
  result.append('"');
  for (size_t at = 0; at < text.size() && !result.failed();) {
    utf8::CodePoint c = utf8::decode(text, at);
    size_t escape = c.value < 0x80 ? kEscaped.find(static_cast<char>(c.value)) : kNpos;
    if (escape != kNpos) {
      result.append('\\');
      result.append(kLetters[escape]);
    } else {
      result.append_code_point(c.value);
    }
    at += c.size;
  }
  result.append('"');
  return result.finish();
}

}  // namespace

WEIR_BODY_LINEAR(char_at, 1, char_at(ctx, args[0].str(), args[1].i))
WEIR_BODY_LINEAR(index_of, 2, position_of(args[0].str(), find_first(args[0].str(), args[1].str(), 0)))
WEIR_BODY_LINEAR(index_of_from, 2, index_of_from(ctx, args[0].str(), args[1].str(), args[2].i))
WEIR_BODY_LINEAR(last_index_of, 2, position_of(args[0].str(), find_last(args[0].str(), args[1].str())))
WEIR_BODY_LINEAR(last_index_of_from, 2, last_index_of_from(ctx, args[0].str(), args[1].str(), args[2].i))
WEIR_BODY_OF(join, 1, join(ctx, *args[0].list, {}), Kind::kList)
WEIR_BODY_OF(join_separator, 2, join(ctx, *args[0].list, args[1].str()), Kind::kList, Kind::kString)
WEIR_BODY_LINEAR(split, 2, split(ctx, args[0].str(), args[1].str(), -1))
WEIR_BODY_LINEAR(split_limit, 2, split(ctx, args[0].str(), args[1].str(), args[2].i))
WEIR_BODY_LINEAR(substring, 1, substring_from(ctx, args[0].str(), args[1].i))
WEIR_BODY_LINEAR(substring_range, 1, substring(ctx, args[0].str(), args[1].i, args[2].i))
WEIR_BODY_LINEAR(replace, 3, replace(ctx, args[0], args[1].str(), args[2].str(), -1))
WEIR_BODY_LINEAR(replace_limit, 3, replace(ctx, args[0], args[1].str(), args[2].str(), args[3].i))
WEIR_BODY_LINEAR(trim, 1, trim(args[0].str()))
WEIR_BODY_LINEAR(lower_ascii, 1, switch_case(ctx, args[0], 'A'))
WEIR_BODY_LINEAR(upper_ascii, 1, switch_case(ctx, args[0], 'a'))
WEIR_BODY_LINEAR(reverse_string, 1, reverse(ctx, args[0].str()))
WEIR_BODY_LINEAR(quote, 1, quote(ctx, args[0].str()))

}  // namespace weir::value
