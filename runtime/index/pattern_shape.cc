#include "runtime/index/pattern_shape.h"

#include <algorithm>
#include <cctype>

namespace weir::index {
namespace {

bool is_punctuation(char c) { return c > ' ' && c < 0x7f && !std::isalnum(static_cast<unsigned char>(c)); }

bool is_meta(char c) { return std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos; }

// Takes the flag (?i) off the front.
bool take_fold(std::string_view& pattern) {
  if (!pattern.starts_with("(?i)")) return false;
  pattern.remove_prefix(4);
  return true;
}

// Words between bars, nothing else.
std::optional<std::vector<std::string>> words_between_bars(std::string_view text) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '|') {
      words.emplace_back();
      continue;
    }
    if (c == '\\' && i + 1 < text.size() && is_punctuation(text[i + 1])) {
      c = text[++i];
    } else if (is_meta(c) || c == 0) {
      return std::nullopt;
    }
    words.back() += c;
  }
  if (std::ranges::any_of(words, [](const std::string& word) { return word.empty(); })) return std::nullopt;
  return words;
}

// Reads one element after another of a pattern's outermost concatenation.
class RunReader {
 public:
  explicit RunReader(std::string_view pattern) : p_(pattern), fold_(take_fold(p_)) {}

  std::vector<Run> read() {
    std::vector<Run> runs;
    while (!p_.empty()) {
      Run run;
      if (!element(run)) return {};
      const uint32_t least = minimum();
      if (failed_) return {};
      if (least == 0 || (run.set[0] | run.set[1]) == 0) continue;
      run.length = least;
      runs.push_back(run);
    }
    return runs;
  }

 private:
  static void add(Run& run, uint8_t from, uint8_t to) {
    for (uint32_t c = from; c <= to; ++c) run.set[c / 64] |= uint64_t{1} << (c % 64);
  }

  // An element's set, empty if it says nothing; false: not understood.
  bool element(Run& run) {
    const char c = p_[0];
    switch (c) {
      case '|':
      case ')':
      case '*':
      case '+':
      case '?':
        return false;
      case '(':
        return group();
      case '[':
        return bracket(run);
      case '\\':
        return escape(run, false);
      default:
        p_.remove_prefix(1);
        return true;
    }
  }

