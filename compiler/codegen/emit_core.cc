// Values, their statuses, memos and control flow.
#include "compiler/codegen/abi.h"
#include "compiler/codegen/emitter.h"

namespace weir::codegen {

using abi::word;
using ir::NodeId;
using ir::Op;
using value::Kind;

const uint64_t Emitter::field_row_ = abi::kCtxRow;
const uint64_t Emitter::field_memo_ = abi::kCtxMemo;
const uint64_t Emitter::field_locals_ = abi::kCtxLocals;
const uint64_t Emitter::field_constants_ = abi::kCtxConstants;
const uint64_t Emitter::field_epoch_ = abi::kCtxEpoch;

namespace {

// Kind of a scalar's Value.
Kind kind_of_rep(Rep rep) {
  switch (rep) {
    case Rep::kBool:
      return Kind::kBool;
    case Rep::kInt:
      return Kind::kInt;
    case Rep::kUint:
      return Kind::kUint;
    case Rep::kDouble:
      return Kind::kDouble;
    case Rep::kBoxed:
      break;
  }
  return Kind::kNull;
}

bool worth_remembering(Op op) {
  return op != Op::kConst && op != Op::kSlot && op != Op::kLocal && op != Op::kHasSlot && op != Op::kOptSlot;
}

}  // namespace

Rep rep_of(const types::Type* type) {
  switch (type->kind()) {
    case types::Kind::kBool:
      return Rep::kBool;
    case types::Kind::kInt:
      return Rep::kInt;
    case types::Kind::kUint:
      return Rep::kUint;
    case types::Kind::kDouble:
      return Rep::kDouble;
    default:
      return Rep::kBoxed;
  }
}

Emitter::Emitter(Unit& unit, llvm::Function* function)
    : unit_(unit),
      f_(function),
      c_(function->getContext()),
      b_(c_, llvm::InstSimplifyFolder(unit.llvm.getDataLayout())),
      entry_(c_, llvm::InstSimplifyFolder(unit.llvm.getDataLayout())),
      ctx_(function->getArg(0)),
      frame_(function->getArg(1)) {
  llvm::BasicBlock* entry = llvm::BasicBlock::Create(c_, "entry", f_);
  llvm::BasicBlock* body = llvm::BasicBlock::Create(c_, "body", f_);
  entry_.SetInsertPoint(llvm::BranchInst::Create(body, entry));
  b_.SetInsertPoint(body);
}

// --- whole functions

void Emitter::rules(std::span<const NodeId> nodes) {
  llvm::Value* out = f_->getArg(2);
  for (size_t i = 0; i < nodes.size(); ++i) {
    size_t start = mark();
    // A large rule is a function of its own, so that this one stays quick to compile.
    llvm::Value* t = unit_.analysis.large(nodes[i])
                         ? b_.CreateCall(unit_.function_of(nodes[i], Unit::Shape::kTruth), {ctx_, frame_})
                         : truth(nodes[i]);
    b_.CreateStore(t, offset(out, i));
    forget(start);
  }
  b_.CreateRetVoid();
}

void Emitter::root(NodeId id) {
  store(box(emit(id, Detail::kCause), Detail::kCause), f_->getArg(2));
  b_.CreateRetVoid();
}

void Emitter::single(NodeId id, Unit::Shape shape) {
  self_ = id;
  if (shape == Unit::Shape::kValue) return root(id);
  if (shape == Unit::Shape::kTruth) {
    b_.CreateRet(truth(id));
    return;
  }
  Val v = box(emit(id, Detail::kCause), Detail::kCause);
  llvm::Value* address = memo_address(node(id).memo);
  store(v, address);
  b_.CreateStore(epoch(), offset(address, abi::kMemoStamp));
  b_.CreateRetVoid();
}

// --- nodes

Val Emitter::emit(NodeId id, Detail detail) {
  auto known = known_.find(id);
  if (known != known_.end()) {
    const auto& [v, had] = known->second;
    if (detail == Detail::kOutcome || had == Detail::kCause || !v.status.may_fail()) return v;
  }
  const ir::Node& n = node(id);
  Val v;
  const Filter* filter = detail == Detail::kOutcome ? unit_.analysis.filter(id) : nullptr;
  if (filter != nullptr && id == passed_) {
    v = emit_filtered(id, *filter, detail);
  } else if (filter != nullptr) {
    v = branch(
        filter_passes(id, *filter), Rep::kBool, detail, [&] { return emit_filtered(id, *filter, detail); },
        [&] {
          return Val{Rep::kBool, b_.getFalse(), nullptr, slot_status(unit_.ir.arg(id, 0), detail)};
        });
  } else {
    v = emit_unfiltered(id, detail);
  }
  Rep rep = rep_of(n.type);
  if (v.rep != rep) v = rep == Rep::kBoxed ? box(v, detail) : unbox(v, rep, detail);
  if (worth_remembering(n.op)) remember(id, v, detail);
  return v;
}

Val Emitter::emit_unfiltered(NodeId id, Detail detail) {
  if (id == self_) return compute(id, detail);
  if (unit_.analysis.out_of_line(id)) return emit_memo(id, detail);
  return unit_.analysis.split(id) ? emit_split(id, detail) : compute(id, detail);
}

Val Emitter::compute(NodeId id, Detail detail) {
  const ir::Node& n = node(id);
  switch (n.op) {
    case Op::kConst:
      return constant(n);
    case Op::kSlot:
      return slot(n, detail);
    case Op::kHasSlot:
      return has_slot(n);
    case Op::kOptSlot:
      return opt_slot(n);
    case Op::kLocal:
      return local(n, detail);
    case Op::kNot:
      return negation(id, detail);
    case Op::kAnd:
      return logic(id, false, detail);
    case Op::kOr:
      return logic(id, true, detail);
    case Op::kCond:
      return cond(id, detail);
    case Op::kNotStrictlyFalse:
      return not_strictly_false(id);
    case Op::kCall:
      return call(id, detail);
    case Op::kOptOr:
      return opt_or(id, false, detail);
    case Op::kOptOrValue:
      return opt_or(id, true, detail);
    case Op::kFold:
      if (const Membership* m = unit_.analysis.membership(id); m != nullptr && detail == Detail::kOutcome)
        return membership(id, *m);
      return fold(id, detail);
    default:
      return strict_op(id, detail);
  }
}

Val Emitter::emit_memo(NodeId id, Detail detail) {
  const ir::Node& n = node(id);
  llvm::Value* address = memo_address(n.memo);
  llvm::Value* stamp = b_.CreateLoad(b_.getInt64Ty(), offset(address, abi::kMemoStamp));
  llvm::BasicBlock* stale = block("stale");
  llvm::BasicBlock* fresh = block("fresh");
  b_.CreateCondBr(b_.CreateICmpEQ(stamp, epoch()), fresh, stale);
  b_.SetInsertPoint(stale);
  b_.CreateCall(unit_.function_of(id, Unit::Shape::kMemo), {ctx_, frame_});
  b_.CreateBr(fresh);
  b_.SetInsertPoint(fresh);
  return load(address, rep_of(n.type), may_fail(n), detail);
}

Val Emitter::emit_split(NodeId id, Detail detail) {
  const ir::Node& n = node(id);
  Rep rep = rep_of(n.type);
  if (rep == Rep::kBool && detail == Detail::kOutcome) {
    llvm::Value* truth = b_.CreateCall(unit_.function_of(id, Unit::Shape::kTruth), {ctx_, frame_});
    auto number = [&](value::Truth t) { return b_.getInt8(static_cast<uint8_t>(t)); };
    Val v{rep, b_.CreateICmpEQ(truth, number(value::Truth::kTrue)), nullptr, {}};
    if (!may_fail(n)) return v;
    v.status.failed = b_.CreateICmpUGT(truth, number(value::Truth::kTrue));
    v.status.missing = b_.CreateICmpEQ(truth, number(value::Truth::kMissing));
    return v;
  }
  llvm::Value* out = out_value();
  b_.CreateCall(unit_.function_of(id, Unit::Shape::kValue), {ctx_, frame_, out});
  return load(out, rep, may_fail(n), detail);
}

Val Emitter::constant(const ir::Node& n) {
  const ir::Constant& c = unit_.ir.constants[static_cast<size_t>(n.index)];
  switch (c.kind) {
    case ir::ConstantKind::kNull:
      return {Rep::kBoxed, i64(word(Kind::kNull)), i64(0), {}};
    case ir::ConstantKind::kBool:
      return {Rep::kBool, b_.getInt1(c.i != 0), nullptr, {}};
    case ir::ConstantKind::kInt:
      return {Rep::kInt, i64(static_cast<uint64_t>(c.i)), nullptr, {}};
    case ir::ConstantKind::kUint:
      return {Rep::kUint, i64(c.u), nullptr, {}};
    case ir::ConstantKind::kDouble:
      return {Rep::kDouble, llvm::ConstantFP::get(b_.getDoubleTy(), c.d), nullptr, {}};
    case ir::ConstantKind::kTimestamp:
      return {
          Rep::kBoxed, i64(word(Kind::kTimestamp, static_cast<uint32_t>(c.u))), i64(static_cast<uint64_t>(c.i)), {}};
    case ir::ConstantKind::kDuration:
      return {Rep::kBoxed, i64(word(Kind::kDuration, static_cast<uint32_t>(c.u))), i64(static_cast<uint64_t>(c.i)), {}};
    case ir::ConstantKind::kString:  // its first word may say that it carries a compiled pattern
    case ir::ConstantKind::kBytes:
    case ir::ConstantKind::kType:
    case ir::ConstantKind::kList:
    case ir::ConstantKind::kMap:
      break;
  }
  const auto index = static_cast<uint64_t>(n.index);
  llvm::Value* address = b_.CreateInBoundsGEP(b_.getInt8Ty(), constants(),
                                              number(Unit::Number::kConstant, index, index * abi::kValueSize));
  return {Rep::kBoxed,
          b_.CreateLoad(b_.getInt64Ty(), address),
          b_.CreateLoad(b_.getInt64Ty(), offset(address, abi::kValuePayload)),
          {}};
}

Val Emitter::slot(const ir::Node& n, Detail detail) {
  auto index = static_cast<uint32_t>(n.index);
  llvm::Value* address = offset(row(), uint64_t{index} * abi::kValueSize);
  Val v = load(address, rep_of(n.type), may_fail(n), detail);
  if (!v.status.may_fail() || detail == Detail::kOutcome) return v;
  // The row says that a slot is missing, not which one.
  v.status.w0 = b_.CreateSelect(v.status.missing, i64(word(Kind::kMissing, abi::missing_slot(index))), v.status.w0);
  v.status.w1 = b_.CreateSelect(v.status.missing, i64(0), v.status.w1);
  if (v.rep == Rep::kBoxed) {
    v.a = v.status.w0;
    v.b = v.status.w1;
  }
  return v;
}

Val Emitter::has_slot(const ir::Node& n) {
  llvm::Value* kind = b_.CreateLoad(b_.getInt8Ty(), offset(row(), static_cast<uint64_t>(n.index) * abi::kValueSize));
  return {Rep::kBool, b_.CreateICmpNE(kind, b_.getInt8(static_cast<uint8_t>(Kind::kMissing))), nullptr, {}};
}

Val Emitter::opt_slot(const ir::Node& n) {
  llvm::Value* address = offset(row(), static_cast<uint64_t>(n.index) * abi::kValueSize);
  llvm::Value* present = has_slot(n).a;
  llvm::Value* pointer = b_.CreatePtrToInt(address, b_.getInt64Ty());
  return {Rep::kBoxed, i64(word(Kind::kOptional)), b_.CreateSelect(present, pointer, i64(0)), {}};
}

Val Emitter::local(const ir::Node& n, Detail detail) {
  return load(offset(locals(), static_cast<uint64_t>(n.index) * abi::kValueSize), rep_of(n.type), may_fail(n), detail);
}

// --- statuses

llvm::Value* Emitter::either(llvm::Value* x, llvm::Value* y) {
  if (x == nullptr) return y;
  if (y == nullptr) return x;
  return b_.CreateOr(x, y);
}

Status Emitter::combine(std::span<const Val> args, Detail detail) {
  Status all;
  for (const Val& v : args) {
    all.failed = either(all.failed, v.status.failed);
    all.missing = either(all.missing, v.status.missing);
  }
  if (!all.may_fail() || detail == Detail::kOutcome) return all;
  // The first missing argument, else the first error: from the back, the first is chosen last.
  for (size_t pass = 0; pass < 2; ++pass) {
    for (size_t i = args.size(); i-- > 0;) {
      const Status& s = args[i].status;
      if (!s.may_fail()) continue;
      if (all.w0 == nullptr) {
        all.w0 = s.w0;
        all.w1 = s.w1;
        continue;
      }
      llvm::Value* chosen = pass == 0 ? s.failed : s.missing;
      all.w0 = b_.CreateSelect(chosen, s.w0, all.w0);
      all.w1 = b_.CreateSelect(chosen, s.w1, all.w1);
    }
  }
  return all;
}

Status Emitter::error_if(llvm::Value* condition, uint64_t w0, Detail detail) {
  Status s;
  s.failed = condition;
  s.missing = b_.getFalse();
  if (detail == Detail::kCause) {
    s.w0 = i64(w0);
    s.w1 = i64(0);
  }
  return s;
}

Status Emitter::then(const Status& first, const Status& second, Detail detail) {
  if (!first.may_fail()) return second;
  if (!second.may_fail()) return first;
  Status s;
  s.failed = b_.CreateOr(first.failed, second.failed);
  s.missing = b_.CreateSelect(first.failed, first.missing, second.missing);
  if (detail == Detail::kCause) {
    s.w0 = b_.CreateSelect(first.failed, first.w0, second.w0);
    s.w1 = b_.CreateSelect(first.failed, first.w1, second.w1);
  }
  return s;
}

Status Emitter::boxed_status(llvm::Value* w0, llvm::Value* w1, Detail detail) {
  llvm::Value* kind = kind_of(w0);
  Status s;
  s.failed = b_.CreateICmpULE(kind, b_.getInt8(static_cast<uint8_t>(Kind::kError)));
  s.missing = b_.CreateICmpEQ(kind, b_.getInt8(static_cast<uint8_t>(Kind::kMissing)));
  if (detail == Detail::kCause) {
    s.w0 = w0;
    s.w1 = w1;
  }
  return s;
}

Val Emitter::failure(Rep rep, const Status& status, Detail detail) {
  Val v{rep, nullptr, nullptr, status};
  v.status.failed = b_.getTrue();
  switch (rep) {
    case Rep::kBool:
      v.a = b_.getFalse();
      break;
    case Rep::kInt:
    case Rep::kUint:
      v.a = i64(0);
      break;
    case Rep::kDouble:
      v.a = llvm::ConstantFP::get(b_.getDoubleTy(), 0.0);
      break;
    case Rep::kBoxed:
      if (detail == Detail::kCause) {
        v.a = status.w0;
        v.b = status.w1;
      } else {
        v.a = b_.CreateSelect(status.missing, i64(word(Kind::kMissing)), i64(word(Kind::kError)));
        v.b = i64(0);
      }
  }
  return v;
}

Val Emitter::with_status(Val v, const Status& status, Detail detail) {
  if (!status.may_fail()) return v;
  Val failed = failure(v.rep, status, detail);
  v.status = then(status, v.status, detail);
  if (v.rep == Rep::kBoxed) {
    v.a = b_.CreateSelect(status.failed, failed.a, v.a);
    v.b = b_.CreateSelect(status.failed, failed.b, v.b);
    if (detail == Detail::kCause) {
      v.status.w0 = v.a;
      v.status.w1 = v.b;
    }
  }
  return v;
}

Val Emitter::box(const Val& v, Detail detail) {
  if (v.rep == Rep::kBoxed) return v;
  llvm::Value* payload = v.rep == Rep::kBool     ? b_.CreateZExt(v.a, b_.getInt64Ty())
                         : v.rep == Rep::kDouble ? b_.CreateBitCast(v.a, b_.getInt64Ty())
                                                 : v.a;
  Val boxed{Rep::kBoxed, i64(word(kind_of_rep(v.rep))), payload, {}};
  return with_status(boxed, v.status, detail);
}

Val Emitter::unbox(const Val& v, Rep rep, Detail detail) {
  if (v.rep != Rep::kBoxed) return unbox(box(v, detail), rep, detail);
  Val out{rep, v.b, nullptr, v.status};
  if (rep == Rep::kBool) out.a = b_.CreateICmpNE(v.b, i64(0));
  if (rep == Rep::kDouble) out.a = b_.CreateBitCast(v.b, b_.getDoubleTy());
  return out;
}

// --- memory

llvm::Value* Emitter::memo_address(uint32_t memo) {
  return b_.CreateInBoundsGEP(b_.getInt8Ty(), memos(), number(Unit::Number::kMemo, memo, memo * abi::kMemoSize));
}

llvm::Value* Emitter::offset(llvm::Value* pointer, uint64_t bytes) {
  return bytes == 0 ? pointer : b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), pointer, bytes);
}

