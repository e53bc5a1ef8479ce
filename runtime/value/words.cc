#include "runtime/value/words.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

namespace weir::value {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string replace_malformed(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    utf8::CodePoint c = utf8::decode(text, at);
    append_utf8(result, c.value);
    at += c.size;
  }
  return result;
}

// Whether a code point that is not ASCII has one of the categories Lu … Lo, Mn … Me, Nd … No.
bool is_word_category(char32_t c) {
  auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}
static_assert(UTF8PROC_CATEGORY_LU == 1 && UTF8PROC_CATEGORY_ME == 8 && UTF8PROC_CATEGORY_ND == 9 &&
              UTF8PROC_CATEGORY_NO == 11);

}  // namespace

std::string_view fold(std::string_view text, std::string& scratch) {
  if (is_ascii(text)) {
    scratch.resize(text.size());
    std::transform(text.begin(), text.end(), scratch.begin(), lower);
    return scratch;
  }
  std::string repaired;
  if (!valid_utf8(text)) {
    repaired = replace_malformed(text);
    text = repaired;
  }
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                           UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  thread_local std::vector<utf8proc_int32_t> points;
  points.resize(std::max(points.size(), text.size() + 1));
  auto decompose = [&] {
    return utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                              static_cast<utf8proc_ssize_t>(text.size()), points.data(),
                              static_cast<utf8proc_ssize_t>(points.size() - 1), kOptions);
  };
  utf8proc_ssize_t count = decompose();
  if (count >= static_cast<utf8proc_ssize_t>(points.size())) {
    points.resize(static_cast<size_t>(count) + 1);
    count = decompose();
  }
  // Neither can fail on well-formed UTF-8 short of overflow; the text itself is the safe answer.
  if (count >= 0) count = utf8proc_reencode(points.data(), count, kOptions);
  if (count < 0) {
    scratch.assign(text);
  } else {
    scratch.assign(reinterpret_cast<const char*>(points.data()), static_cast<size_t>(count));
  }
  return scratch;
}

bool is_word_char(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_word_category(c);
}

bool word_char_before(std::string_view text, size_t at) {
  if (at == 0) return false;
  size_t before = at - 1;
  while (before > 0 && at - before < 4 && utf8::is_continuation(text[before])) --before;
  return text[before] == '_' || is_word_char(utf8::decode(text, before).value);
}

Span find_url(std::string_view text, size_t from) {
  for (size_t colon = text.find("://", from); colon != std::string_view::npos; colon = text.find("://", colon + 3)) {
    auto scheme_ends_here = [&](std::string_view scheme) {
      return colon >= from + scheme.size() &&
             std::equal(scheme.begin(), scheme.end(), text.begin() + static_cast<ptrdiff_t>(colon - scheme.size()),
                        [](char a, char b) { return a == lower(b); });
    };
    size_t length = scheme_ends_here("https") ? 5 : scheme_ends_here("http") ? 4 : 0;
    if (length == 0) continue;
    size_t end = colon + 3;
    while (end < text.size()) {
      utf8::CodePoint c = utf8::decode(text, end);
      if (utf8::is_space(c.value)) break;
      end += c.size;
    }
    if (end > colon + 3) return {colon - length, end};
  }
  return {};
}

}  // namespace weir::value
