// List and map literals of many elements are parsed element by element: ANTLR's tree of a million elements would take
// gigabytes, and its tokens alone hundreds of megabytes.
#include <algorithm>

#include "compiler/syntax/expressions.h"

namespace weir::syntax {
namespace {

constexpr size_t kLargeLiteral = 256;  // elements

// Commas directly inside the brackets at `open`.
std::vector<uint32_t> commas(const TokenList& tokens, Range inside) {
  std::vector<uint32_t> out;
  uint32_t depth = 0;
  for (uint32_t i = inside.begin; i < inside.end; ++i) {
    if (closer_of(tokens[i].type) != 0) ++depth;
    if (is_closer(tokens[i].type)) --depth;
    if (depth == 0 && tokens[i].type == T::COMMA) out.push_back(i);
  }
  return out;
}

// The colon between key and value: not one that belongs to a conditional in the key.
uint32_t key_colon(const TokenList& tokens, Range entry) {
  uint32_t depth = 0, conditionals = 0;
  for (uint32_t i = entry.begin; i < entry.end; ++i) {
    size_t type = tokens[i].type;
    if (closer_of(type) != 0) ++depth;
    if (is_closer(type)) --depth;
    if (depth > 0) continue;
    bool selection = i > entry.begin && tokens[i - 1].type == T::DOT;
    if (type == T::QUESTION && !selection) ++conditionals;
    if (type == T::COLON) {
      if (conditionals == 0) return i;
      --conditionals;
    }
  }
  return entry.end;
}

}  // namespace

void ExpressionParser::splice_large_literals(Range range, std::vector<Splice>& splices) {
  // Candidates are found by counting commas per bracket in one pass.
  struct Open {
    uint32_t at;
    uint32_t commas;
    bool literal;
  };
  std::vector<Open> stack;
  std::vector<Range> large;
  for (uint32_t i = range.begin; i < range.end; ++i) {
    size_t type = tokens_[i].type;
    if (closer_of(type) != 0) {
      bool after_operand = i > range.begin && ends_operand(tokens_[i - 1].type);
      stack.push_back({i, 0, type != T::LPAREN && !after_operand});
    } else if (type == T::COMMA && !stack.empty()) {
      ++stack.back().commas;
    } else if (is_closer(type)) {
      Open open = stack.back();
      stack.pop_back();
      if (open.literal && open.commas >= kLargeLiteral) {
        // An enclosing large literal takes the place of those inside it: it will meet them again.
        while (!large.empty() && large.back().begin > open.at) large.pop_back();
        large.push_back({open.at, i + 1});
      }
    }
  }
  if (large.empty()) return;
  std::vector<Expr*> built;
  for (Range literal : large) {
    splices.push_back({literal, built.size()});
    // A statement that fails as a whole is parsed again in parts: its literals are built, and blamed, once.
    auto [found, is_new] = large_literals_.try_emplace(literal.begin, nullptr);
    if (is_new) {
      Expr* e = build_large_literal(literal);
      large_literals_[literal.begin] = e;
      built.push_back(e);
    } else {
      built.push_back(found->second);
    }
  }
  splices_ = std::move(built);
}

Expr* ExpressionParser::build_element(Range range, bool& failed) {
  if (range.empty()) {
    report({range.begin, {T::IDENTIFIER, T::NUM_INT, T::LPAREN}}, range, {});
    failed = true;
    return nullptr;
  }
  // One token, or a minus and a number: no need for a parser.
  uint32_t last = range.end - 1;
  size_t type = tokens_.type(last, range);
  bool number = type == T::NUM_INT || type == T::NUM_FLOAT;
  bool simple = number || type == T::NUM_UINT || type == T::STRING || type == T::BYTES || type == T::TRUE ||
                type == T::FALSE || type == T::NULL_LITERAL;
  if (range.size() == 1 && simple) return build_literal(type, tokens_.span(last), tokens_.text(last), false);
  if (range.size() == 2 && number && tokens_[range.begin].type == T::MINUS) {
    return build_literal(type, tokens_.span(range), tokens_.text(last), true);
  }
  Expr* e = parse_expression(range, {});
  if (e == nullptr) failed = true;
  return e;
}

Expr* ExpressionParser::build_large_literal(Range range) {
  bool is_list = tokens_[range.begin].type == T::LBRACKET;
  Expr* e = arena_.make(is_list ? ExprKind::kList : ExprKind::kMap, tokens_.span(range));
  Range inside{range.begin + 1, range.end - 1};
  std::vector<uint32_t> ends = commas(tokens_, inside);
  if (ends.empty() || ends.back() + 1 < inside.end) ends.push_back(inside.end);  // else a trailing comma
  e->args.reserve(is_list ? ends.size() : 2 * ends.size());
  uint32_t begin = inside.begin;
  bool failed = false;
  // Ten reports about one literal are enough.
  constexpr int kMaxFailures = 10;
  int failures = 0;
  for (uint32_t end : ends) {
    Range element{begin, end};
    begin = end + 1;
    bool optional = !element.empty() && tokens_[element.begin].type == T::QUESTION;
    if (optional) ++element.begin;
    failed = false;
    if (optional) e->mark_optional(is_list ? e->args.size() : e->args.size() / 2);
    if (is_list) {
      e->args.push_back(build_element(element, failed));
    } else {
      uint32_t colon = key_colon(tokens_, element);
      if (colon == element.end) {
        report({element.end, {T::COLON}}, element, {});
        failed = true;
      } else {
        e->args.push_back(build_element({element.begin, colon}, failed));
        if (!failed) e->args.push_back(build_element({colon + 1, element.end}, failed));
      }
    }
    if (failed && ++failures >= kMaxFailures) break;
  }
  return failures > 0 ? error(e->span) : e;
}

}  // namespace weir::syntax