Val Emitter::load(llvm::Value* address, Rep rep, bool may_fail, Detail detail) {
  llvm::Value* second = offset(address, abi::kValuePayload);
  Val v{rep, nullptr, nullptr, {}};
  if (rep == Rep::kDouble) {
    v.a = b_.CreateLoad(b_.getDoubleTy(), second);
  } else {
    v.a = b_.CreateLoad(b_.getInt64Ty(), second);
  }
  llvm::Value* w1 = v.a;
  if (rep == Rep::kBool) v.a = b_.CreateICmpNE(w1, i64(0));
  if (rep != Rep::kBoxed && !may_fail) return v;
  llvm::Value* w0 = b_.CreateLoad(b_.getInt64Ty(), address);
  if (rep == Rep::kBoxed) {
    v.b = w1;
    v.a = w0;
  }
  if (!may_fail) return v;
  if (rep == Rep::kDouble && detail == Detail::kCause) w1 = b_.CreateLoad(b_.getInt64Ty(), second);
  v.status = boxed_status(w0, w1, detail);
  return v;
}

void Emitter::store(const Val& boxed, llvm::Value* address) {
  b_.CreateStore(boxed.a, address);
  b_.CreateStore(boxed.b, offset(address, abi::kValuePayload));
}

llvm::Value* Emitter::context_field(uint64_t field, llvm::Type* type, llvm::Value** cache) {
  if (*cache == nullptr)
    *cache = entry_.CreateLoad(type, entry_.CreateConstInBoundsGEP1_64(entry_.getInt8Ty(), ctx_, field));
  return *cache;
}

