// Type inference of one expression at a time: CEL's checker over a Scope.
//
// The tree is walked along its first children with an explicit stack, so that long chains (`a + b + c + ...`,
// `x.f().g()...`) cost no machine stack; what nests otherwise is limited by kMaxDepth.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/annotations.h"
#include "compiler/check/scope.h"
#include "compiler/check/unifier.h"
#include "compiler/syntax/ast.h"
#include "compiler/types/builtins.h"

namespace weir::check {

class Inference {
 public:
  Inference(Scope& scope, types::TypeTable& types, const types::OverloadTable& overloads, Annotations& annotations,
            base::DiagnosticSink& sink);

  // The scope of the expressions checked from here on.
  void enter(Scope& scope) { scope_ = &scope; }
  // Checks a whole expression and writes final types to all its nodes. Null if it does not check; the sink says why.
  const types::Type* check_whole(const syntax::Expr& expr);

  // --- for scopes, within check_whole
  // Checks a part. The type may hold variables yet; kError if a diagnostic was emitted.
  const types::Type* check(const syntax::Expr& expr);
  const types::Type* set(const syntax::Expr& expr, const types::Type* type, Ref ref = {});
  bool assignable(const types::Type* from, const types::Type* to) { return unifier_.assignable(from, to); }
  const types::Type* resolved(const types::Type* type) { return unifier_.resolve(type, false); }
  bool is_local(std::string_view name) const { return find_local(name) != nullptr; }
  types::TypeTable& types() { return types_; }
  base::DiagnosticSink& sink() { return sink_; }
  Annotations& annotations() { return annotations_; }

 private:
  static constexpr int kMaxDepth = 1500;

  struct Local {
    std::string_view name;
    const types::Type* type;
    const syntax::Expr* decl;
    Ref::Var which;
  };
  struct Frame {
    const syntax::Expr* expr;
    std::string function;  // of a call that is not a member call: the full name
    bool member = false;
    bool done = false;
  };
  // A call with one candidate; whether it may be chosen statically is known when all types are.
  struct PendingCall {
    const syntax::Expr* expr;
    const types::Overload* overload;
  };
  struct IntrinsicOverload {
    std::string_view function;
    types::Overload overload;
    RefKind kind;
  };
  struct Candidate {
    const std::vector<const types::Type*>* params;
    const types::Type* result;
    const types::Overload* overload = nullptr;  // null: an IR operation or a host's function
    RefKind kind = RefKind::kCall;
  };

  // infer.cc: the walk
  const syntax::Expr* enter(Frame& frame);
  const syntax::Expr* enter_call(Frame& frame);
  void finish(const Frame& frame);
  void finish_select(const syntax::Expr& expr);
  void finish_list(const syntax::Expr& expr);
  void finish_map(const syntax::Expr& expr);
  void finish_comprehension(const syntax::Expr& expr);
  void set_constant(const syntax::Expr& expr);
  const types::Type* select_field(const syntax::Expr& expr, const syntax::Expr& operand, std::string_view field,
                                  bool optional);
  const types::Type* element_type(const syntax::Expr& element, bool optional);
  void finish_types();
  bool chosen_statically(const PendingCall& call) const;
  bool may_be_null(const syntax::Expr& expr, int depth) const;

  // infer_names.cc: identifiers and chains
  const Local* find_local(std::string_view name) const;
  void resolve_identifier(const syntax::Expr& expr);
  bool resolve_chain(const syntax::Expr& expr);
  bool resolve_optional_field(const syntax::Expr& expr);
  void report_undeclared(const syntax::Expr& chain);
  bool report_unknown_in_namespace(const syntax::Expr& call, std::string_view prefix);
  std::string_view near_function(std::string_view function) const;

  // overloads.cc: calls
  void finish_call(const Frame& frame);
  std::vector<Candidate> candidates(std::string_view function, types::CallStyle style);
  void report_no_overload(const syntax::Expr& call, std::string_view function, types::CallStyle style,
                          const std::vector<const syntax::Expr*>& args, std::vector<const types::Type*> arg_types,
                          const std::vector<Candidate>& all);
  void report_unknown_function(const syntax::Expr& call, std::string_view function, types::CallStyle style);

  Scope* scope_;
  types::TypeTable& types_;
  const types::OverloadTable& overloads_;
  Annotations& annotations_;
  base::DiagnosticSink& sink_;
  Unifier unifier_;

  std::vector<IntrinsicOverload> intrinsics_;
  std::vector<Frame> spine_;
  std::vector<Local> locals_;
  std::vector<const syntax::Expr*> visited_;
  std::vector<PendingCall> pending_;
  std::vector<uint8_t> marks_;  // by Expr::id: what is known of selections within a chain looked at before
  int depth_ = 0;
  bool too_deep_ = false;  // reported, or a type that is too large
};

// Arguments of a call, receiver first if it has one.
std::vector<const syntax::Expr*> call_arguments(const syntax::Expr& call, bool member);

bool is_operator(std::string_view function);
// `_+_` as people write it: `+`; other names unchanged.
std::string_view operator_text(std::string_view function);

// Signatures of operations that are no functions: && || ! ?: and what indexes optionals.
struct Intrinsic {
  std::string_view function;
  std::string_view signature;  // as in builtins.def
  RefKind kind;
};
std::span<const Intrinsic> intrinsics();

}  // namespace weir::check
