// Arithmetic and ordering of scalars and times.
//
// An outcome needs no message: overflow is one more mask. A cause comes from the builtin's own body, called where the
// fast path fails, so that both tiers report the same error.
#include <array>

#include "compiler/codegen/abi.h"
#include "compiler/codegen/emitter.h"

namespace weir::codegen {

using ir::NodeId;

namespace {

llvm::Intrinsic::ID overflow_intrinsic(InlineOp op) {
  switch (op) {
    case InlineOp::kAddInt:
      return llvm::Intrinsic::sadd_with_overflow;
    case InlineOp::kNegInt:
    case InlineOp::kSubInt:
      return llvm::Intrinsic::ssub_with_overflow;
    case InlineOp::kMulInt:
      return llvm::Intrinsic::smul_with_overflow;
    case InlineOp::kAddUint:
      return llvm::Intrinsic::uadd_with_overflow;
    case InlineOp::kSubUint:
      return llvm::Intrinsic::usub_with_overflow;
    default:
      return llvm::Intrinsic::umul_with_overflow;
  }
}

}  // namespace

std::optional<Val> Emitter::inline_call(NodeId id, Detail detail) {
  InlineInfo info = inline_info(node(id).builtin);
  switch (info.op) {
    case InlineOp::kNone:
    case InlineOp::kMatches:
      return std::nullopt;
    case InlineOp::kAddInt:
    case InlineOp::kSubInt:
    case InlineOp::kMulInt:
    case InlineOp::kNegInt:
    case InlineOp::kAddUint:
    case InlineOp::kSubUint:
    case InlineOp::kMulUint:
      return arithmetic(id, info.op, detail);
    case InlineOp::kDivInt:
    case InlineOp::kModInt:
    case InlineOp::kDivUint:
    case InlineOp::kModUint:
      return division(id, info.op, detail);
    case InlineOp::kAddDouble:
    case InlineOp::kSubDouble:
    case InlineOp::kMulDouble:
    case InlineOp::kDivDouble:
    case InlineOp::kNegDouble:
    case InlineOp::kDoubleFromInt:
    case InlineOp::kDoubleFromUint:
      return double_arithmetic(id, info.op, detail);
    case InlineOp::kLess:
    case InlineOp::kLessEquals:
    case InlineOp::kGreater:
    case InlineOp::kGreaterEquals:
      return ordering(id, info, detail);
    case InlineOp::kEquals:
    case InlineOp::kNotEquals:
      return equality(id, info.op == InlineOp::kNotEquals, detail);
    case InlineOp::kInList:
      return in_list(id, detail);
    case InlineOp::kContains:
      return contains(id, detail);
    case InlineOp::kStartsWith:
    case InlineOp::kEndsWith:
      return affix(id, info.op == InlineOp::kStartsWith, detail);
    case InlineOp::kIdentity:
      return emit(unit_.ir.arg(id, 0), detail);
  }
  return std::nullopt;
}

Val Emitter::arithmetic(NodeId id, InlineOp op, Detail detail) {
  const ir::Node& n = node(id);
  Rep rep = rep_of(n.type);
  std::vector<Val> args;
  for (NodeId arg : unit_.ir.args(id)) args.push_back(emit(arg, detail));
  llvm::Value* left = op == InlineOp::kNegInt ? i64(0) : args[0].a;
  llvm::Value* right = args.back().a;
  llvm::Value* pair = b_.CreateBinaryIntrinsic(overflow_intrinsic(op), left, right);
  Val result{rep, b_.CreateExtractValue(pair, 0), nullptr, {}};
  llvm::Value* overflow = b_.CreateExtractValue(pair, 1);
  Status status = combine(args, detail);
  if (detail == Detail::kOutcome) {
    Status failed = error_if(overflow, abi::error_word(value::ErrorCode::kOverflow), detail);
    result.status = then(status, failed, detail);
    return result;
  }
  return guarded(status, rep, detail, [&] {
    return branch(
        overflow, rep, detail,
        [&] {
          for (Val& v : args) v.status = {};
          return call_with(args, rep, true, detail, [&](llvm::Value* a, llvm::Value* out) {
            b_.CreateCall(unit_.body(n.builtin), {ctx_, a, out});
          });
        },
        [&] { return result; });
  });
}

Val Emitter::division(NodeId id, InlineOp op, Detail detail) {
  const ir::Node& n = node(id);
  Rep rep = rep_of(n.type);
  std::array args = {emit(unit_.ir.arg(id, 0), detail), emit(unit_.ir.arg(id, 1), detail)};
  bool is_signed = op == InlineOp::kDivInt || op == InlineOp::kModInt;
  Status status = combine(args, detail);
  llvm::Value* x = args[0].a;
  llvm::Value* y = args[1].a;
  for (Val& v : args) v.status = {};
  return guarded(status, rep, detail, [&] {
    // A divisor of 0 or -1 is the body's affair.
    llvm::Value* plain = is_signed ? b_.CreateICmpSGT(y, i64(0)) : b_.CreateICmpNE(y, i64(0));
    return branch(
        plain, rep, detail,
        [&] {
          llvm::Value* r = op == InlineOp::kDivInt    ? b_.CreateSDiv(x, y)
                           : op == InlineOp::kModInt  ? b_.CreateSRem(x, y)
                           : op == InlineOp::kDivUint ? b_.CreateUDiv(x, y)
                                                      : b_.CreateURem(x, y);
          return Val{rep, r, nullptr, {}};
        },
        [&] {
          return call_with(args, rep, true, detail, [&](llvm::Value* a, llvm::Value* out) {
            b_.CreateCall(unit_.body(n.builtin), {ctx_, a, out});
          });
        });
  });
}

Val Emitter::double_arithmetic(NodeId id, InlineOp op, Detail detail) {
  std::vector<Val> args;
  for (NodeId arg : unit_.ir.args(id)) args.push_back(emit(arg, detail));
  llvm::Value* x = args[0].a;
  llvm::Value* y = args.back().a;
  Val out{Rep::kDouble, nullptr, nullptr, combine(args, detail)};
  switch (op) {
    case InlineOp::kAddDouble:
      out.a = b_.CreateFAdd(x, y);
      break;
    case InlineOp::kSubDouble:
      out.a = b_.CreateFSub(x, y);
      break;
    case InlineOp::kMulDouble:
      out.a = b_.CreateFMul(x, y);
      break;
    case InlineOp::kDivDouble:
      out.a = b_.CreateFDiv(x, y);
      break;
    case InlineOp::kNegDouble:
      out.a = b_.CreateFNeg(x);
      break;
    case InlineOp::kDoubleFromInt:
      out.a = b_.CreateSIToFP(x, b_.getDoubleTy());
      break;
    default:
      out.a = b_.CreateUIToFP(x, b_.getDoubleTy());
      break;
  }
  return out;
}

Val Emitter::ordering(NodeId id, InlineInfo info, Detail detail) {
  std::array args = {emit(unit_.ir.arg(id, 0), detail), emit(unit_.ir.arg(id, 1), detail)};
  Val out{Rep::kBool, nullptr, nullptr, combine(args, detail)};
  // a > b is b < a, a >= b is b <= a.
  bool swap = info.op == InlineOp::kGreater || info.op == InlineOp::kGreaterEquals;
  bool strict = info.op == InlineOp::kLess || info.op == InlineOp::kGreater;
  const Val& x = args[swap ? 1 : 0];
  const Val& y = args[swap ? 0 : 1];
  switch (info.operands) {
    case Operands::kInt:
      out.a = strict ? b_.CreateICmpSLT(x.a, y.a) : b_.CreateICmpSLE(x.a, y.a);
      break;
    case Operands::kDouble:
      out.a = strict ? b_.CreateFCmpOLT(x.a, y.a) : b_.CreateFCmpOLE(x.a, y.a);
      break;
    case Operands::kTime: {
      // {kind | nanos << 32, seconds}; a null in place of a time is not ordered.
      llvm::Value* same_kind = b_.CreateICmpEQ(kind_of(x.a), kind_of(y.a));
      llvm::Value* nanos = strict ? b_.CreateICmpULT(x.a, y.a) : b_.CreateICmpULE(x.a, y.a);
      llvm::Value* at_once = b_.CreateAnd(b_.CreateICmpEQ(x.b, y.b), nanos);
      out.a = b_.CreateAnd(same_kind, b_.CreateOr(b_.CreateICmpSLT(x.b, y.b), at_once));
      break;
    }
    default:  // bool, uint
      out.a = strict ? b_.CreateICmpULT(x.a, y.a) : b_.CreateICmpULE(x.a, y.a);
  }
  return out;
}

}  // namespace weir::codegen