llvm::Value* Emitter::scratch(llvm::AllocaInst** cache, uint64_t bytes) {
  if (*cache == nullptr) {
    // Before everything else, so that it is a fixed part of the frame.
    llvm::BasicBlock& entry = f_->getEntryBlock();
    llvm::IRBuilder<> top(&entry, entry.begin());
    *cache = top.CreateAlloca(llvm::ArrayType::get(top.getInt8Ty(), bytes));
    (*cache)->setAlignment(llvm::Align(16));
  }
  return *cache;
}

llvm::Value* Emitter::out_value() { return scratch(&out_, abi::kValueSize); }

// --- control flow

llvm::BasicBlock* Emitter::block(const char* name) { return llvm::BasicBlock::Create(c_, name, f_); }

Val Emitter::merge(std::span<const Incoming> incoming, Rep rep, Detail detail) {
  bool may_fail = false;
  for (const Incoming& in : incoming) may_fail = may_fail || in.v.status.may_fail();
  auto phi = [&](auto&& pick) -> llvm::Value* {
    llvm::Value* first = pick(incoming[0].v);
    bool same = llvm::isa<llvm::Constant>(first);
    for (const Incoming& in : incoming) same = same && pick(in.v) == first;
    if (same) return first;
    llvm::PHINode* node = b_.CreatePHI(first->getType(), static_cast<unsigned>(incoming.size()));
    for (const Incoming& in : incoming) node->addIncoming(pick(in.v), in.block);
    return node;
  };
  Val out{rep, nullptr, nullptr, {}};
  out.a = phi([](const Val& v) { return v.a; });
  if (rep == Rep::kBoxed) out.b = phi([](const Val& v) { return v.b; });
  if (!may_fail) return out;
  auto or_else = [](llvm::Value* v, llvm::Value* otherwise) { return v != nullptr ? v : otherwise; };
  out.status.failed = phi([&](const Val& v) { return or_else(v.status.failed, b_.getFalse()); });
  out.status.missing = phi([&](const Val& v) { return or_else(v.status.missing, b_.getFalse()); });
  if (detail == Detail::kOutcome) return out;
  if (rep == Rep::kBoxed) {
    out.status.w0 = out.a;
    out.status.w1 = out.b;
  } else {
    out.status.w0 = phi([&](const Val& v) { return or_else(v.status.w0, i64(0)); });
    out.status.w1 = phi([&](const Val& v) { return or_else(v.status.w1, i64(0)); });
  }
  return out;
}

