// What names mean where an expression stands: the part of checking that differs between a bare CEL expression and one
// inside a statement.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/annotations.h"
#include "compiler/check/expression.h"
#include "compiler/syntax/ast.h"
#include "compiler/types/type.h"

namespace weir::check {

class Inference;

struct Binding {
  const types::Type* type = nullptr;
  Ref ref;
};

class Scope {
 public:
  virtual ~Scope() = default;

  // A name as written, its parts joined by dots; absolute names carried a leading dot. Comprehension variables are not
  // the scope's business. May be asked for prefixes of longer names, so it reports nothing.
  virtual std::optional<Binding> find(std::string_view name, bool absolute) = 0;
  // No name has more parts than this.
  virtual size_t max_parts() const = 0;
  // A name that was not found: emits the diagnostic. `chain` is the identifier, or the whole chain of fields on it.
  virtual void report_undeclared(const syntax::Expr& chain, std::span<const std::string_view> locals,
                                 base::DiagnosticSink& sink) = 0;

  // `owner.?field` where the owner has fields but is no value, and not this field: emits the diagnostic. False if the
  // owner is nothing of the kind.
  virtual bool report_optional_field(std::string_view, const syntax::Expr&, base::DiagnosticSink&) { return false; }

  // Full name of a function, or empty if there is none of this name.
  virtual std::string find_function(std::string_view name) = 0;
  virtual std::vector<const HostOverload*> host_overloads(std::string_view) { return {}; }
  // Whether the function may be called here; reports if not.
  virtual bool allow_function(std::string_view, base::Span, base::DiagnosticSink&) { return true; }

  // Forms that are not CEL's: `f[key]`, `x in a_list`, labels(k). Types and annotates the call, and checks its
  // arguments through `inference`; false if the call is none of them.
  virtual bool check_special(const syntax::Expr&, Inference&) { return false; }
};

// Type names usable as values: int, list, google.protobuf.Timestamp, net.IP... Empty if the name is none.
std::optional<Binding> find_type_name(std::string_view name, types::TypeTable& types);
std::span<const std::string_view> type_names();

// The parts of a chain of selections, outermost first, ending with what it starts from. Empty operands end it.
std::vector<const syntax::Expr*> selection_chain(const syntax::Expr& expr);

// `a.b.c` as a dotted name if the expression is a chain of plain selections on an identifier (which may start with a
// dot).
bool qualified_name(const syntax::Expr& expr, std::string* out, size_t max_parts);

// Scope of an ExprEnv: variables and host functions under a container.
class EnvScope : public Scope {
 public:
  EnvScope(const ExprEnv& env, types::TypeTable& types, const types::OverloadTable& overloads);

  std::optional<Binding> find(std::string_view name, bool absolute) override;
  size_t max_parts() const override { return max_parts_; }
  void report_undeclared(const syntax::Expr& chain, std::span<const std::string_view> locals,
                         base::DiagnosticSink& sink) override;
  std::string find_function(std::string_view name) override;
  std::vector<const HostOverload*> host_overloads(std::string_view name) override;

 private:
  const ExprEnv& env_;
  types::TypeTable& types_;
  const types::OverloadTable& overloads_;
  std::unordered_map<std::string_view, int> variables_;
  size_t max_parts_ = 4;
};

}  // namespace weir::check
