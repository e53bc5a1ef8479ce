// Three-valued logic: as selects and masks where operands are cheap, as control flow around those that are not.
#include <llvm/IR/MDBuilder.h>

#include <algorithm>

#include "compiler/codegen/abi.h"
#include "compiler/codegen/emitter.h"

namespace weir::codegen {

using ir::NodeId;
using ir::Op;
using value::Kind;

llvm::Value* Emitter::is_true(const Val& v) {
  return v.status.may_fail() ? b_.CreateAnd(v.a, b_.CreateNot(v.status.failed)) : v.a;
}

llvm::Value* Emitter::is_false(const Val& v) {
  return b_.CreateNot(v.status.may_fail() ? b_.CreateOr(v.a, v.status.failed) : v.a);
}

llvm::Value* Emitter::truth(NodeId id) {
  Val v = boolean(id, Detail::kOutcome);
  auto number = [&](value::Truth t) { return b_.getInt8(static_cast<uint8_t>(t)); };
  llvm::Value* plain = b_.CreateZExt(v.a, b_.getInt8Ty());
  if (!v.status.may_fail()) return plain;
  llvm::Value* failed = b_.CreateSelect(v.status.missing, number(value::Truth::kMissing), number(value::Truth::kError));
  return b_.CreateSelect(v.status.failed, failed, plain);
}

Val Emitter::boolean(NodeId id, Detail detail) {
  Val v = emit(id, detail);
  if (v.rep == Rep::kBool) return v;
  v = box(v, detail);
  llvm::Value* is_bool = b_.CreateICmpEQ(kind_of(v.a), b_.getInt8(static_cast<uint8_t>(Kind::kBool)));
  Status not_a_bool = error_if(b_.CreateNot(is_bool), abi::error_word(value::ErrorCode::kNoSuchOverload), detail);
  return {Rep::kBool, b_.CreateICmpNE(v.b, i64(0)), nullptr, then(v.status, not_a_bool, detail)};
}

Val Emitter::negation(NodeId id, Detail detail) {
  Val v = boolean(unit_.ir.arg(id, 0), detail);
  v.a = b_.CreateNot(v.a);
  return v;
}

Val Emitter::not_strictly_false(NodeId id) {
  Val v = emit(unit_.ir.arg(id, 0), Detail::kOutcome);
  if (v.rep == Rep::kBool) return {Rep::kBool, either(v.a, v.status.failed), nullptr, {}};
  v = box(v, Detail::kOutcome);
  llvm::Value* other = b_.CreateICmpNE(kind_of(v.a), b_.getInt8(static_cast<uint8_t>(Kind::kBool)));
  return {Rep::kBool, b_.CreateOr(other, b_.CreateICmpNE(v.b, i64(0))), nullptr, {}};
}

// `absorbing`: the value that decides alone; false of &&, true of ||. Missing comes before errors, and the first error
// before the second.
Val Emitter::combine_logic(const Val& x, const Val& y, bool absorbing, Detail detail) {
  if (!x.status.may_fail() && !y.status.may_fail())
    return {Rep::kBool, absorbing ? b_.CreateOr(x.a, y.a) : b_.CreateAnd(x.a, y.a), nullptr, {}};
  llvm::Value* decided = absorbing ? b_.CreateOr(is_true(x), is_true(y)) : b_.CreateOr(is_false(x), is_false(y));
  llvm::Value* undecided = b_.CreateNot(decided);
  Status both = combine(std::array{x, y}, detail);
  Val out{Rep::kBool, nullptr, nullptr, both};
  out.status.failed = b_.CreateAnd(both.failed, undecided);
  out.status.missing = b_.CreateAnd(both.missing, undecided);
  out.a = absorbing ? decided : b_.CreateAnd(is_true(x), is_true(y));
  return out;
}

Val Emitter::logic(NodeId id, bool absorbing, Detail detail) {
  if (detail == Detail::kOutcome) return logic_outcome(id, absorbing);
  Val x = boolean(unit_.ir.arg(id, 0), detail);
  NodeId second = unit_.ir.arg(id, 1);
  if (unit_.analysis.cheap(second)) return combine_logic(x, boolean(second, detail), absorbing, detail);
  llvm::Value* decided = absorbing ? is_true(x) : is_false(x);
  return branch(
      decided, Rep::kBool, detail,
      [&] {
        return Val{Rep::kBool, b_.getInt1(absorbing), nullptr, {}};
      },
      [&] { return combine_logic(x, boolean(second, detail), absorbing, detail); });
}

// An outcome does not depend on the order of operands: all of a chain are taken together, cheap ones first and without
// branches, then the others from the least to the most expensive, each only if nothing before it has decided.
Val Emitter::logic_outcome(NodeId id, bool absorbing) {
  const Op op = node(id).op;
  std::vector<NodeId> operands;
  std::vector<NodeId> stack = {unit_.ir.arg(id, 1), unit_.ir.arg(id, 0)};
  while (!stack.empty()) {
    NodeId next = stack.back();
    stack.pop_back();
    if (node(next).op == op && !unit_.analysis.out_of_line(next) && !unit_.analysis.split(next) &&
        !known_.contains(next)) {
      stack.push_back(unit_.ir.arg(next, 1));
      stack.push_back(unit_.ir.arg(next, 0));
    } else {
      operands.push_back(next);
    }
  }
  std::ranges::stable_sort(operands, {}, [&](NodeId n) { return unit_.analysis.cost(n); });
  std::ranges::stable_partition(operands, [&](NodeId n) { return unit_.analysis.cheap(n); });

  Val all = boolean(operands[0], Detail::kOutcome);
  size_t i = 1;
  for (; i < operands.size() && unit_.analysis.cheap(operands[i]); ++i)
    all = combine_logic(all, boolean(operands[i], Detail::kOutcome), absorbing, Detail::kOutcome);
  if (i == operands.size()) return all;

  for (; i < operands.size(); ++i) {
    // An operand whose filter does not pass is false.
    const Filter* filter = unit_.analysis.filter(operands[i]);
    if (filter != nullptr && may_fail(node(unit_.ir.arg(operands[i], 0)))) filter = nullptr;
    llvm::Value* passes = filter != nullptr ? filter_passes(operands[i], *filter) : b_.getTrue();
    if (!absorbing && filter != nullptr)
      all = combine_logic(all, {Rep::kBool, passes, nullptr, {}}, absorbing, Detail::kOutcome);
    llvm::Value* undecided = b_.CreateNot(absorbing ? is_true(all) : is_false(all));
    if (absorbing) undecided = b_.CreateAnd(undecided, passes);
    llvm::BasicBlock* more = block("undecided");
    llvm::BasicBlock* next = block("next");
    Incoming incoming[2];
    incoming[0] = {b_.GetInsertBlock(), all};
    // Most rules are decided by their cheap operands: the code of the others is laid out of the way.
    b_.CreateCondBr(undecided, more, next, llvm::MDBuilder(c_).createBranchWeights(1, 32));
    b_.SetInsertPoint(more);
    size_t start = mark();
    // What came before is neutral or failed: only its failure can still matter.
    all.a = b_.getInt1(!absorbing);
    if (filter != nullptr) passed_ = operands[i];
    Val operand = boolean(operands[i], Detail::kOutcome);
    passed_ = ir::kNoNode;
    forget(start);
    incoming[1].v = combine_logic(all, operand, absorbing, Detail::kOutcome);
    incoming[1].block = b_.GetInsertBlock();
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
    all = merge(incoming, Rep::kBool, Detail::kOutcome);
  }
  return all;
}

Val Emitter::cond(NodeId id, Detail detail) {
  Rep rep = rep_of(node(id).type);
  Val c = boolean(unit_.ir.arg(id, 0), detail);
  NodeId yes = unit_.ir.arg(id, 1);
  NodeId no = unit_.ir.arg(id, 2);
  auto as = [&](NodeId n) {
    Val v = emit(n, detail);
    if (v.rep == rep) return v;
    return rep == Rep::kBoxed ? box(v, detail) : unbox(v, rep, detail);
  };
  auto choose = [&] {
    return branch(
        c.a, rep, detail, [&] { return as(yes); }, [&] { return as(no); });
  };
  if (!unit_.analysis.cheap(yes) || !unit_.analysis.cheap(no)) return guarded(c.status, rep, detail, choose);

  Val x = as(yes);
  Val y = as(no);
  Val out{rep, b_.CreateSelect(c.a, x.a, y.a), nullptr, {}};
  if (rep == Rep::kBoxed) out.b = b_.CreateSelect(c.a, x.b, y.b);
  if (x.status.may_fail() || y.status.may_fail()) {
    auto pick = [&](llvm::Value* of_x, llvm::Value* of_y, llvm::Value* fine) {
      return b_.CreateSelect(c.a, of_x != nullptr ? of_x : fine, of_y != nullptr ? of_y : fine);
    };
    out.status.failed = pick(x.status.failed, y.status.failed, b_.getFalse());
    out.status.missing = pick(x.status.missing, y.status.missing, b_.getFalse());
    if (detail == Detail::kCause) {
      out.status.w0 = rep == Rep::kBoxed ? out.a : pick(x.status.w0, y.status.w0, i64(0));
      out.status.w1 = rep == Rep::kBoxed ? out.b : pick(x.status.w1, y.status.w1, i64(0));
    }
  }
  return with_status(out, c.status, detail);
}

}  // namespace weir::codegen