Val Emitter::branch(llvm::Value* condition, Rep rep, Detail detail, llvm::function_ref<Val()> then_value,
                    llvm::function_ref<Val()> else_value) {
  auto scoped = [&](llvm::function_ref<Val()> value) {
    size_t start = mark();
    Val v = value();
    if (v.rep != rep) v = rep == Rep::kBoxed ? box(v, detail) : unbox(v, rep, detail);
    forget(start);
    return v;
  };
  if (auto* known = llvm::dyn_cast<llvm::ConstantInt>(condition))
    return scoped(known->isOne() ? then_value : else_value);
  llvm::BasicBlock* yes = block("then");
  llvm::BasicBlock* no = block("else");
  llvm::BasicBlock* join = block("join");
  b_.CreateCondBr(condition, yes, no);
  Incoming incoming[2];
  b_.SetInsertPoint(yes);
  incoming[0].v = scoped(then_value);
  incoming[0].block = b_.GetInsertBlock();
  b_.CreateBr(join);
  b_.SetInsertPoint(no);
  incoming[1].v = scoped(else_value);
  incoming[1].block = b_.GetInsertBlock();
  b_.CreateBr(join);
  b_.SetInsertPoint(join);
  return merge(incoming, rep, detail);
}

Val Emitter::guarded(const Status& status, Rep rep, Detail detail, llvm::function_ref<Val()> value) {
  if (!status.may_fail()) return value();
  return branch(
      status.failed, rep, detail, [&] { return failure(rep, status, detail); }, value);
}

// --- what is known here

void Emitter::remember(NodeId id, const Val& v, Detail detail) {
  auto it = known_.find(id);
  if (it == known_.end()) {
    undo_.push_back({id, std::nullopt});
    known_.emplace(id, std::pair{v, detail});
  } else {
    undo_.push_back({id, it->second});
    it->second = {v, detail};
  }
}

void Emitter::forget(size_t start) {
  while (undo_.size() > start) {
    Undo& last = undo_.back();
    if (last.previous) {
      known_[last.id] = *last.previous;
    } else {
      known_.erase(last.id);
    }
    undo_.pop_back();
  }
}

}  // namespace weir::codegen
