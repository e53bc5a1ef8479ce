// ANTLR on a range of tokens: SLL prediction first, LL if that fails, and one failure value instead of exceptions.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "compiler/syntax/tokens.h"

namespace weir::syntax {

// Where a parse stopped and what could have stood there (token types; empty if unknown).
struct SyntaxFailure {
  uint32_t token = 0;  // index; the range's end if input ran out
  std::vector<size_t> expected;
};

// A range replaced by one SPLICE token: the literal `id` that the expression builder has already made.
struct Splice {
  Range range;
  size_t id = 0;
};

class TokenParser {
 public:
  explicit TokenParser(const TokenList& tokens);
  ~TokenParser();

  // The parse tree, owned by this parser until its next parse; null and `failure` set if the range does not match.
  template <class Context>
  Context* parse(Context* (grammar::WeirParser::*rule)(), Range range, const std::vector<Splice>& splices,
                 SyntaxFailure& failure) {
    Context* result = nullptr;
    run([&](grammar::WeirParser& parser) { result = (parser.*rule)(); }, range, splices, failure);
    return result;
  }

 private:
  template <class Call>
  void run(Call&& call, Range range, const std::vector<Splice>& splices, SyntaxFailure& failure) {
    for (bool sll : {true, false}) {
      start(range, splices, sll);
      try {
        call(parser());
        return;
      } catch (const Stop& stop) {
        failure = stop.failure;
      }
    }
  }

  struct Stop {
    SyntaxFailure failure;
  };
  class Strategy;
  struct State;

  void start(Range range, const std::vector<Splice>& splices, bool sll);
  grammar::WeirParser& parser();

  const TokenList& tokens_;
  std::unique_ptr<State> state_;
};

// Token indices as ANTLR's tokens carry them.
inline uint32_t first_index(const antlr4::Token* token) { return static_cast<uint32_t>(token->getStartIndex()); }
inline uint32_t last_index(const antlr4::Token* token) { return static_cast<uint32_t>(token->getStopIndex()); }
inline size_t splice_id(const antlr4::Token* token) { return token->getCharPositionInLine(); }

}  // namespace weir::syntax
