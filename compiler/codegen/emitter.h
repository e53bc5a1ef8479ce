// Emits one LLVM function from nodes of the graph. Internal to codegen.
//
// A value under emission is a payload of its static type and, if it can fail, a status. Two levels of detail: an
// outcome says that it failed and whether it is missing (what a rule's truth needs, branch-free); a cause carries the
// failing Value whole.
#pragma once

#include <llvm/Analysis/InstSimplifyFolder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/codegen/analysis.h"
#include "compiler/codegen/inline_ops.h"
#include "compiler/codegen/unit.h"
#include "compiler/ir/ir.h"

namespace weir::codegen {

enum class Rep : uint8_t { kBool, kInt, kUint, kDouble, kBoxed };  // i1, i64, i64, double, {i64, i64}
Rep rep_of(const types::Type* type);

enum class Detail : uint8_t { kOutcome, kCause };

struct Status {
  llvm::Value* failed = nullptr;   // i1; null: it cannot fail
  llvm::Value* missing = nullptr;  // i1: it failed, and is missing; set if `failed` is
  llvm::Value* w0 = nullptr;       // the failing Value; set if `failed` is and the detail is kCause
  llvm::Value* w1 = nullptr;

  bool may_fail() const { return failed != nullptr; }
};

// The payload of a failed scalar is arbitrary. A boxed value is its own failing Value (at kOutcome only its kind
// counts).
struct Val {
  Rep rep = Rep::kBoxed;
  llvm::Value* a = nullptr;
  llvm::Value* b = nullptr;  // kBoxed: second word
  Status status;
};

// One LLVM module under construction: what its functions share.
struct Unit {
  llvm::Module& llvm;
  const ir::Module& ir;
  const Analysis& analysis;
  UnitNumbers& numbers;

  // Functions of single nodes: one that fills the node's memo, one that returns its Truth, one that yields its value.
  enum class Shape : uint8_t { kMemo, kTruth, kValue };
  struct Declared {
    ir::NodeId node;
    Shape shape;
    llvm::Function* function;
  };
  std::map<std::pair<ir::NodeId, Shape>, llvm::Function*> functions;
  std::vector<Declared> pending;  // declared and not yet emitted

  // Numbers of the whole rule set (UnitNumbers). `id` tells those of a kind apart.
  enum class Number : uint8_t { kMemo, kConstant, kCode, kCodes, kBit, kIndex };
  std::map<std::pair<Number, uint64_t>, size_t> known_numbers;
  llvm::GlobalVariable* table = nullptr;
  llvm::Value* number(Number kind, uint64_t id, uint64_t value, llvm::IRBuilderBase& builder);  // i64
  void finish_numbers();

  llvm::Function* function_of(ir::NodeId id, Shape shape);
  llvm::FunctionCallee runtime(const std::string& name);  // abi::RuntimeFn
  llvm::FunctionCallee body(types::BuiltinId id);         // value::BuiltinFn
  llvm::FunctionCallee declare(const std::string& name, llvm::Type* result, std::initializer_list<llvm::Type*> params);
};

class Emitter {
 public:
  Emitter(Unit& unit, llvm::Function* function);

  void rules(std::span<const ir::NodeId> nodes);
  void root(ir::NodeId id);
  void single(ir::NodeId id, Unit::Shape shape);

 private:
  using Builder = llvm::IRBuilder<llvm::InstSimplifyFolder>;

  // --- values (emit_core.cc)
  Val emit(ir::NodeId id, Detail detail);
  Val compute(ir::NodeId id, Detail detail);
  Val emit_memo(ir::NodeId id, Detail detail);
  Val emit_split(ir::NodeId id, Detail detail);
  Val emit_unfiltered(ir::NodeId id, Detail detail);
  Val emit_filtered(ir::NodeId id, const Filter& filter, Detail detail);
  Val constant(const ir::Node& node);
  Val slot(const ir::Node& node, Detail detail);
  Val has_slot(const ir::Node& node);
  Val opt_slot(const ir::Node& node);
  Val local(const ir::Node& node, Detail detail);

  // --- logic (emit_logic.cc): boolean results; operands of other kinds than bool fail
  Val boolean(ir::NodeId id, Detail detail);
  Val logic(ir::NodeId id, bool absorbing, Detail detail);
  Val logic_outcome(ir::NodeId id, bool absorbing);
  Val combine_logic(const Val& x, const Val& y, bool absorbing, Detail detail);
  Val negation(ir::NodeId id, Detail detail);
  Val cond(ir::NodeId id, Detail detail);
  Val not_strictly_false(ir::NodeId id);
  llvm::Value* truth(ir::NodeId id);  // i8: value::Truth
  llvm::Value* is_true(const Val& v);
  llvm::Value* is_false(const Val& v);

  // --- builtins (emit_arith.cc, emit_text.cc)
  Val call(ir::NodeId id, Detail detail);
  std::optional<Val> inline_call(ir::NodeId id, Detail detail);
  Val arithmetic(ir::NodeId id, InlineOp op, Detail detail);
  Val division(ir::NodeId id, InlineOp op, Detail detail);
  Val double_arithmetic(ir::NodeId id, InlineOp op, Detail detail);
  Val ordering(ir::NodeId id, InlineInfo info, Detail detail);
  std::optional<Val> equality(ir::NodeId id, bool negated, Detail detail);
  std::optional<Val> in_list(ir::NodeId id, Detail detail);
  Val affix(ir::NodeId id, bool prefix, Detail detail);
  Val contains(ir::NodeId id, Detail detail);
  llvm::Value* string_equals(const Val& x, const Val& y);
  void charge_read(llvm::Value* size);
  llvm::Value* view_field(int view, uint64_t offset);
  llvm::Value* code_in(int view, const std::vector<uint32_t>& codes, uint64_t id);
  const ir::Constant* constant_of(ir::NodeId id) const;
  Status slot_status(ir::NodeId slot, Detail detail);
  llvm::Value* bits();  // Frame::bits
  llvm::Value* filter_passes(ir::NodeId id, const Filter& filter);
  llvm::Value* has_code(const Filter& filter);
  Val membership(ir::NodeId id, const Membership& m);

