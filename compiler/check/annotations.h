// What the checker found out about each expression, beside the tree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/syntax/ast.h"
#include "compiler/types/builtins.h"
#include "compiler/types/type.h"

namespace weir::check {

// What an expression node refers to. For a chain such as `post.text` the Select node carries the reference and its
// operand carries none (and is not evaluated).
enum class RefKind : uint8_t {
  kNone,        // also the operations of the IR that are no calls: && || ! ?: @not_strictly_false, `_?._`, `_[?_]`
  kLocal,       // comprehension variable: decl, which
  kSlot,        // row slot `index`: event field, environment variable, `each` variable, `score`, repeat variable.
                //   On a Select with test_only: presence of the slot. On a "_?._" call: optional of the slot.
  kLet,         // let `index`: stands for its expression
  kFeature,     // feature `index` at the current event's key
  kFeatureAt,   // on a "_[_]" call: feature `index`; the keys are args[1] or, composite, the elements of list args[1]
  kListMember,  // on an "@in" call: args[0] in list `index`
  kLabels,      // on a call labels(k): all labels of the key; index = entity index
  kHasLabel,    // on an "@in" call "x" in labels(k): label `index` if args[0] is a literal, else -1
  kTypeName,    // a type used as a value; type_name is CEL's run-time name ("int", "list", "net.IP", "null_type")
  kCall,        // call of one overload: overloads[0], chosen statically
  kDynCall,     // call whose overload is chosen at run time by function name and argument kinds, among all overloads
  kHostCall,    // a function declared by the host without a body (type checks only; evaluating it is an error)
  kUnresolved,  // unchecked evaluation of an unknown name or function: an evaluation error with `message`
};

struct Ref {
  RefKind kind = RefKind::kNone;
  int32_t index = -1;
  const syntax::Expr* decl = nullptr;  // kLocal: the comprehension node
  enum class Var : uint8_t { kIter, kIter2, kAccu } which = Var::kIter;
  types::BuiltinId overload = types::BuiltinId::kCount;  // kCall
  // kTypeName: the name; kUnresolved: the message; kCall, kDynCall: the full name of a namespaced function such as
  // "math.abs", whose operand is a namespace and no argument; else empty.
  std::string text;
  types::CallStyle style = types::CallStyle::kGlobal;  // kCall, kDynCall, kHostCall
};

struct Annotation {
  const types::Type* type = nullptr;  // after inference, parameters substituted; dyn where unconstrained
  Ref ref;
};

// Indexed by Expr::id.
class Annotations {
 public:
  Annotation& at(const syntax::Expr& e) {
    if (e.id >= table_.size()) table_.resize(e.id + 1);
    return table_[e.id];
  }
  const Annotation& at(const syntax::Expr& e) const { return table_[e.id]; }
  const std::vector<Annotation>& all() const { return table_; }

 private:
  std::vector<Annotation> table_;
};

}  // namespace weir::check
