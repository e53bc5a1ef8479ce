// text.*: what makes two texts the same to a reader, and figures about a text.
#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <utf8proc.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/value/confusables.h"
#include "runtime/value/ext_support.h"
#include "runtime/value/words.h"

namespace weir::value {
namespace {

// The text folded. Valid until the next call of the thread; rules ask several things of one text, so the last one is
// kept.
std::string_view folded_text(std::string_view text) {
  struct Last {
    std::string text, folded;
  };
  thread_local Last last;
  if (last.text != text) {
    fold(text, last.folded);
    last.text = text;
  }
  return last.folded;
}

// White space collapsed to single spaces and trimmed.
Value normalize(EvalContext& ctx, std::string_view text) {
  std::string_view folded = folded_text(text);
  ext::TextBuilder out(ctx, folded.size());
  bool space = false;
  for (size_t at = 0; at < folded.size();) {
    utf8::CodePoint c = utf8::decode(folded, at);
    if (utf8::is_space(c.value)) {
      space = true;
    } else {
      if (space && !out.empty()) out.append(' ');
      space = false;
      out.append(folded.substr(at, c.size));
    }
    at += c.size;
  }
  return out.finish();
}

// Words joined by single spaces, hashed: the joined text is not kept.
Value fingerprint(EvalContext& ctx, std::string_view text) {
  thread_local std::string joined;
  joined.clear();
  WordReader words(folded_text(text));
  for (std::string_view word; words.next(&word);) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  if (joined.empty()) return Value::string({});
  return new_string(ctx, fmt::format("{:016x}", XXH3_64bits(joined.data(), joined.size())));
}

// Distinct parts of a text, in order.
class DistinctTexts {
 public:
  DistinctTexts(EvalContext& ctx, size_t most) : ctx_(ctx), list_(ctx, 0), seen_(ctx, static_cast<uint32_t>(most)) {}
  void add(std::string_view text) {
    if (seen_.failed() || !seen_.insert(Value::string(text))) return;
    const char* copy = ctx_.arena->copy(text);
    if (copy == nullptr) {
      failed_ = true;
    } else {
      list_.add(Value::string({copy, text.size()}));
    }
  }
  Value finish() { return failed_ || seen_.failed() ? budget_error() : list_.finish(); }

