// Texts as their readers see them: folded, cut into words, URLs and handles. Shared by the text.* and url.* functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/value/code_points.h"
#include "runtime/value/unicode.h"

namespace weir::value {

// NFKC with case folded and default-ignorable code points (zero-width characters, variation selectors, soft hyphens)
// dropped: Unicode's NFKC_Casefold. Malformed bytes become U+FFFD. The result is in `scratch`.
std::string_view fold(std::string_view text, std::string& scratch);

// General category L*, M* or N*.
inline bool is_word_char(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return CodePoints::get()[c].is_word();
}
// What a handle is made of: ASCII letters, digits, _.
inline bool is_handle_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
// Whether a word character ends just before byte `at`.
bool word_char_before(std::string_view text, size_t at);

struct Span {
  size_t begin = std::string_view::npos;
  size_t end = std::string_view::npos;
};
// The next http://… or https://… up to white space, in any case; begin is npos if there is none. URLs that start before
// `from` are not seen.
Span find_url(std::string_view text, size_t from);

// The end of the handle whose @ is at byte `at`; `at` if there is none.
inline size_t handle_end(std::string_view text, size_t at) {
  if (text[at] != '@' || word_char_before(text, at)) return at;
  size_t end = at + 1;
  while (end < text.size() && is_handle_char(text[end])) ++end;
  return end > at + 1 ? end : at;
}

// The words of a folded text, without those of URLs and handles, and without a leading `rt` before a handle.
class WordReader {
 public:
  explicit WordReader(std::string_view folded) : text_(folded), url_(find_url(folded, 0)) {}

  // False at the end.
  bool next(std::string_view* word) {
    while (at_ < text_.size()) {
      if (skip_url_or_handle()) continue;
      utf8::CodePoint c = utf8::decode(text_, at_);
      if (!is_word_char(c.value)) {
        at_ += c.size;
        continue;
      }
      size_t begin = at_;
      do {
        at_ += c.size;
        if (at_ >= text_.size() || at_ == url_.begin) break;
        c = utf8::decode(text_, at_);
      } while (is_word_char(c.value));
      *word = text_.substr(begin, at_ - begin);
      bool first = !seen_any_;
      seen_any_ = true;
      if (first && *word == "rt" && handle_follows()) continue;
      return true;
    }
    return false;
  }

 private:
  bool skip_url_or_handle() {
    if (at_ == url_.begin) {
      at_ = url_.end;
      url_ = find_url(text_, at_);
      return true;
    }
    size_t end = handle_end(text_, at_);
    if (end == at_) return false;
    at_ = end;
    seen_any_ = true;
    return true;
  }
  bool handle_follows() const {
    size_t i = at_;
    while (i < text_.size() && text_[i] == ' ') ++i;
    return i < text_.size() && handle_end(text_, i) > i;
  }

  std::string_view text_;
  Span url_;
  size_t at_ = 0;
  bool seen_any_ = false;
};

}  // namespace weir::value
