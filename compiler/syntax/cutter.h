// Where statements and their parts begin, by tokens alone: keywords and brackets.
//
// Each statement is then parsed by itself, which bounds memory and keeps a mistake inside its statement.
#pragma once

#include <vector>

#include "compiler/syntax/tokens.h"

namespace weir::syntax {

// Ranges of statements; what stands before the first keyword, or between statements without one, is a range whose first
// token is no statement keyword. A statement whose `}` is missing ends where the next one clearly begins.
std::vector<Range> cut_statements(const TokenList& tokens);

// Whether the token begins a statement if statements may begin there.
bool is_statement_keyword(size_t type);

// Cuts `range` before every token that `starts` accepts and that can begin a part: outside brackets, and after a
// complete operand or at the start. Inside an unclosed bracket or after an operator without its right side, a part
// still begins at the start of a line if a word that `starts` accepts is followed by what no expression could have
// there.
template <class Starts>
std::vector<Range> cut_parts(const TokenList& tokens, Range range, Starts&& starts);

// Cuts `name SEPARATOR ...` parts that follow each other: fields (`a: int`) and arms (`block when x`). A part whose
// separator is missing still ends where the next one has its own.
std::vector<Range> cut_separated(const TokenList& tokens, Range range, size_t separator);

// The range between the first `{` of a statement and its closing `}`; the header is before it.
struct Body {
  Range header;
  Range inside;
  Range rest;  // after the `}`
  bool found = false;
};
Body find_body(const TokenList& tokens, Range statement);

// --- implementation

// Whether the word at `at` and the token after it cannot be part of one expression.
bool begins_clause_surely(const TokenList& tokens, uint32_t at, Range range);

template <class Starts>
std::vector<Range> cut_parts(const TokenList& tokens, Range range, Starts&& starts) {
  std::vector<Range> parts;
  uint32_t depth = 0;
  bool may_start = true;  // at the start, or after an operand that does not belong to the keyword itself
  for (uint32_t i = range.begin; i < range.end; ++i) {
    size_t type = tokens[i].type;
    bool recovered = tokens[i].line_start && starts(i) && begins_clause_surely(tokens, i, range);
    if ((depth == 0 && may_start && starts(i)) || recovered) {
      if (!parts.empty()) parts.back().end = i;
      parts.push_back({i, range.end});
      depth = 0;
      may_start = false;
      continue;
    }
    if (parts.empty()) parts.push_back({i, range.end});
    if (closer_of(type) != 0) ++depth;
    if (is_closer(type) && depth > 0) --depth;
    may_start = ends_operand(type);
  }
  return parts;
}

}  // namespace weir::syntax