 private:
  EvalContext& ctx_;
  ext::ListBuilder list_;
  ext::ValueSet seen_;
  bool failed_ = false;
};

// Calls f(begin of the tag's text, end) for each # or @ outside of URLs that does not follow a word.
template <typename TagEnd, typename F>
void for_each_tag(std::string_view folded, char sign, TagEnd tag_end, F f) {
  Span url = find_url(folded, 0);
  for (size_t at = folded.find(sign); at != std::string_view::npos;) {
    while (url.begin != std::string_view::npos && url.end <= at) url = find_url(folded, url.end);
    size_t end = at + 1;
    if (at < url.begin && !word_char_before(folded, at) && (at == 0 || folded[at - 1] != '&')) {
      end = tag_end(folded, at + 1);
      if (end > at + 1) f(at + 1, end);
    }
    at = folded.find(sign, end);
  }
}

size_t hashtag_end(std::string_view text, size_t at) {
  while (at < text.size()) {
    utf8::CodePoint c = utf8::decode(text, at);
    if (c.value != '_' && !is_word_char(c.value)) break;
    at += c.size;
  }
  return at;
}

size_t mention_end(std::string_view text, size_t at) {
  while (at < text.size() && is_handle_char(text[at])) ++at;
  return at;
}

// Folding makes a sign of nothing but itself and its small and full-width forms, U+FE50 to U+FF0F and beyond: 0xef,
// then 0xb9 or 0xbc.
bool may_fold_to(std::string_view text, char sign) {
  if (text.find(sign) != std::string_view::npos) return true;
  for (size_t at = text.find('\xef'); at != std::string_view::npos; at = text.find('\xef', at + 1))
    if (at + 1 < text.size() && (text[at + 1] == '\xb9' || text[at + 1] == '\xbc')) return true;
  return false;
}

template <typename TagEnd>
Value tags(EvalContext& ctx, std::string_view text, char sign, TagEnd tag_end) {
  std::string_view folded = may_fold_to(text, sign) ? folded_text(text) : std::string_view();
  DistinctTexts found(ctx, static_cast<size_t>(std::count(folded.begin(), folded.end(), sign)));
  for_each_tag(folded, sign, tag_end, [&](size_t begin, size_t end) { found.add(folded.substr(begin, end - begin)); });
  return found.finish();
}

Value strip_urls(EvalContext& ctx, const Value& whole) {
  std::string_view text = whole.str();
  Span url = find_url(text, 0);
  if (url.begin == std::string_view::npos) return whole;
  ext::TextBuilder out(ctx, text.size());
  size_t at = 0;
  while (url.begin != std::string_view::npos) {
    out.append(text.substr(at, url.begin - at));
    at = url.end;
    url = find_url(text, at);
  }
  out.append(text.substr(at));
  return out.finish();
}

// Eight characters of ASCII: the high bit of each that is a letter or digit.
uint64_t word_bits(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080;
  const auto between = [&](uint64_t b, int first, int last) {
    return (b + kOnes * static_cast<uint64_t>(0x80 - first)) & ~(b + kOnes * static_cast<uint64_t>(0x7f - last));
  };
  return (between(bytes | kOnes * 0x20, 'a', 'z') | between(bytes, '0', '9')) & kHighBits;
}

int64_t word_count(std::string_view text) {
  int64_t count = 0;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    if (at + 8 <= text.size()) {
      uint64_t bytes;
      std::memcpy(&bytes, text.data() + at, 8);
      if ((bytes & 0x8080808080808080) == 0) {
        const uint64_t words = word_bits(bytes);
        const uint64_t starts = words & ~(words << 8 | (inside ? 0x80 : 0));
        count += static_cast<int64_t>((starts >> 7) * 0x0101010101010101 >> 56);  // how many
        inside = words >> 63 != 0;
        at += 8;
        continue;
      }
    }
    utf8::CodePoint c = utf8::decode(text, at);
    bool word = is_word_char(c.value);
    count += word && !inside;
    inside = word;
    at += c.size;
  }
  return count;
}

Value skeleton(EvalContext& ctx, std::string_view text) {
  std::string_view folded = folded_text(text);
  ext::TextBuilder out(ctx, folded.size());
  for (size_t at = 0; at < folded.size() && !out.failed();) {
    utf8::CodePoint c = utf8::decode(folded, at);
    out.append_code_point(representative(c.value));
    at += c.size;
  }
  return out.finish();
}

// Hashes of the distinct words, sorted.
std::vector<uint64_t> word_set(std::string_view text) {
  std::vector<uint64_t> hashes;
  WordReader words(folded_text(text));
  for (std::string_view word; words.next(&word);) hashes.push_back(XXH3_64bits(word.data(), word.size()));
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

double similarity(std::string_view a, std::string_view b) {
  std::vector<uint64_t> x = word_set(a);
  std::vector<uint64_t> y = word_set(b);
  size_t common = 0;
  for (size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    common += x[i] == y[j];
    bool step_x = x[i] <= y[j];
    bool step_y = y[j] <= x[i];
    i += step_x;
    j += step_y;
  }
  size_t all = x.size() + y.size() - common;
  return all == 0 ? 0 : static_cast<double>(common) / static_cast<double>(all);
}

// Charikar's simhash: each bit is the majority among the hashes of the words and of the pairs of neighbours.
int64_t simhash(std::string_view text) {
  int64_t votes[64] = {};
  auto vote = [&](uint64_t h) {
    for (int bit = 0; bit < 64; ++bit) votes[bit] += (h >> bit & 1) != 0 ? 1 : -1;
  };
  WordReader words(folded_text(text));
  uint64_t previous = 0;
  bool first = true;
  for (std::string_view word; words.next(&word); first = false) {
    uint64_t h = XXH3_64bits(word.data(), word.size());
    vote(h);
    if (!first) vote(XXH3_64bits_withSeed(&h, sizeof h, previous));
    previous = h;
  }
  uint64_t result = 0;
  for (int bit = 0; bit < 64; ++bit) result |= static_cast<uint64_t>(votes[bit] > 0) << bit;
  return static_cast<int64_t>(result);
}

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

double caps_ratio(std::string_view text) {
  int64_t capitals = 0;
  int64_t cased = 0;
  for (size_t at = 0; at < text.size();) {
    utf8::CodePoint c = utf8::decode(text, at);
    auto kind = category(c.value);
    capitals += kind == UTF8PROC_CATEGORY_LU;
    cased += kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL || kind == UTF8PROC_CATEGORY_LT;
    at += c.size;
  }
  return cased == 0 ? 0 : static_cast<double>(capitals) / static_cast<double>(cased);
}

double digit_ratio(std::string_view text) {
  int64_t digits = 0;
  int64_t all = 0;
  for (size_t at = 0; at < text.size(); ++all) {
    utf8::CodePoint c = utf8::decode(text, at);
    digits += c.value < 0x80 ? c.value >= '0' && c.value <= '9' : category(c.value) == UTF8PROC_CATEGORY_ND;
    at += c.size;
  }
  return all == 0 ? 0 : static_cast<double>(digits) / static_cast<double>(all);
}

// Summed in order of the code points, so that the result does not depend on that of the text.
double entropy(std::string_view text) {
  int64_t ascii[128] = {};
  std::vector<char32_t> others;
  int64_t all = 0;
  for (size_t at = 0; at < text.size(); ++all) {
    utf8::CodePoint c = utf8::decode(text, at);
    if (c.value < 128) {
      ++ascii[c.value];
    } else {
      others.push_back(c.value);
    }
    at += c.size;
  }
  double bits = 0;
  auto add = [&](int64_t count) {
    if (count == 0) return;
    double share = static_cast<double>(count) / static_cast<double>(all);
    bits -= share * std::log2(share);
  };
  for (int64_t count : ascii) add(count);
  std::sort(others.begin(), others.end());
  for (size_t i = 0; i < others.size();) {
    size_t end = i;
    while (end < others.size() && others[end] == others[i]) ++end;
    add(static_cast<int64_t>(end - i));
    i = end;
  }
  return bits;
}

}  // namespace

WEIR_BODY_LINEAR(text_normalize, 1, normalize(ctx, args[0].str()))
WEIR_BODY_LINEAR(text_fingerprint, 1, fingerprint(ctx, args[0].str()))
WEIR_BODY_LINEAR(text_hashtags, 1, tags(ctx, args[0].str(), '#', hashtag_end))
WEIR_BODY_LINEAR(text_mentions, 1, tags(ctx, args[0].str(), '@', mention_end))
WEIR_BODY_LINEAR(text_strip_urls, 1, strip_urls(ctx, args[0]))
WEIR_BODY_LINEAR(text_word_count, 1, Value::integer(word_count(args[0].str())))
WEIR_BODY_LINEAR(text_skeleton, 1, skeleton(ctx, args[0].str()))
WEIR_BODY_LINEAR(text_similarity, 2, Value::dbl(similarity(args[0].str(), args[1].str())))
WEIR_BODY_LINEAR(text_simhash, 1, Value::integer(simhash(args[0].str())))
WEIR_BODY_CONST(text_hamming, Value::integer(std::popcount(args[0].u ^ args[1].u)))
WEIR_BODY_LINEAR(text_caps_ratio, 1, Value::dbl(caps_ratio(args[0].str())))
WEIR_BODY_LINEAR(text_digit_ratio, 1, Value::dbl(digit_ratio(args[0].str())))
WEIR_BODY_LINEAR(text_entropy, 1, Value::dbl(entropy(args[0].str())))

}  // namespace weir::value
