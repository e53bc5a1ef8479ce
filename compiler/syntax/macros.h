// CEL's macros: calls that the parser rewrites into comprehensions, presence tests and plain calls.
//
// Expansions follow cel-go: parser/macro.go (has, all, exists, exists_one, map, filter), ext/comprehensions.go (two
// variables), ext/bindings.go (cel.bind; cel.block with cel.index, cel.iterVar and cel.accuVar, used by tests only),
// ext/math.go (greatest, least), ext/lists.go (sortBy), cel/library.go (optMap, optFlatMap). Functions that only
// expansions call have names no source can write (`cel.@mapInsert`, `math.@max`, `@not_strictly_false`); `optional.of`
// and `optional.none` are called globally by their full names.
#pragma once

#include <span>
#include <string_view>

#include "compiler/base/diagnostics.h"
#include "compiler/syntax/ast.h"

namespace weir::syntax {

inline constexpr std::string_view kAccumulator = "@result";
inline constexpr std::string_view kUnusedVariable = "#unused";
inline constexpr std::string_view kBoundTarget = "@target";  // the receiver of a macro that needs it more than once

struct MacroInfo {
  enum class Style : uint8_t { kGlobal, kMember };
  std::string_view name;  // "all", "cel.bind"
  Style style;
  uint8_t least, most;     // arguments in parentheses
  std::string_view forms;  // "l.all(x, p), m.all(k, v, p)"
  std::string_view doc;
  std::string_view example;  // a CEL expression that is true
};
std::span<const MacroInfo> macros();  // macros.def

class MacroExpander {
 public:
  MacroExpander(AstArena& arena, base::DiagnosticSink& sink) : arena_(arena), sink_(sink) {}

  // The expansion if the call is a macro's, an error node after a report if its arguments do not fit, else the call.
  // Arguments are expanded already.
  Expr* expand(Expr* call);

 private:
  Expr* expand_cel_namespace(Expr* call);
  Expr* expand_has(Expr* call);
  Expr* expand_quantifier(Expr* call);
  Expr* expand_map(Expr* call);
  Expr* expand_filter(Expr* call);
  Expr* expand_sort_by(Expr* call);
  Expr* expand_transform(Expr* call);
  Expr* expand_bind(Expr* call);
  Expr* expand_block(Expr* call);
  Expr* expand_index(Expr* call);
  Expr* expand_block_variable(Expr* call);
  Expr* expand_optional_map(Expr* call);
  Expr* expand_extremum(Expr* call);

  Expr* bad_argument(const Expr* call, base::Span span, std::string message, std::string hint = {});
  // A comprehension variable's name; reports and returns false if the argument is not a simple identifier.
  bool variable(const Expr* call, const Expr* argument, std::string& name);
  // Iteration variables: the first one or two arguments.
  bool variables(const Expr* call, size_t count, Comprehension& fold);

  Expr* ident(const Expr* at, std::string_view name);
  Expr* accumulator(const Expr* at) { return ident(at, kAccumulator); }
  Expr* boolean(const Expr* at, bool value);
  Expr* integer(const Expr* at, int64_t value);
  Expr* list(const Expr* at, std::vector<Expr*> elements = {});
  Expr* call_of(const Expr* at, std::string_view function, std::vector<Expr*> args);
  Expr* member_call(const Expr* at, Expr* receiver, std::string_view function);
  Expr* conditional(const Expr* at, Expr* condition, Expr* yes, Expr* no);
  Expr* fold(const Expr* call, std::string_view macro, Comprehension parts);
  // let `name` be `value` in `result`
  Expr* bind(const Expr* call, std::string_view macro, std::string name, Expr* value, Expr* result);

  AstArena& arena_;
  base::DiagnosticSink& sink_;
};

}  // namespace weir::syntax
