// Comprehensions: a loop whose variables and accumulator live in ctx.locals, where functions of remembered nodes read
// them.
#include "compiler/codegen/abi.h"
#include "compiler/codegen/emitter.h"

namespace weir::codegen {

using abi::NativeRange;
using ir::NodeId;
using value::Kind;

Val Emitter::fold(NodeId id, Detail detail) {
  const ir::Fold& f = unit_.ir.folds[static_cast<size_t>(node(id).index)];
  const Rep rep = rep_of(node(id).type);
  const bool two = f.iter2_local != UINT32_MAX;
  llvm::Type* word = b_.getInt64Ty();
  auto arg = [&](size_t i) { return unit_.ir.arg(id, i); };
  auto local_at = [&](uint32_t index) { return offset(locals(), uint64_t{index} * abi::kValueSize); };
  auto forget_memos = [&] {
    for (uint32_t memo : f.memos) b_.CreateStore(i64(0), offset(memo_address(memo), abi::kMemoStamp));
  };

  Val operand = box(emit(arg(0), Detail::kCause), Detail::kCause);
  return guarded(operand.status, rep, detail, [&] {
    llvm::Value* range = scratch(&range_, sizeof(NativeRange));
    auto field = [&](uint64_t at) { return b_.CreateLoad(word, offset(range, at)); };
    llvm::FunctionCallee make_range =
        unit_.declare("weir_rt_range", b_.getVoidTy(), {b_.getPtrTy(), b_.getPtrTy(), b_.getPtrTy()});
    Val fine{Rep::kBoxed, operand.a, operand.b, {}};
    llvm::Value* const room = args_room(1);
    store_args({&fine, 1}, room);
    b_.CreateCall(make_range, {ctx_, room, range});
    llvm::Value* base = b_.CreateLoad(b_.getPtrTy(), offset(range, offsetof(NativeRange, base)));
    llvm::Value* stride = field(offsetof(NativeRange, stride));
    llvm::Value* second = field(offsetof(NativeRange, second));
    llvm::Value* counts = field(offsetof(NativeRange, counts));
    llvm::Value* size = field(offsetof(NativeRange, size));
    Status wrong = boxed_status(field(offsetof(NativeRange, error)), field(offsetof(NativeRange, error) + 8), detail);

    return guarded(wrong, rep, detail, [&] {
      store(box(emit(arg(1), Detail::kCause), Detail::kCause), local_at(f.accu_local));
      llvm::BasicBlock* before = b_.GetInsertBlock();
      llvm::BasicBlock* header = block("fold");
      llvm::BasicBlock* charge = block("charge");
      llvm::BasicBlock* body = block("body");
      llvm::BasicBlock* step = block("step");
      llvm::BasicBlock* finish = block("finish");
      llvm::BasicBlock* spent = block("spent");
      llvm::BasicBlock* done = block("done");
      b_.CreateBr(header);
      b_.SetInsertPoint(header);
      llvm::PHINode* i = b_.CreatePHI(word, 2);
      i->addIncoming(i64(0), before);
      b_.CreateCondBr(b_.CreateICmpULT(i, size), charge, finish);

      b_.SetInsertPoint(charge);
      llvm::Value* steps = offset(ctx_, abi::kCtxSteps);
      llvm::Value* left = b_.CreateSub(b_.CreateLoad(word, steps), i64(1));
      b_.CreateStore(left, steps);
      b_.CreateCondBr(b_.CreateICmpSLT(left, i64(0)), spent, body);

      b_.SetInsertPoint(body);
      size_t start = mark();
      forget_memos();
      llvm::Value* item = b_.CreateGEP(b_.getInt8Ty(), base, b_.CreateMul(i, stride));
      Val first{Rep::kBoxed, b_.CreateLoad(word, item), b_.CreateLoad(word, offset(item, abi::kValuePayload)), {}};
      if (two) {
        llvm::Value* by_number = b_.CreateICmpNE(counts, i64(0));
        first.a = b_.CreateSelect(by_number, i64(abi::word(Kind::kInt)), first.a);
        first.b = b_.CreateSelect(by_number, i, first.b);
        llvm::Value* other = b_.CreateGEP(b_.getInt8Ty(), item, second);
        store({Rep::kBoxed, b_.CreateLoad(word, other), b_.CreateLoad(word, offset(other, abi::kValuePayload)), {}},
              local_at(f.iter2_local));
      }
      store(first, local_at(f.iter_local));
      b_.CreateCondBr(is_true(boolean(arg(2), Detail::kOutcome)), step, finish);

      b_.SetInsertPoint(step);
      store(box(emit(arg(3), Detail::kCause), Detail::kCause), local_at(f.accu_local));
      i->addIncoming(b_.CreateAdd(i, i64(1)), b_.GetInsertBlock());
      b_.CreateBr(header);
      forget(start);

      Incoming incoming[2];
      b_.SetInsertPoint(finish);
      forget_memos();
      incoming[0].v = emit(arg(4), detail);
      if (incoming[0].v.rep != rep)
        incoming[0].v = rep == Rep::kBoxed ? box(incoming[0].v, detail) : unbox(incoming[0].v, rep, detail);
      forget(start);
      incoming[0].block = b_.GetInsertBlock();
      b_.CreateBr(done);

      b_.SetInsertPoint(spent);
      Status budget = error_if(b_.getTrue(), abi::error_word(value::ErrorCode::kBudget), detail);
      incoming[1].v = failure(rep, budget, detail);
      incoming[1].block = spent;
      b_.CreateBr(done);
      b_.SetInsertPoint(done);
      return merge(incoming, rep, detail);
    });
  });
}

}  // namespace weir::codegen