  bool group() {
    if (p_.starts_with("(?") && !p_.starts_with("(?:")) return false;
    int depth = 0;
    for (size_t i = 0; i < p_.size(); ++i) {
      if (p_[i] == '\\') {
        if (i + 1 < p_.size() && p_[i + 1] == 'Q') return false;
        ++i;
      } else if (p_[i] == '[') {
        return false;  // a bracket may hold parentheses: rare, and read by nobody
      } else if (p_[i] == '(') {
        ++depth;
      } else if (p_[i] == ')' && --depth == 0) {
        p_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }

  // Classes of one letter; in a bracket all others are given up on.
  bool escape(Run& run, bool in_bracket) {
    if (p_.size() < 2) return false;
    const char c = p_[1];
    if (c == 'd') {
      add(run, '0', '9');
    } else if (c == 's') {
      for (uint8_t space : {'\t', '\n', '\f', '\r', ' '}) add(run, space, space);
    } else if (c == 'w' && !fold_) {
      add(run, '0', '9');
      add(run, 'A', 'Z');
      add(run, 'a', 'z');
      add(run, '_', '_');
    } else if (is_punctuation(c)) {
      if (in_bracket) add(run, static_cast<uint8_t>(c), static_cast<uint8_t>(c));
    } else if (in_bracket || std::string_view("bBAzDSWtnrfv").find(c) == std::string_view::npos) {
      return false;
    }
    p_.remove_prefix(2);
    return true;
  }

  bool bracket(Run& run) {
    p_.remove_prefix(1);
    if (p_.starts_with("^") || p_.starts_with("]")) return false;
    while (!p_.empty() && p_[0] != ']') {
      const char c = p_[0];
      if (static_cast<uint8_t>(c) >= 0x80 || p_.starts_with("[:")) return false;
      if (c == '\\') {
        if (!escape(run, true)) return false;
        if (p_.starts_with("-") && !p_.starts_with("-]")) return false;
        continue;
      }
      char to = c;
      p_.remove_prefix(1);
      if (p_.starts_with("-") && p_.size() > 1 && p_[1] != ']') {
        to = p_[1];
        if (to == '\\' || to == '[' || static_cast<uint8_t>(to) >= 0x80 || to < c) return false;
        p_.remove_prefix(2);
      }
      add(run, static_cast<uint8_t>(c), static_cast<uint8_t>(to));
    }
    if (p_.empty()) return false;
    p_.remove_prefix(1);
    // What letters fold to may not be ASCII.
    if (fold_ && std::ranges::any_of(std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                                     [&](char l) { return run.set[l / 64] >> (l % 64) & 1; }))
      run.set = {0, 0};
    return true;
  }

  // The least number of repetitions of the element just read.
  uint32_t minimum() {
    uint32_t least = 1;
    if (p_.starts_with("*") || p_.starts_with("?")) {
      least = 0;
      p_.remove_prefix(1);
    } else if (p_.starts_with("+")) {
      p_.remove_prefix(1);
    } else if (p_.starts_with("{")) {
      size_t i = 1;
      least = 0;
      while (i < p_.size() && std::isdigit(static_cast<unsigned char>(p_[i])) && least < 1000)
        least = least * 10 + static_cast<uint32_t>(p_[i++] - '0');
      if (i == 1) failed_ = true;
      for (; i < p_.size() && p_[i] != '}'; ++i)
        failed_ = failed_ || (p_[i] != ',' && !std::isdigit(static_cast<unsigned char>(p_[i])));
      failed_ = failed_ || i >= p_.size();
      p_.remove_prefix(std::min(p_.size(), i + 1));
    } else {
      return least;
    }
    if (p_.starts_with("?")) p_.remove_prefix(1);
    return least;
  }

  std::string_view p_;
  const bool fold_;
  bool failed_ = false;
};

}  // namespace

std::optional<WordList> word_list(std::string_view pattern) {
  WordList out;
  out.fold = take_fold(pattern);
  if (pattern.starts_with("^")) {
    out.at_start = true;
    pattern.remove_prefix(1);
  }
  if (pattern.ends_with("$") && !pattern.ends_with("\\$")) {
    out.at_end = true;
    pattern.remove_suffix(1);
  }
  if (out.at_start && out.at_end) return std::nullopt;
  const size_t skip = pattern.starts_with("(?:") ? 3 : pattern.starts_with("(") ? 1 : 0;
  if (skip != 0) {
    if (!pattern.ends_with(")") || pattern.ends_with("\\)") || pattern.size() <= skip) return std::nullopt;
    pattern = pattern.substr(skip, pattern.size() - skip - 1);
  } else if ((out.at_start || out.at_end) && pattern.find('|') != std::string_view::npos) {
    return std::nullopt;  // an anchor binds more tightly than a bar
  }
  constexpr size_t kMaxLength = 4096;  // longer ones may be too large for RE2, and then they are errors
  if (pattern.size() > kMaxLength) return std::nullopt;
  auto words = words_between_bars(pattern);
  if (!words) return std::nullopt;
  for (std::string& word : *words) {
    for (char& c : word) {
      if (!out.fold) continue;
      if (static_cast<uint8_t>(c) >= 0x80) return std::nullopt;
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
  }
  out.words = *std::move(words);
  return out;
}

std::vector<Run> required_runs(std::string_view pattern) {
  std::vector<Run> runs = RunReader(pattern).read();
  std::ranges::sort(runs);
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

// Where a byte is not of the set, the run can only begin after it: long runs are looked for in steps of their length.
bool has_run(std::string_view text, const Run& run) {
  const size_t length = run.length;
  size_t begin = 0;
  size_t known = 0;  // bytes from `begin` on that are of the set
  while (begin + length <= text.size()) {
    size_t i = begin + length;
    while (i > begin + known) {
      const auto byte = static_cast<uint8_t>(text[i - 1]);
      if (byte >= 128 || (run.set[byte / 64] >> (byte % 64) & 1) == 0) break;
      --i;
    }
    if (i == begin + known) return true;
    known = begin + length - i;
    begin = i;
  }
  return false;
}

}  // namespace weir::index
