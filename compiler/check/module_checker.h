// The checks of a whole rule set, one statement kind a file: declarations.cc, dependencies.cc, features.cc, lists.cc,
// rules.cc, tests.cc. Order: declarations, then lets and features after what they read, then what nothing reads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/check/infer.h"
#include "compiler/check/module.h"
#include "compiler/check/module_scope.h"
#include "compiler/check/symbols.h"

namespace weir::check {

class ModuleChecker {
 public:
  ModuleChecker(std::vector<syntax::FileAst> files, std::shared_ptr<syntax::AstArena> arena, CheckOptions options,
                base::DiagnosticSink& sink);

  // Once. The module belongs to the caller; it must be there for as long as rules are replaced.
  std::unique_ptr<Module> run();

  // Checks a rule of the module again, as `ast` now says: of the same name, id, event and file. False if it is not, or
  // has errors: then the module is as it was, but for annotations. Warnings about the rule and about what nothing uses
  // go to the sink; whether its condition is that of another rule is left to the caller (condition_of).
  bool replace_rule(size_t index, const syntax::RuleStmt& ast);

 private:
  template <typename Visit>
  void for_each_statement(syntax::StatementKind kind, Visit visit) {
    for (const syntax::FileAst& file : module_->files) {
      file_ = file.file;
      for (const syntax::Statement& statement : file.statements)
        if (statement.kind == kind) visit(statement);
    }
  }

  // declarations.cc
  void check_imports();
  void declare_entities();
  void declare_events();
  void declare_lists();
  void declare_labels();
  void declare_actions();
  void declare_lets();
  void declare_rules();
  // False, and a diagnostic, if the name is taken.
  bool declare(const syntax::Name& name, Symbol::Kind kind, int index);
  const types::Type* read_type(const syntax::TypeExpr& type);
  // Null, and a diagnostic, if there is none of this name that the current file can see.
  const Symbol* look_up(Symbol::Kind kind, const syntax::Name& name);

  // dependencies.cc: features and lets in an order in which each comes after what it reads
  void order_definitions();
  const Symbol* value_read(const syntax::Expr& chain) const;

  // lists.cc
  void load_list(const syntax::ListStmt& statement, List& list);
  void load_inline(const syntax::ListStmt& statement, List& list);
  bool valid_entry(const List& list, std::string_view text) const;

  // features.cc
  void check_let(Let& let);
  void check_feature(Feature& feature);
  void check_aggregation(Feature& feature, const Place& place);
  void check_window(Feature& feature);

  // rules.cc
  void check_rules();
  Rule check_rule(const syntax::RuleStmt& ast);
  void check_effect(const syntax::EffectAst& ast, Rule& rule, const Place& place);
  void check_decides();
  bool read_verdict(const syntax::Name& name, Verdict* out);

  // regexes.cc
  void check_regexes();
  void check_regexes(const Rule& rule);
  void check_regexes(const syntax::Expr& root);

  // tests.cc
  struct TestState {
    Place row;
    int last_event = Place::kNoEvent;
  };
  void check_tests();
  void check_step(const syntax::TestStep& step, TestState& state);
  void check_send(const syntax::TestStep& step, TestState& state);

  // Checks an expression where it stands. Null if it does not check, or is null itself.
  const types::Type* check_at(const syntax::Expr* expr, const Place& place);
  void check_condition(const syntax::Expr* expr, const Place& place, std::string_view what);
  // Whether a checked value of a type may stand where another is wanted.
  bool fits(const types::Type* seen, const types::Type* wanted);
  bool check_key(const syntax::Expr& key, const types::Type* type);
  Place at_event(std::string_view what, int event) const;

  std::unique_ptr<Module> owned_;  // until run() has ended
  Module* module_;
  CheckOptions options_;
  base::DiagnosticSink& sink_;
  types::TypeTable& types_;
  Symbols symbols_;
  Imports imports_;
  base::FileId file_ = 0;  // of the statement being checked
  ModuleScope scope_;
  Inference inference_;
  Unifier unifier_;

  std::vector<const syntax::FeatureStmt*> feature_asts_;  // in order of source, until they are sorted
  std::vector<const syntax::LetStmt*> let_asts_;
  std::vector<const syntax::RuleStmt*> rule_asts_;
  std::vector<base::FileId> rule_files_;
  struct Definition {
    bool is_feature;
    int index;  // into module_->features or module_->lets
  };
  std::vector<Definition> definition_order_;
};

inline bool is_scalar(const types::Type* type) {
  switch (type->base()->kind()) {
    case types::Kind::kBool:
    case types::Kind::kInt:
    case types::Kind::kUint:
    case types::Kind::kDouble:
    case types::Kind::kString:
    case types::Kind::kTimestamp:
    case types::Kind::kDuration:
      return true;
    default:
      return false;
  }
}

inline bool is_number(const types::Type* type) {
  return type->is(types::Kind::kInt) || type->is(types::Kind::kUint) || type->is(types::Kind::kDouble);
}

}  // namespace weir::check
