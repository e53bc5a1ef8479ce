#include "runtime/value/words.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/value/fold_options.h"

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

using CodePointBuffer = std::vector<utf8proc_int32_t>;

// The text decomposed and appended to `points`, in the order of combining classes.
void decompose(std::string_view text, CodePointBuffer& points) {
  const size_t before = points.size();
  points.resize(before + text.size() + 1);
  const auto attempt = [&] {
    return utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                              static_cast<utf8proc_ssize_t>(text.size()), points.data() + before,
                              static_cast<utf8proc_ssize_t>(points.size() - before - 1), kFoldOptions);
  };
  utf8proc_ssize_t count = attempt();
  if (count >= static_cast<utf8proc_ssize_t>(points.size() - before)) {
    points.resize(before + static_cast<size_t>(count) + 1);
    count = attempt();
  }
  // Cannot fail on well-formed UTF-8 short of overflow.
  points.resize(before + static_cast<size_t>(std::max<utf8proc_ssize_t>(count, 0)));
}

// The same of many code points: utf8proc orders marks in quadratic time, and a hostile text has nothing else.
void decompose_long(std::string_view text, CodePointBuffer& points) {
  for (size_t at = 0; at < text.size();) {
    const size_t size = utf8::decode(text, at).size;
    decompose(text.substr(at, size), points);
    at += size;
  }
  const auto combining_class = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto begin = points.begin(); begin != points.end();) {
    const auto is_starter = [&](utf8proc_int32_t c) { return combining_class(c) == 0; };
    begin = std::find_if_not(begin, points.end(), is_starter);
    const auto end = std::find_if(begin, points.end(), is_starter);
    std::stable_sort(begin, end, [&](auto a, auto b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
}

// NFKC_Casefold of a piece of text that is independent of what is around it.
void append_folded(std::string_view text, std::string& out) {
  constexpr size_t kLong = 128;  // bytes
  std::string repaired;
  if (!valid_utf8(text)) {
    repaired = replace_malformed(text);
    text = repaired;
  }
  thread_local CodePointBuffer points;
  points.clear();
  (text.size() < kLong ? decompose : decompose_long)(text, points);
  const auto count = static_cast<utf8proc_ssize_t>(points.size());
  points.push_back(0);  // the result has an end mark
  const utf8proc_ssize_t size = utf8proc_reencode(points.data(), count, kFoldOptions);
  if (size > 0) out.append(reinterpret_cast<const char*>(points.data()), static_cast<size_t>(size));
}

// Folds code point by code point for as long as each is apart from the one before it, which in most texts all are.
class Folder {
 public:
  Folder(std::string_view text, std::string& out) : text_(text), out_(out) { out_.resize(text.size()); }

  void run() {
    while (at_ < text_.size()) {
      if (static_cast<unsigned char>(text_[at_]) < 0x80) {
        ascii();
        continue;
      }
      const utf8::CodePoint c = utf8::decode(text_, at_);
      const CodePointInfo& info = points_[c.value];
      if (!info.is_apart()) {
        stretch(at_ + c.size);
        continue;
      }
      if (info.size > 0) {
        make_room();
        apart_at_ = at_;
        apart_size_ = size_;
        std::memcpy(out_.data() + size_, info.folded, CodePointInfo::kMaxFolded);
        size_ += info.size;
      }
      at_ += c.size;
    }
    out_.resize(size_);
  }

 private:
  // ASCII takes as many bytes as it has; what is left has room for that.
  void make_room() {
    const size_t needed = size_ + CodePointInfo::kMaxFolded + text_.size() - at_;
    if (out_.size() < needed) out_.resize(needed + needed / 2);
  }

  void ascii() {
    char* out = out_.data() + size_;
    const size_t begin = at_;
    for (; at_ + 8 <= text_.size(); at_ += 8, out += 8) {
      uint64_t bytes;
      std::memcpy(&bytes, text_.data() + at_, 8);
      if ((bytes & kHighBits) != 0) break;
      // The high bit of each byte: from 'A' on, and not beyond 'Z'.
      const uint64_t capital = (bytes + kOnes * (0x80 - 'A')) & ~(bytes + kOnes * (0x7f - 'Z')) & kHighBits;
      bytes |= capital >> 2;
      std::memcpy(out, &bytes, 8);
    }
    for (; at_ < text_.size() && static_cast<unsigned char>(text_[at_]) < 0x80; ++at_) *out++ = lower(text_[at_]);
    size_ += at_ - begin;
    apart_at_ = at_ - 1;
    apart_size_ = size_ - 1;
  }

  // From the last code point that is apart to the next one: `end` is where that may be.
  void stretch(size_t end) {
    while (end < text_.size()) {
      const utf8::CodePoint c = utf8::decode(text_, end);
      const CodePointInfo& info = points_[c.value];
      if (info.is_apart() && info.size > 0) break;
      end += c.size;
    }
    out_.resize(apart_size_);
    append_folded(text_.substr(apart_at_, end - apart_at_), out_);
    at_ = apart_at_ = end;
    size_ = apart_size_ = out_.size();
    out_.resize(size_ + text_.size() - at_);
  }

  static constexpr uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080;
  const CodePoints& points_ = CodePoints::get();
  std::string_view text_;
  std::string& out_;
  size_t at_ = 0, size_ = 0;              // done of the text, and what came of it
  size_t apart_at_ = 0, apart_size_ = 0;  // likewise, before the last code point that is apart
};

}  // namespace

std::string_view fold(std::string_view text, std::string& scratch) {
  if (is_ascii(text)) {
    scratch.resize(text.size());
    std::transform(text.begin(), text.end(), scratch.begin(), lower);
  } else {
    Folder(text, scratch).run();
  }
  return scratch;
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