  // --- calls (emit_call.cc)
  Val strict_op(ir::NodeId id, Detail detail);
  // Calls with boxed arguments in memory unless one of them failed.
  using CallFn = llvm::function_ref<void(llvm::Value* args, llvm::Value* out)>;
  Val call_with(std::span<const Val> args, Rep rep, bool may_fail, Detail detail, CallFn emit_call);
  llvm::Value* args_room(size_t count);
  void store_args(std::span<const Val> boxed, llvm::Value* room);
  Val opt_or(ir::NodeId id, bool unwrap, Detail detail);

  // --- folds (emit_fold.cc)
  Val fold(ir::NodeId id, Detail detail);

  // --- failures and control flow (emit_core.cc)
  Status combine(std::span<const Val> args, Detail detail);
  Status error_if(llvm::Value* condition, uint64_t word, Detail detail);
  Status then(const Status& first, const Status& second, Detail detail);  // first, unless it is fine
  Val failure(Rep rep, const Status& status, Detail detail);
  Val with_status(Val v, const Status& status, Detail detail);
  Val box(const Val& v, Detail detail);
  Val unbox(const Val& v, Rep rep, Detail detail);
  Val load(llvm::Value* address, Rep rep, bool may_fail, Detail detail);
  void store(const Val& boxed, llvm::Value* address);
  Status boxed_status(llvm::Value* w0, llvm::Value* w1, Detail detail);
  struct Incoming {
    llvm::BasicBlock* block;
    Val v;
  };
  Val merge(std::span<const Incoming> incoming, Rep rep, Detail detail);
  // `then_value` if the condition holds, else `else_value`; each emitted in a scope of its own.
  Val branch(llvm::Value* condition, Rep rep, Detail detail, llvm::function_ref<Val()> then_value,
             llvm::function_ref<Val()> else_value);
  // v's own result if no argument failed, else the failure.
  Val guarded(const Status& status, Rep rep, Detail detail, llvm::function_ref<Val()> value);

  // --- what has been computed on the way here
  struct Undo {
    ir::NodeId id;
    std::optional<std::pair<Val, Detail>> previous;
  };
  size_t mark() const { return undo_.size(); }
  void forget(size_t mark);
  void remember(ir::NodeId id, const Val& v, Detail detail);

  const ir::Node& node(ir::NodeId id) const { return unit_.ir.node(id); }
  bool may_fail(const ir::Node& n) const { return (n.flags & (ir::kMayError | ir::kMayMissing)) != 0; }
  llvm::ConstantInt* i64(uint64_t v) { return b_.getInt64(v); }
  llvm::Value* kind_of(llvm::Value* w0) { return b_.CreateTrunc(w0, b_.getInt8Ty()); }
  llvm::Value* offset(llvm::Value* pointer, uint64_t bytes);
  llvm::Value* memo_address(uint32_t memo);
  llvm::Value* number(Unit::Number kind, uint64_t id, uint64_t value) { return unit_.number(kind, id, value, b_); }
  llvm::Value* either(llvm::Value* x, llvm::Value* y);  // or; null is false
  llvm::Value* context_field(uint64_t field, llvm::Type* type, llvm::Value** cache);
  llvm::Value* row() { return context_field(field_row_, b_.getPtrTy(), &row_); }
  llvm::Value* memos() { return context_field(field_memo_, b_.getPtrTy(), &memos_); }
  llvm::Value* locals() { return context_field(field_locals_, b_.getPtrTy(), &locals_); }
  llvm::Value* constants() { return context_field(field_constants_, b_.getPtrTy(), &constants_); }
  llvm::Value* epoch() { return context_field(field_epoch_, b_.getInt64Ty(), &epoch_); }
  llvm::Value* scratch(llvm::AllocaInst** cache, uint64_t bytes);
  llvm::Value* out_value();
  llvm::BasicBlock* block(const char* name);

  Unit& unit_;
  llvm::Function* f_;
  llvm::LLVMContext& c_;
  Builder b_;
  Builder entry_;  // at the end of the entry block: loads every function may use
  llvm::Value* ctx_;
  llvm::Value* frame_;
  ir::NodeId self_ = ir::kNoNode;  // the node whose function this is
  static const uint64_t field_row_, field_memo_, field_locals_, field_constants_, field_epoch_;
  llvm::Value *row_ = nullptr, *memos_ = nullptr, *locals_ = nullptr, *constants_ = nullptr, *epoch_ = nullptr;
  llvm::Value *views_ = nullptr, *bits_ = nullptr;
  ir::NodeId passed_ = ir::kNoNode;  // its filter has been tested on the way here
  llvm::AllocaInst *args_ = nullptr, *out_ = nullptr, *range_ = nullptr;
  uint64_t args_bytes_ = 0;
  std::unordered_map<ir::NodeId, std::pair<Val, Detail>> known_;
  std::vector<Undo> undo_;
};

}  // namespace weir::codegen
