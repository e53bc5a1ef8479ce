// The regex extension, after cel-go ext/regex, over RE2.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "runtime/value/ext_support.h"
#include "runtime/value/regex.h"

namespace weir::value {
namespace {

constexpr int kMaxGroups = 10;  // \0 to \9 in a replacement

re2::StringPiece piece(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(re2::StringPiece s) { return {s.data(), s.size()}; }

// Non-overlapping matches from left to right. An empty match where the last one ended does not count.
class Matches {
 public:
  Matches(EvalContext& ctx, const RE2& regex, std::string_view text, int groups)
      : ctx_(ctx), regex_(regex), text_(text), groups_(groups) {}

  // False at the end, also that of the budget: each search may read all that is left of the text.
  bool next() {
    while (at_ <= text_.size() && charge(ctx_, 1 + reading_cost(regex_, text_.size() - at_) / 64)) {
      if (!regex_.Match(piece(text_), at_, text_.size(), RE2::UNANCHORED, group, groups_)) break;
      size_t begin = static_cast<size_t>(group[0].data() - text_.data());
      size_t end = begin + group[0].size();
      bool counts = !group[0].empty() || begin != last_end_;
      at_ = !group[0].empty() || begin > at_ ? end
            : at_ == text_.size()            ? at_ + 1
                                             : at_ + utf8::decode(text_, at_).size;
      if (!counts) continue;
      last_end_ = end;
      return true;
    }
    at_ = text_.size() + 1;
    return false;
  }
  size_t begin() const { return static_cast<size_t>(group[0].data() - text_.data()); }
  size_t end() const { return begin() + group[0].size(); }

  re2::StringPiece group[kMaxGroups];

 private:
  EvalContext& ctx_;
  const RE2& regex_;
  std::string_view text_;
  int groups_;
  size_t at_ = 0;
  size_t last_end_ = std::string_view::npos;
};

bool too_many_groups(EvalContext& ctx, const RE2& regex, Value* out) {
  if (regex.NumberOfCapturingGroups() <= 1) return false;
  *out = ext::invalid(ctx, fmt::format("regular expression has more than one capturing group: `{}`", regex.pattern()));
  return true;
}

Value extract(EvalContext& ctx, std::string_view text, const Value& pattern) {
  Value problem;
  const RE2* regex = charged_regex(ctx, pattern, text.size(), &problem);
  if (regex == nullptr || too_many_groups(ctx, *regex, &problem)) return problem;
  int group = regex->NumberOfCapturingGroups();
  Matches matches(ctx, *regex, text, group + 1);
  if (!matches.next()) return ctx.steps < 0 ? budget_error() : Value::none();
  std::string_view found = view(matches.group[group]);
  if (group == 1 && found.empty()) return Value::none();
  return ext::make_some(ctx, Value::string(found));
}

Value extract_all(EvalContext& ctx, std::string_view text, const Value& pattern) {
  Value problem;
  const RE2* regex = charged_regex(ctx, pattern, text.size(), &problem);
  if (regex == nullptr || too_many_groups(ctx, *regex, &problem)) return problem;
  int group = regex->NumberOfCapturingGroups();
  ext::ListBuilder all(ctx, 0);
  Matches matches(ctx, *regex, text, group + 1);
  while (!all.failed() && matches.next()) {
    std::string_view found = view(matches.group[group]);
    if (group == 0 || !found.empty()) all.add(Value::string(found));
  }
  return ctx.steps < 0 ? budget_error() : all.finish();
}

void append_replacement(ext::TextBuilder& out, std::string_view replacement, const re2::StringPiece* groups) {
  for (size_t i = 0; i < replacement.size() && !out.failed(); ++i) {
    if (replacement[i] != '\\') {
      out.append(replacement[i]);
    } else if (char c = replacement[++i]; c == '\\') {
      out.append(c);
    } else {
      out.append(view(groups[c - '0']));
    }
  }
}

Value replace(EvalContext& ctx, const Value& whole, const Value& pattern, std::string_view replacement, int64_t limit) {
  std::string_view text = whole.str();
  Value problem;
  const RE2* regex = charged_regex(ctx, pattern, text.size(), &problem);
  if (regex == nullptr) return problem;
  std::string mistake;
  if (!regex->CheckRewriteString(piece(replacement), &mistake)) {
    return ext::invalid(ctx, fmt::format("invalid replacement: {}", mistake));
  }
  if (limit == 0) return whole;
  if (limit < 0) limit = std::numeric_limits<int64_t>::max();
  Matches matches(ctx, *regex, text, RE2::MaxSubmatch(piece(replacement)) + 1);
  ext::TextBuilder out(ctx, text.size());
  size_t copied = 0;
  while (limit-- != 0 && !out.failed() && matches.next()) {
    out.append(text.substr(copied, matches.begin() - copied));
    append_replacement(out, replacement, matches.group);
    copied = matches.end();
  }
  out.append(text.substr(copied));
  return ctx.steps < 0 ? budget_error() : out.finish();
}

}  // namespace

WEIR_BODY_CONST(regex_extract, extract(ctx, args[0].str(), args[1]))
WEIR_BODY_CONST(regex_extract_all, extract_all(ctx, args[0].str(), args[1]))
WEIR_BODY_CONST(regex_replace, replace(ctx, args[0], args[1], args[2].str(), -1))
WEIR_BODY_CONST(regex_replace_limit, replace(ctx, args[0], args[1], args[2].str(), args[3].i))

}  // namespace weir::value
