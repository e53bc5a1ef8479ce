// Operations that runtime functions carry out.
#include "compiler/codegen/abi.h"
#include "compiler/codegen/emitter.h"

namespace weir::codegen {

using ir::NodeId;
using ir::Op;
using value::Kind;

namespace {

constexpr size_t kFixedArgs = 8;
constexpr size_t kMaxStackArgs = 256;  // more go to the arena

const char* runtime_name(Op op) {
  switch (op) {
    case Op::kCallDyn:
      return "call_dyn";
    case Op::kIndexDyn:
      return "index_dyn";
    case Op::kSelect:
      return "select";
    case Op::kHasField:
      return "has_field";
    case Op::kOptSelect:
      return "opt_select";
    case Op::kOptIndex:
      return "opt_index";
    case Op::kMakeList:
      return "make_list";
    case Op::kMakeMap:
      return "make_map";
    case Op::kListAppend:
      return "list_append";
    case Op::kMapInsert:
      return "map_insert";
    case Op::kFeature:
      return "feature";
    case Op::kFeatureAt:
      return "feature_at";
    case Op::kListContains:
      return "list_contains";
    case Op::kHasLabel:
      return "has_label";
    case Op::kHasLabelNamed:
      return "has_label_named";
    case Op::kLabels:
      return "labels";
    case Op::kFail:
      return "fail";
    default:
      return "fail";  // the others are emitted elsewhere
  }
}

}  // namespace

void Emitter::store_args(std::span<const Val> boxed, llvm::Value* room) {
  for (size_t i = 0; i < boxed.size(); ++i) store(boxed[i], offset(room, i * abi::kValueSize));
}

// Where arguments go; of many, null if there is no room.
llvm::Value* Emitter::args_room(size_t count) {
  if (count <= kFixedArgs) return scratch(&args_, kFixedArgs * abi::kValueSize);
  if (count <= kMaxStackArgs) {
    llvm::AllocaInst* own = nullptr;
    return scratch(&own, count * abi::kValueSize);
  }
  llvm::FunctionCallee allocate = unit_.declare("weir_rt_allocate", b_.getPtrTy(), {b_.getPtrTy(), b_.getInt64Ty()});
  return b_.CreateCall(allocate, {ctx_, i64(count * abi::kValueSize)});
}

Val Emitter::call_with(std::span<const Val> args, Rep rep, bool may_fail, Detail detail, CallFn emit_call) {
  std::vector<Val> boxed;
  boxed.reserve(args.size());
  for (const Val& v : args) boxed.push_back(box(v, detail));
  return guarded(combine(args, detail), rep, detail, [&] {
    llvm::Value* room = args_room(boxed.size());
    const auto stored = [&] {
      store_args(boxed, room);
      llvm::Value* out = out_value();
      emit_call(room, out);
      return load(out, rep, may_fail, detail);
    };
    if (boxed.size() <= kMaxStackArgs) return stored();
    return guarded(error_if(b_.CreateIsNull(room), abi::error_word(value::ErrorCode::kBudget), detail), rep, detail,
                   stored);
  });
}

Val Emitter::call(NodeId id, Detail detail) {
  if (std::optional<Val> v = inline_call(id, detail)) return *v;
  const ir::Node& n = node(id);
  std::vector<Val> args;
  for (NodeId arg : unit_.ir.args(id)) args.push_back(emit(arg, detail));
  return call_with(args, rep_of(n.type), ir::builtin_can_fail(n.builtin), detail,
                   [&](llvm::Value* a, llvm::Value* out) {
                     b_.CreateCall(unit_.body(n.builtin), {ctx_, a, out});
                   });
}

Val Emitter::strict_op(NodeId id, Detail detail) {
  const ir::Node& n = node(id);
  std::vector<Val> args;
  for (NodeId arg : unit_.ir.args(id)) args.push_back(emit(arg, detail));
  return call_with(args, rep_of(n.type), may_fail(n), detail, [&](llvm::Value* a, llvm::Value* out) {
    const auto index = static_cast<uint32_t>(n.index);
    llvm::Value* known = n.index < 0
                             ? b_.getInt32(index)
                             : b_.CreateTrunc(number(Unit::Number::kIndex, uint64_t{index} << 8 | uint8_t(n.op), index),
                                              b_.getInt32Ty());
    b_.CreateCall(unit_.runtime(runtime_name(n.op)), {ctx_, known, a, b_.getInt32(n.arg_count), out});
  });
}

// a.or(b) and a.orValue(b).
Val Emitter::opt_or(NodeId id, bool unwrap, Detail detail) {
  Rep rep = rep_of(node(id).type);
  Val a = box(emit(unit_.ir.arg(id, 0), detail), detail);
  NodeId second = unit_.ir.arg(id, 1);
  auto not_optional = [&](const Val& v) {
    llvm::Value* other = b_.CreateICmpNE(kind_of(v.a), b_.getInt8(static_cast<uint8_t>(Kind::kOptional)));
    return error_if(other, abi::error_word(value::ErrorCode::kNoSuchOverload), detail);
  };
  Status status = then(a.status, not_optional(a), detail);
  return guarded(status, rep, detail, [&] {
    return branch(
        b_.CreateICmpNE(a.b, i64(0)), rep, detail,
        [&] {
          if (!unwrap) return Val{Rep::kBoxed, a.a, a.b, {}};
          return load(b_.CreateIntToPtr(a.b, b_.getPtrTy()), rep, false, detail);
        },
        [&] {
          Val b = emit(second, detail);
          if (unwrap) return b;
          b = box(b, detail);
          return with_status(b, then(b.status, not_optional(b), detail), detail);
        });
  });
}

}  // namespace weir::codegen
