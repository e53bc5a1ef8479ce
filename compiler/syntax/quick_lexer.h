// Well-formed tokens without ANTLR, whose lexer takes nine tenths of the time for the same answer.
//
// grammar/WeirLexer.g4 says what a token is. What is read here is read as it says; of anything else (malformed strings
// and numbers, stray characters) nothing is known, and TokenList asks the grammar. tests/unit/syntax/quick_test.cc
// compares the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::syntax {

struct QuickToken {
  size_t type = 0;  // 0: not well-formed
  size_t end = 0;
};

// The token at `at`, which is neither blank nor the end of the text.
QuickToken quick_token(std::string_view text, size_t at);
// Past blanks and comments.
size_t skip_blanks(std::string_view text, size_t at);

}  // namespace weir::syntax
