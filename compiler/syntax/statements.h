// Statements: ranges of tokens to AST, with recovery clause by clause.
#pragma once

#include <map>
#include <string_view>

#include "compiler/syntax/cutter.h"
#include "compiler/syntax/expressions.h"

namespace weir::syntax {

class StatementParser {
 public:
  StatementParser(const TokenList& tokens, AstArena& arena, base::DiagnosticSink& sink, const ParseLimits& limits)
      : tokens_(tokens), arena_(arena), sink_(sink), limits_(limits), expressions_(tokens, arena, sink, limits) {}

  void parse(Range range, FileAst& file);

 private:
  // Clauses seen so far of a statement, to find those given twice or missing.
  using Seen = std::map<size_t, base::Span>;

  void build(P::StatementContext* context, FileAst& file);
  void recover(Range range, FileAst& file);
  void report_unknown_statement(Range range);

  // Shared by the direct way and by recovery; contexts live until the next parse, so each is consumed at once.
  void build_package(P::PackageStatementContext* context, FileAst& file);
  void build_imports(P::ImportStatementContext* context, FileAst& file);
  void build_field(P::FieldDeclarationContext* context, EventStmt& event);
  EntityStmt build_entity(P::EntityStatementContext* context);
  ListStmt build_list(P::ListStatementContext* context);
  LabelStmt build_label(P::LabelStatementContext* context);
  LetStmt build_let(P::LetStatementContext* context);
  ActionStmt build_action(P::ActionStatementContext* context);
  FeatureStmt build_feature_header(P::FeatureHeaderContext* context);
  void build_feature_clause(P::FeatureClauseContext* context, FeatureStmt& feature, Seen& seen);
  WindowClause build_window(P::WindowContext* context);
  RuleStmt build_rule_header(P::RuleHeaderContext* context);
  void build_rule_clause(P::RuleClauseContext* context, RuleStmt& rule, Seen& seen);
  void build_mode(P::RuleClauseContext* context, RuleStmt& rule);
  void build_severity(P::RuleClauseContext* context, RuleStmt& rule);
  static bool set_severity(const Name& word, RuleStmt& rule);
  static bool set_mode(const Name& word, RuleStmt& rule);
  EffectAst build_effect(P::EffectContext* context);
  DecideStmt::Arm build_arm(P::DecideArmContext* context);
  TestStep build_step(P::TestStepContext* context);

  // A rule without mistakes, read without ANTLR (quick_statements.cc). False if it is not one: then nothing has
  // changed.
  bool quick_rule(Range range, FileAst& file);
  class QuickRule;

  bool recover_feature(Range range, Statement& statement);
  bool recover_rule(Range range, Statement& statement);
  void recover_rule_clause(Range range, RuleStmt& rule, Seen& seen);
  void note_misspelt_clause(uint32_t at, Seen& seen);
  bool recover_event(Range range, Statement& statement);
  bool recover_decide(Range range, Statement& statement);
  bool recover_test(Range range, Statement& statement);
  void check_body(const Body& body, std::string_view what);

  // False, after a report, if the clause was given before.
  bool note_clause(Seen& seen, size_t type, base::Span at);
  void require_clauses(const Seen& seen, std::initializer_list<size_t> types, const Name& name, std::string_view what);

  std::vector<TemplatePiece> build_template(base::Span literal);
  Expr* template_expression(uint32_t begin, uint32_t end);

  Name name(P::NameContext* context) const;
  Name qualified_name(P::QualifiedNameContext* context) const;
  std::vector<Name> names(const std::vector<P::NameContext*>& contexts) const;
  TypeExpr type(P::TypeContext* context) const;
  DurationLit duration(base::Span literal);
  int64_t count(base::Span literal);
  std::string string(base::Span literal);
  DurationLit duration(antlr4::tree::TerminalNode* node) { return duration(span(node)); }
  int64_t count(antlr4::tree::TerminalNode* node) { return count(span(node)); }
  std::string string(antlr4::tree::TerminalNode* node) { return string(span(node)); }
  std::string_view text(base::Span span) const { return tokens_.source().substr(span.begin, span.size()); }
  Expr* expression(P::ExprContext* context) { return expressions_.build_checked(context); }
  std::vector<Expr*> arguments(P::ArgumentsContext* context);
  base::Span span(const antlr4::ParserRuleContext* context) const { return expressions_.span(context); }
  base::Span span(const antlr4::tree::TerminalNode* node) const { return expressions_.span(node); }

  const TokenList& tokens_;
  AstArena& arena_;
  base::DiagnosticSink& sink_;
  const ParseLimits& limits_;
  ExpressionParser expressions_;
};

}  // namespace weir::syntax
