// Syntax errors in the words of whoever wrote the rule: what stands there, what could, and the usual slip behind it.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/syntax/expressions.h"

namespace weir::syntax {

using base::DiagKind;

namespace {

struct Slip {
  std::string_view word;
  std::string_view hint;
};

// Words of other languages found where an operator belongs.
constexpr Slip kOperatorSlips[] = {
    {"and", "`&&` is the logical and"},
    {"AND", "`&&` is the logical and"},
    {"or", "`||` is the logical or"},
    {"OR", "`||` is the logical or"},
    {"not", "`!` negates: `!(x in y)`"},
    {"NOT", "`!` negates: `!(x in y)`"},
    {"is", "`==` compares"},
    {"eq", "`==` compares"},
    {"equals", "`==` compares"},
    {"mod", "`%` is the remainder"},
    {"contains", "it is a method: `text.contains(\"...\")`"},
    {"startsWith", "it is a method: `text.startsWith(\"...\")`"},
    {"endsWith", "it is a method: `text.endsWith(\"...\")`"},
    {"matches", "it is a method: `text.matches(\"...\")`"},
    {"like", "use `.contains(\"...\")` or `.matches(\"...\")`"},
    {"between", "write `a <= x && x <= b`"},
    {"unless", "negate the condition: `!(...)`"},
    {"if", "write `condition ? a : b`"},
    {"else", "write `condition ? a : b`"},
};

std::string_view slip_hint(std::string_view word) {
  for (const Slip& slip : kOperatorSlips)
    if (slip.word == word) return slip.hint;
  return {};
}

// A token as it stands in the source, shortened.
std::string quoted(std::string_view text) {
  constexpr size_t kLongest = 40;
  size_t line = text.find_first_of("\r\n");
  if (line != std::string_view::npos) text = text.substr(0, line);
  if (text.size() <= kLongest) return fmt::format("`{}`", text);
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return fmt::format("`{}...`", text.substr(0, end));
}

// The expected tokens as words: an expression, or up to four alternatives.
std::string expectation(const std::vector<size_t>& types) {
  auto has = [&](size_t type) { return std::find(types.begin(), types.end(), type) != types.end(); };
  if (has(T::IDENTIFIER) && has(T::NUM_INT) && has(T::LPAREN)) return "an expression";
  std::vector<std::string_view> words;
  for (size_t type : types) {
    std::string_view word = type_description(type);
    if ((is_soft_keyword(type) || is_reserved_word(type)) && has(T::IDENTIFIER)) continue;  // a name says it
    if (!word.empty()) words.push_back(word);
  }
  // The end of a part says nothing: what may follow it depends on the statement.
  words.erase(std::remove(words.begin(), words.end(), type_description(kEndOfInput)), words.end());
  constexpr size_t kMostAlternatives = 4;
  if (words.empty() || words.size() > kMostAlternatives) return {};
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

// A quoted text where a name belongs, and the reverse.
std::string quotes_hint(size_t before, size_t found, std::string_view word, const std::vector<size_t>& expected) {
  auto has = [&](size_t type) { return std::find(expected.begin(), expected.end(), type) != expected.end(); };
  if (found == T::STRING && has(T::IDENTIFIER) && word.size() > 2 && word.front() == word.back()) {
    std::string_view inner = word.substr(1, word.size() - 2);
    bool plain = std::all_of(inner.begin(), inner.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (plain) return fmt::format("leave out the quotes: `{}`", inner);
  }
  if (expected.size() != 1 || !has(T::STRING) || !is_name(found)) return {};
  if (before == T::CASE) return "a queue is a quoted text: `case \"abuse\" key post.author`";
  return fmt::format("put it in quotes: `\"{}\"`", word);
}

// The expected keyword that a word resembles, in backticks, or empty.
std::string_view misspelt(std::string_view word, const std::vector<size_t>& expected) {
  for (size_t type : expected) {
    std::string_view description = type_description(type);
    if (description.size() < 3 || description[0] != '`') continue;
    if (!base::did_you_mean(word, {description.substr(1, description.size() - 2)}).empty()) return description;
  }
  return {};
}

}  // namespace

bool ExpressionParser::check_tokens(Range range, bool quiet) {
  if (range.size() > limits_.max_expression_tokens) {
    if (!quiet) {
      sink_.emit(DiagKind::kTooLarge, tokens_.span(Range{range.begin, range.begin + 1}),
                 fmt::format("{} tokens are more than a statement or an expression may have ({})", range.size(),
                             limits_.max_expression_tokens));
    }
    return false;
  }
  if (tokens_.has_bad_token(range)) return false;  // reported by the lexer
  std::vector<uint32_t> open;
  for (uint32_t i = range.begin; i < range.end; ++i) {
    size_t type = tokens_[i].type;
    if (closer_of(type) != 0) {
      open.push_back(i);
      if (open.size() <= limits_.max_nesting) continue;
      if (!quiet) {
        sink_
            .emit(DiagKind::kNestingTooDeep, tokens_.span(i),
                  fmt::format("brackets are nested more than {} deep", limits_.max_nesting))
            .hint("name inner parts with `let`");
      }
      return false;
    }
    if (!is_closer(type)) continue;
    if (!open.empty() && closer_of(tokens_[open.back()].type) == type) {
      open.pop_back();
      continue;
    }
    if (!quiet) {
      if (open.empty()) {
        sink_.emit(DiagKind::kSyntaxError, tokens_.span(i), fmt::format("{} closes nothing", type_description(type)))
            .hint("remove it, or open it before");
      } else {
        sink_
            .emit(DiagKind::kUnclosed, tokens_.span(i),
                  fmt::format("expected {}, found {}", type_description(closer_of(tokens_[open.back()].type)),
                              type_description(type)))
            .label(tokens_.span(open.back()), "opened here");
      }
    }
    return false;
  }
  if (open.empty()) return true;
  if (!quiet) {
    size_t opener = tokens_[open.back()].type;
    sink_
        .emit(DiagKind::kUnclosed, tokens_.span(open.back()), fmt::format("{} is not closed", type_description(opener)))
        .hint(fmt::format("add the missing {}", type_description(closer_of(opener))));
  }
  return false;
}

void ExpressionParser::report(const SyntaxFailure& failure, Range range, const SyntaxScope& scope) {
  uint32_t at = failure.token;
  size_t found = tokens_.type(at, range);
  bool at_end = found == kEndOfInput;
  base::Span span = at_end ? tokens_.span(Range{at, at}) : tokens_.span(at);
  std::string_view word = at_end ? std::string_view() : tokens_.text(at);
  size_t before = at > range.begin ? tokens_[at - 1].type : 0;
  std::string_view word_before = at > range.begin ? tokens_.text(at - 1) : std::string_view();
  bool after_operand = before != 0 && ends_operand(before);
  // Past the end of a clause stands the next one: that is what a reader sees there.
  std::string found_text = "the end of the file";
  if (!at_end) {
    found_text = quoted(word);
  } else if (range.end < tokens_.size()) {
    found_text = quoted(tokens_.text(range.end));
  } else if (scope.what == "template expression") {
    found_text = "`}`";
  } else if (scope.what == "expression") {
    found_text = "the end";
  }
  std::string expected = expectation(failure.expected);
  if (expected.empty() && before != 0 && !after_operand && !starts_operand(found)) expected = "an expression";
  bool wants_expression = expected == "an expression";

  auto emit = [&](DiagKind kind, std::string message, std::string hint) {
    auto report = sink_.emit(kind, span, std::move(message));
    if (!hint.empty()) report.hint(std::move(hint));
  };
  auto mismatch = [&](std::string_view what, std::string hint) {
    emit(DiagKind::kSyntaxError, fmt::format("expected {}, found {}", what, found_text), std::move(hint));
  };

  if (found == T::ASSIGN && before == T::EQUAL) return mismatch("an expression", "`==` compares; CEL has no `===`");
  if (found == T::ASSIGN && before == T::NOT) return mismatch("an expression", "`!=` is one operator without a space");
  if (found == T::ASSIGN && after_operand) return mismatch("an operator", "`==` compares");
  if (found == T::GREATER && before == T::LESS) return mismatch("an expression", "`!=` is the unequal operator");
  if (is_reserved_word(found) && !after_operand) {
    return emit(DiagKind::kSyntaxError, fmt::format("`{}` is a reserved word, not a name", word),
                found == T::RESERVED && (word == "if" || word == "else") ? "write `condition ? a : b`" : "");
  }
  if (before == T::PLUS && found == T::PLUS) return mismatch("an expression", "there is no `++`");
  if (wants_expression &&
      (found == T::LOGICAL_AND || found == T::LOGICAL_OR || found == T::EQUAL || found == T::NOT_EQUAL) &&
      !after_operand) {
    return mismatch(expected, "the operator lacks its left side");
  }
  if (after_operand && (is_name(found) || is_reserved_word(found))) {
    if (word_before == "not" || word_before == "NOT") {
      span = tokens_.span(at - 1);
      return emit(DiagKind::kSyntaxError, fmt::format("expected an expression, found `{}`", word_before),
                  "`!` negates");
    }
    std::string_view hint = slip_hint(word);
    if (!hint.empty()) return mismatch("an operator", std::string(hint));
    if (scope.words != nullptr && expected.empty()) {
      std::string_view meant = base::did_you_mean(word, *scope.words);
      if (!meant.empty() || tokens_[at].line_start) {
        std::string known;
        for (std::string_view w : *scope.words) known += fmt::format("{}`{}`", known.empty() ? "" : ", ", w);
        return emit(DiagKind::kUnknownClause, fmt::format("unknown clause `{}`", word),
                    meant.empty() ? fmt::format("clauses of a {}: {}", scope.what, known)
                                  : fmt::format("did you mean `{}`?", meant));
      }
    }
  }
  if (!expected.empty() && !wants_expression) {
    std::string hint = quotes_hint(before, found, word, failure.expected);
    bool closes = failure.expected.size() == 1 && is_closer(failure.expected[0]);
    if (closes && after_operand && !at_end && starts_operand(found)) hint = "is a `,` or an operator missing?";
    if (!at_end && is_name(found)) {
      std::string_view meant = misspelt(word, failure.expected);
      if (!meant.empty()) hint = fmt::format("did you mean {}?", meant);
    }
    return mismatch(expected, std::move(hint));
  }
  if (wants_expression) return mismatch(expected, {});
  if (at_end) return mismatch("more", {});
  if (after_operand && starts_operand(found)) {
    return mismatch(scope.words != nullptr ? "an operator or a clause" : "an operator", {});
  }
  if (after_operand) return mismatch("an operator", {});
  emit(DiagKind::kSyntaxError, fmt::format("unexpected {}", found_text), {});
}

}  // namespace weir::syntax
