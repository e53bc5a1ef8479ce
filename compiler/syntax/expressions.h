// Expressions: ranges of tokens to AST.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/macros.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/token_parser.h"

namespace weir::syntax {

using P = grammar::WeirParser;

// What a parse was about, for its messages.
struct SyntaxScope {
  std::string_view what = "expression";                  // "expression", "rule", "feature"...
  const std::vector<std::string_view>* words = nullptr;  // clause keywords that may follow an expression there
};

class ExpressionParser {
 public:
  ExpressionParser(const TokenList& tokens, AstArena& arena, base::DiagnosticSink& sink, const ParseLimits& limits)
      : tokens_(tokens), arena_(arena), sink_(sink), limits_(limits), macros_(arena, sink), parser_(tokens) {}

  // A range as one expression. Null after a report.
  Expr* parse_expression(Range range, const SyntaxScope& scope);

  // The longest expression from `at`, which moves past it, without ANTLR (quick_expressions.cc). Null if there is none
  // in `within` that is free of mistakes; something may have been reported then, which the caller takes back.
  Expr* quick_expression(uint32_t& at, Range within);
  // Brackets pair up, do not nest too deeply, and no token is malformed (those are reported by the lexer).
  bool check_tokens(Range range, bool quiet);

  // A range by any rule of the grammar. Null after a report, unless `quiet`: then nothing is reported and `failure`
  // says where it stopped. The tree lives until the next call.
  template <class Context>
  Context* parse(Context* (P::*rule)(), Range range, const SyntaxScope& scope, bool quiet = false,
                 SyntaxFailure* failure_out = nullptr) {
    splices_.clear();
    if (!check_tokens(range, quiet)) {
      if (failure_out != nullptr) *failure_out = {range.begin, {}};
      return nullptr;
    }
    std::vector<Splice> splices;
    splice_large_literals(range, splices);
    SyntaxFailure failure;
    Context* tree = parser_.parse(rule, range, splices, failure);
    if (tree == nullptr && !quiet) report(failure, range, scope);
    if (failure_out != nullptr) *failure_out = failure;
    return tree;
  }

  // Builds from the tree of the last parse(). Never null: mistakes are reported and leave an error node.
  Expr* build(P::ExprContext* context);
  Expr* build_checked(P::ExprContext* context);  // and checks how deep the result is

  // The translation of a parser failure into words.
  void report(const SyntaxFailure& failure, Range range, const SyntaxScope& scope);

  base::Span span(const antlr4::ParserRuleContext* context) const;
  base::Span span(const antlr4::tree::TerminalNode* node) const;
  std::string_view text(const antlr4::ParserRuleContext* context) const;
  std::string_view text(const antlr4::tree::TerminalNode* node) const;

 private:
  class Quick;
  void splice_large_literals(Range range, std::vector<Splice>& splices);
  Expr* build_large_literal(Range range);
  Expr* build_element(Range range, bool& failed);

  bool too_deep(const Expr* e) const;
  Expr* build_or(P::ConditionalOrContext* context);
  Expr* build_and(P::ConditionalAndContext* context);
  Expr* build_relation(P::RelationContext* context);
  Expr* build_addition(P::AdditionContext* context);
  Expr* build_multiplication(P::MultiplicationContext* context);
  Expr* build_unary(P::UnaryContext* context);
  Expr* build_member(P::MemberContext* context, bool negate_literal);
  Expr* build_postfix(Expr* operand, P::PostfixContext* context, base::Span so_far);
  Expr* build_struct(Expr* type, P::PostfixContext* context, base::Span so_far);
  Expr* build_primary(P::PrimaryContext* context, bool negate_literal);
  Expr* build_literal(size_t type, base::Span at, std::string_view text, bool negative);
  Expr* build_number(Expr* e, size_t type, std::string_view text, bool negative);
  std::vector<Expr*> build_arguments(P::ArgumentsContext* context);
  Expr* binary(std::string_view function, base::Span operator_span, base::Span whole, Expr* left, Expr* right);
  Expr* balance(std::string_view function, const std::vector<Expr*>& terms, const std::vector<base::Span>& operators,
                size_t first, size_t last);
  std::string selector_text(P::SelectorContext* context) const;
  Expr* error(base::Span at) { return arena_.make(ExprKind::kError, at); }

  const TokenList& tokens_;
  AstArena& arena_;
  base::DiagnosticSink& sink_;
  const ParseLimits& limits_;
  MacroExpander macros_;
  TokenParser parser_;
  std::vector<Expr*> splices_;                          // of the last parse
  std::unordered_map<uint32_t, Expr*> large_literals_;  // by the token they open with
};

}  // namespace weir::syntax
