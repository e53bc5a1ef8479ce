#include "compiler/syntax/cutter.h"

namespace weir::syntax {
namespace {

// Whether the tokens from `at` have the shape in which a statement of that keyword must begin. No CEL expression and no
// clause has a keyword followed by such tokens at the start of a line.
bool has_statement_shape(const TokenList& tokens, uint32_t at, Range all) {
  size_t next = tokens.type(at + 1, all);
  size_t after = tokens.type(at + 2, all);
  switch (tokens[at].type) {
    case T::TEST:
      return next == T::STRING;
    case T::RULE:
      return is_name(next) && after == T::ON;
    case T::FEATURE:
    case T::LET:
      return is_name(next) && after == T::ASSIGN;
    case T::EVENT:
    case T::DECIDE:
      return is_name(next) && after == T::LBRACE;
    case T::ENTITY:
      return is_name(next) && after == T::COLON;
    case T::LIST:
      return is_name(next) && (after == T::COLON || after == T::COMMA);
    case T::LABEL:
      return is_name(next) && (after == T::ON || after == T::COMMA);
    case T::PACKAGE:
    case T::IMPORT:
      return is_name(next);
    default:
      return false;  // `action name(` is also an effect
  }
}

// `model` and `graph` are reserved for statements to come.
bool is_planned_statement(const TokenList& tokens, uint32_t at, Range all) {
  std::string_view word = tokens.text(at);
  return (word == "model" || word == "graph") && tokens[at].line_start && is_name(tokens.type(at + 1, all));
}

// A word and a name at the start of a line, followed by what only a statement's header has there: a misspelt keyword.
bool looks_like_statement(const TokenList& tokens, uint32_t at, Range all) {
  if (tokens[at].type != T::IDENTIFIER || !tokens[at].line_start) return false;
  if (!is_name(tokens.type(at + 1, all))) return false;
  size_t after = tokens.type(at + 2, all);
  return after == T::ASSIGN || after == T::LBRACE || after == T::COLON || after == T::ON;
}

}  // namespace

bool is_statement_keyword(size_t type) {
  switch (type) {
    case T::PACKAGE:
    case T::IMPORT:
    case T::ENTITY:
    case T::EVENT:
    case T::LIST:
    case T::LABEL:
    case T::LET:
    case T::ACTION:
    case T::FEATURE:
    case T::RULE:
    case T::DECIDE:
    case T::TEST:
      return true;
    default:
      return false;
  }
}

std::vector<Range> cut_statements(const TokenList& tokens) {
  Range all = tokens.all();
  std::vector<Range> statements;
  uint32_t depth = 0;
  uint32_t brackets = 0;  // ( and [: a keyword inside them is a name
  for (uint32_t i = 0; i < all.end; ++i) {
    size_t type = tokens[i].type;
    bool selector = i > 0 && (tokens[i - 1].type == T::DOT || tokens[i - 1].type == T::QUESTION);
    bool keyword = is_statement_keyword(type);
    bool starts = keyword && tokens[i].line_start && has_statement_shape(tokens, i, all);
    if (!starts && !selector && depth == 0 && brackets == 0) {
      size_t next = tokens.type(i + 1, all);
      bool complete = i == 0 || ends_operand(tokens[i - 1].type);
      starts = (keyword && (is_name(next) || next == T::STRING || (complete && tokens[i].line_start))) ||
               is_planned_statement(tokens, i, all) || looks_like_statement(tokens, i, all);
    }
    if (starts) {
      if (!statements.empty()) statements.back().end = i;
      statements.push_back({i, all.end});
      depth = brackets = 0;
      continue;
    }
    if (statements.empty()) statements.push_back({i, all.end});
    if (type == T::LBRACE) ++depth;
    if (type == T::LPAREN || type == T::LBRACKET) ++brackets;
    if ((type == T::RPAREN || type == T::RBRACKET) && brackets > 0) --brackets;
    if (type == T::RBRACE && depth > 0) {
      --depth;
      if (depth == 0) brackets = 0;
    }
  }
  return statements;
}

Body find_body(const TokenList& tokens, Range statement) {
  Body body;
  body.header = statement;
  for (uint32_t i = statement.begin; i < statement.end; ++i) {
    if (tokens[i].type != T::LBRACE) continue;
    body.found = true;
    body.header.end = i;
    body.inside = {i + 1, statement.end};
    body.rest = {statement.end, statement.end};
    uint32_t depth = 0;
    for (uint32_t k = i; k < statement.end; ++k) {
      if (tokens[k].type == T::LBRACE) ++depth;
      if (tokens[k].type == T::RBRACE && --depth == 0) {
        body.inside.end = k;
        body.rest.begin = k + 1;
        return body;
      }
    }
    return body;
  }
  return body;
}

bool begins_clause_surely(const TokenList& tokens, uint32_t at, Range range) {
  size_t next = tokens.type(at + 1, range);
  if (is_name(next) || next == T::STRING || next == T::NUM_INT || next == T::LBRACE) return true;
  bool after_operand = at > range.begin && ends_operand(tokens[at - 1].type);
  return after_operand && (next == T::NOT || next == T::LPAREN);
}

std::vector<Range> cut_separated(const TokenList& tokens, Range range, size_t separator) {
  std::vector<Range> parts;
  uint32_t depth = 0;
  bool separated = false;  // the part has its separator and something after it
  for (uint32_t i = range.begin; i < range.end; ++i) {
    size_t type = tokens[i].type;
    bool word = is_name(type) || is_reserved_word(type) || type == T::ESCAPED_NAME;
    size_t before = i > range.begin ? tokens[i - 1].type : 0;
    bool after_part = ends_operand(before) || before == T::GREATER || before == T::QUESTION || before == T::COMMA;
    bool starts = depth == 0 && word &&
                  ((separated && after_part) || (tokens.type(i + 1, range) == separator && before != T::QUESTION));
    if (parts.empty() || (starts && parts.back().begin != i)) {
      if (!parts.empty()) parts.back().end = i;
      parts.push_back({i, range.end});
      separated = false;
    }
    separated = separated || before == separator;
    // A type's angle brackets nest as brackets do.
    bool angle = separator == T::COLON;
    if (closer_of(type) != 0 || (angle && type == T::LESS)) ++depth;
    if ((is_closer(type) || (angle && type == T::GREATER)) && depth > 0) --depth;
  }
  return parts;
}

}  // namespace weir::syntax
