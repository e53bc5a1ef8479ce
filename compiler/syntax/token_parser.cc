#include "compiler/syntax/token_parser.h"

namespace weir::syntax {

// Stops at the first mistake: recovery is done by cutting statements and clauses, not by ANTLR.
class TokenParser::Strategy : public antlr4::DefaultErrorStrategy {
 public:
  void reportError(antlr4::Parser*, const antlr4::RecognitionException& e) override {
    antlr4::Token* at = e.getOffendingToken();
    SyntaxFailure failure{first_index(at), {}};
    auto* no_choice = dynamic_cast<const antlr4::NoViableAltException*>(&e);
    // What was expected is known for the token a choice starts at, not for one further on.
    if (no_choice == nullptr || no_choice->getStartToken() == at) failure.expected = to_types(e.getExpectedTokens());
    throw Stop{std::move(failure)};
  }
  void recover(antlr4::Parser*, std::exception_ptr) override {}
  antlr4::Token* recoverInline(antlr4::Parser* parser) override {
    throw Stop{{first_index(parser->getCurrentToken()), to_types(parser->getExpectedTokens())}};
  }
  void sync(antlr4::Parser*) override {}

 private:
  static std::vector<size_t> to_types(const antlr4::misc::IntervalSet& set) {
    std::vector<size_t> types;
    for (ssize_t type : set.toList()) types.push_back(static_cast<size_t>(type));
    return types;
  }
};

struct TokenParser::State {
  std::unique_ptr<antlr4::ListTokenSource> source;
  std::unique_ptr<antlr4::CommonTokenStream> stream;
  std::unique_ptr<grammar::WeirParser> parser;
};

TokenParser::TokenParser(const TokenList& tokens) : tokens_(tokens), state_(std::make_unique<State>()) {}
TokenParser::~TokenParser() = default;

grammar::WeirParser& TokenParser::parser() { return *state_->parser; }

void TokenParser::start(Range range, const std::vector<Splice>& splices, bool sll) {
  std::vector<std::unique_ptr<antlr4::Token>> list;
  list.reserve(range.size() + 1);
  auto next_splice = splices.begin();
  auto push = [&](size_t type, uint32_t first, uint32_t last, size_t id) {
    auto token = std::make_unique<antlr4::CommonToken>(type);
    token->setStartIndex(first);
    token->setStopIndex(last);
    token->setCharPositionInLine(id);
    list.push_back(std::move(token));
  };
  for (uint32_t i = range.begin; i < range.end; ++i) {
    if (next_splice != splices.end() && next_splice->range.begin == i) {
      push(T::SPLICE, i, next_splice->range.end - 1, next_splice->id);
      i = next_splice->range.end - 1;
      ++next_splice;
    } else {
      push(tokens_[i].type, i, i, 0);
    }
  }
  push(kEndOfInput, range.end, range.end, 0);

  auto source = std::make_unique<antlr4::ListTokenSource>(std::move(list));
  auto stream = std::make_unique<antlr4::CommonTokenStream>(source.get());
  if (state_->parser == nullptr) {
    state_->parser = std::make_unique<grammar::WeirParser>(stream.get());
    state_->parser->removeErrorListeners();
    state_->parser->setErrorHandler(std::make_shared<Strategy>());
  } else {
    state_->parser->setTokenStream(stream.get());
  }
  state_->stream = std::move(stream);
  state_->source = std::move(source);
  state_->parser->getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
      sll ? antlr4::atn::PredictionMode::SLL : antlr4::atn::PredictionMode::LL);
}

}  // namespace weir::syntax
