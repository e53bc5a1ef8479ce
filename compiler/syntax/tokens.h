// Tokens of a source: compact, so that a literal of 10^6 elements fits, and apart from ANTLR's own token objects.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/base/source.h"
#include "compiler/syntax/antlr.h"

namespace weir::syntax {

using T = grammar::WeirLexer;  // token types: T::IDENTIFIER, ...

struct Token {
  uint16_t type = 0;
  bool line_start = false;  // first token of its line
  uint32_t begin = 0;       // bytes of the file
  uint32_t end = 0;
};

// A half-open range of token indices.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool empty() const { return begin >= end; }
  uint32_t size() const { return empty() ? 0 : end - begin; }
};

class TokenList {
 public:
  // Lexes bytes [begin, end) of a file. Malformed tokens are reported once, here. `by_grammar`: by ANTLR alone.
  TokenList(base::FileId file, std::string_view source, uint32_t begin, uint32_t end, base::DiagnosticSink& sink,
            bool by_grammar = false);

  uint32_t size() const { return static_cast<uint32_t>(tokens_.size()); }
  const Token& operator[](uint32_t i) const { return tokens_[i]; }
  // The token's type, or kEndOfInput past the end of `within`.
  size_t type(uint32_t i, Range within) const { return i < within.end ? tokens_[i].type : kEndOfInput; }
  base::Span span(uint32_t i) const { return {file_, tokens_[i].begin, tokens_[i].end}; }
  // From the first to the last token of a range; for an empty one, the place where it would be.
  base::Span span(Range range) const;
  std::string_view text(uint32_t i) const {
    return source_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin);
  }
  base::FileId file() const { return file_; }
  std::string_view source() const { return source_; }
  Range all() const { return {0, size()}; }
  bool has_bad_token(Range range) const;

 private:
  // From `begin` on, by ANTLR.
  void lex_by_grammar(uint32_t begin, base::DiagnosticSink& sink);
  void add(size_t type, uint32_t begin, uint32_t end);
  void report_bad(const Token& token, base::DiagnosticSink& sink) const;

  base::FileId file_;
  std::string_view source_;
  uint32_t begin_, end_;  // of the bytes lexed
  std::vector<Token> tokens_;
};

bool is_soft_keyword(size_t type);
// IDENTIFIER or a soft keyword.
bool is_name(size_t type);
bool is_reserved_word(size_t type);
// Whether an expression can end with the token: a name, a literal, a closing bracket.
bool ends_operand(size_t type);
// Whether an expression can start with it.
bool starts_operand(size_t type);
bool is_bad(size_t type);
// The closing bracket of an opening one, else 0.
size_t closer_of(size_t type);
bool is_closer(size_t type);
// As messages name it: "`)`", "a name", "a duration such as `10m`".
std::string_view type_description(size_t type);

// Words of the statement layer, for `did you mean`.
const std::vector<std::string_view>& statement_words();

}  // namespace weir::syntax
