// Names inside statements: event fields, lets, features, lists, labels, and the variables some places add.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/check/module.h"
#include "compiler/check/scope.h"
#include "compiler/check/symbols.h"

namespace weir::check {

// Where an expression stands.
struct Place {
  static constexpr int kNoEvent = -1;
  std::string_view what = "expression";  // for diagnostics: "rule", "feature", "test"
  int event = kNoEvent;
  bool event_open = false;  // a let: the first event field or feature it reads decides its event
  bool score = false;       // `score` may be read
  const syntax::Name* each_var = nullptr;
  const types::Type* each_type = nullptr;
  std::vector<std::pair<std::string_view, const types::Type*>> row;  // of a test: repeat variables, outermost first
};

class ModuleScope : public Scope {
 public:
  // All must outlive the scope. `imports` may be Imports::everything().
  ModuleScope(const Module& module, const Symbols& symbols, const Imports* imports, types::TypeTable& types);

  void set_place(Place place, base::FileId file);
  int event() const { return place_.event; }

  std::optional<Binding> find(std::string_view name, bool absolute) override;
  size_t max_parts() const override { return 8; }
  void report_undeclared(const syntax::Expr& chain, std::span<const std::string_view> locals,
                         base::DiagnosticSink& sink) override;
  std::string find_function(std::string_view name) override;
  bool allow_function(std::string_view function, base::Span span, base::DiagnosticSink& sink) override;
  bool check_special(const syntax::Expr& call, Inference& inference) override;
  bool report_optional_field(std::string_view owner, const syntax::Expr& field, base::DiagnosticSink& sink) override;

 private:
  // The symbol a name stands for, if the file can see it.
  const Symbol* visible_value(std::string_view name) const;
  bool is_visible(const Symbol& symbol) const { return imports_ == nullptr || imports_->visible(file_, symbol); }
  bool event_fits(int event);
  std::optional<Binding> find_variable(std::string_view name) const;
  // The list or feature an operand names, not hidden by a comprehension variable.
  const Symbol* named(const syntax::Expr& operand, Symbol::Kind kind, const Inference& inference) const;

  // module_special.cc
  void check_feature_at(const syntax::Expr& call, int feature, Inference& inference);
  void check_list_member(const syntax::Expr& call, int list, Inference& inference);
  void check_labels(const syntax::Expr& call, Inference& inference);
  void check_has_label(const syntax::Expr& call, const syntax::Expr& labels, Inference& inference);
  int entity_of_key(const types::Type* key, const syntax::Expr& at, Inference& inference) const;

  void report_symbol(const Symbol& symbol, const syntax::Expr& chain, base::DiagnosticSink& sink);
  void report_unknown_field(int event, const syntax::Expr& chain, base::DiagnosticSink& sink);

  const Module& module_;
  const Symbols& symbols_;
  const Imports* imports_;
  types::TypeTable& types_;
  Place place_;
  base::FileId file_ = 0;
};

// A field an event does not have: the one that is meant if one is near, else those there are.
void report_no_field(base::DiagnosticSink& sink, const types::EventSchema& event, std::string_view field,
                     base::Span span);

// Emits the diagnostic of a value that cannot stand where `wanted` is: two entities, or simply another type.
base::DiagnosticSink::Builder report_mismatch(base::DiagnosticSink& sink, base::Span span, std::string_view what,
                                              const types::Type* wanted, const types::Type* seen);

}  // namespace weir::check
