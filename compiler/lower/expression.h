// One checked expression to IR nodes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/annotations.h"
#include "compiler/ir/ir.h"
#include "compiler/syntax/ast.h"
#include "compiler/types/type.h"

namespace weir::lower {

// What an expression's references stand for outside of it.
struct Environment {
  std::function<uint8_t(int32_t slot)> slot_flags;            // ir::NodeFlags of reading a slot
  std::function<const syntax::Expr*(int32_t let)> let_value;  // null: no lets
  std::function<size_t(int32_t feature)> feature_key_count;
};

// May replace a node just made by a simpler one of the same meaning (driver/constant_folding.h).
using Simplify = std::function<ir::NodeId(ir::Module& module, ir::NodeId node)>;

// Lowers expressions into one module. Variables bound by cel.bind and lets become their (lazily evaluated, memoised)
// definitions; a fold's locals are numbered by nesting depth, so a definition that holds a fold is lowered again for
// each depth at which it is used.
class ExpressionLowering {
 public:
  // Nodes of one expression that are not constants: machine code of more takes seconds and a gigabyte to make.
  static constexpr size_t kMaxComputed = 20'000;

  ExpressionLowering(ir::Module& module, types::TypeTable& types, const check::Annotations& annotations,
                     Simplify simplify, base::DiagnosticSink& sink)
      : m_(module), types_(types), annotations_(annotations), simplify_(std::move(simplify)), sink_(sink) {}

  // The environment must outlive the call.
  ir::NodeId lower(const syntax::Expr& expr, const Environment& env);

 private:
  struct Binding {
    // A fold's locals...
    uint32_t iter = 0, iter2 = UINT32_MAX, accu = 0;
    // ...or a definition, with its node for each depth at which it was used.
    const syntax::Expr* definition = nullptr;
    std::map<uint32_t, ir::NodeId> nodes;
  };

  // Nodes from `first` on that the root needs and that are not constants.
  size_t computed_since(ir::NodeId root, size_t first) const;
  ir::NodeId visit(const syntax::Expr& e);
  ir::NodeId visit_constant(const syntax::Expr& e);
  ir::NodeId visit_reference(const syntax::Expr& e, const check::Ref& ref);
  ir::NodeId visit_local(const syntax::Expr& e, const check::Ref& ref);
  ir::NodeId visit_let(int32_t let);
  ir::NodeId visit_select(const syntax::Expr& e);
  ir::NodeId visit_call(const syntax::Expr& e);
  ir::NodeId visit_operator(const syntax::Expr& e, bool* handled);
  ir::NodeId visit_list(const syntax::Expr& e);
  ir::NodeId visit_map(const syntax::Expr& e);
  ir::NodeId visit_comprehension(const syntax::Expr& e);
  ir::NodeId visit_definition(const syntax::Expr& e);
  ir::NodeId visit_step(const syntax::Expr& step, const syntax::Expr& fold);

  std::vector<ir::NodeId> call_arguments(const syntax::Expr& e, bool with_receiver);
  ir::NodeId constant(ir::Constant c, const types::Type* type);
  ir::NodeId fail(uint32_t code, std::string_view message, const types::Type* type);
  ir::NodeId op(ir::Op op, const types::Type* type, std::initializer_list<ir::NodeId> args, int32_t index = -1,
                uint8_t flags = 0);
  const types::Type* type_of(const syntax::Expr& e);
  const types::Type* erase(const types::Type* type);
  bool is_accumulator(const syntax::Expr& e, const syntax::Expr& fold) const;

  ir::Module& m_;
  types::TypeTable& types_;
  const check::Annotations& annotations_;
  Simplify simplify_;
  base::DiagnosticSink& sink_;
  const Environment* env_ = nullptr;
  uint32_t depth_ = 0;
  std::unordered_map<const syntax::Expr*, Binding> bindings_;
  std::map<std::pair<int32_t, uint32_t>, ir::NodeId> lets_;
};

}  // namespace weir::lower
