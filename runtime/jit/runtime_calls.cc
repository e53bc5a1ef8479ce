#include "runtime/jit/runtime_calls.h"

#include <cstring>

#include "compiler/ir/ir.h"
#include "runtime/value/builtins.h"
#include "runtime/value/operations.h"

using weir::codegen::abi::NativeRange;
using weir::value::EvalContext;
using weir::value::Kind;
using weir::value::Value;

namespace {

const weir::ir::Module& module_of(const EvalContext& ctx) { return *static_cast<const weir::ir::Module*>(ctx.module); }

// An index of -1 says that nothing is optional.
const uint8_t* mask_of(const EvalContext& ctx, uint32_t index) {
  return index == UINT32_MAX ? nullptr : module_of(ctx).masks[index].data();
}

}  // namespace

// The shape all of them share; most need a part of it.
#define WEIR_RT(name)                                                                                               \
  static void weir_body_##name(EvalContext* ctx, uint32_t index, const Value* args, uint32_t count, Value* out);    \
  extern "C" void weir_rt_##name(EvalContext* ctx, uint32_t index, const Value* args, uint32_t count, Value* out) { \
    weir::value::without_throwing(*ctx, out, [&] { weir_body_##name(ctx, index, args, count, out); });              \
  }                                                                                                                 \
  static void weir_body_##name([[maybe_unused]] EvalContext* ctx, [[maybe_unused]] uint32_t index,                  \
                               [[maybe_unused]] const Value* args, [[maybe_unused]] uint32_t count, Value* out)

WEIR_RT(call_dyn) {
  const weir::ir::DynCallee& callee = module_of(*ctx).dyn_callees[index];
  *out = weir::value::call_dynamic(*ctx, callee.function, callee.style, args, count);
}
WEIR_RT(index_dyn) { *out = weir::value::index(*ctx, args[0], args[1]); }
WEIR_RT(select) { *out = weir::value::select(*ctx, args[0], module_of(*ctx).strings[index]); }
WEIR_RT(has_field) { *out = weir::value::has_field(*ctx, args[0], module_of(*ctx).strings[index]); }
WEIR_RT(opt_select) { *out = weir::value::optional_select(*ctx, args[0], module_of(*ctx).strings[index]); }
WEIR_RT(opt_index) { *out = weir::value::optional_index(*ctx, args[0], args[1]); }
WEIR_RT(make_list) { *out = weir::value::make_list(*ctx, args, count, mask_of(*ctx, index)); }
WEIR_RT(make_map) { *out = weir::value::make_map(*ctx, args, count / 2, mask_of(*ctx, index)); }
WEIR_RT(list_append) { *out = weir::value::list_append(*ctx, args[0], args[1]); }
WEIR_RT(map_insert) { *out = weir::value::map_insert(*ctx, args[0], args[1], args[2]); }
WEIR_RT(feature) { *out = ctx->state->feature(index); }
WEIR_RT(feature_at) { *out = ctx->state->feature_at(index, args, count); }
WEIR_RT(list_contains) { *out = ctx->state->list_contains(index, args[0]); }
WEIR_RT(has_label) { *out = Value::boolean(ctx->state->has_label(index, args[0])); }
WEIR_RT(has_label_named) {
  *out = Value::boolean(args[0].is(Kind::kString) && ctx->state->has_label_named(index, args[0].str(), args[1]));
}
WEIR_RT(labels) { *out = ctx->state->labels(index, args[0], *ctx->arena); }
WEIR_RT(fail) {
  const weir::ir::Failure& failure = module_of(*ctx).failures[index];
  *out = weir::value::make_error(*ctx, static_cast<weir::value::ErrorCode>(failure.code), failure.message);
}
#undef WEIR_RT

extern "C" void weir_rt_range(EvalContext* ctx, const Value* operand, NativeRange* out) {
  weir::value::Range range;
  weir::value::without_throwing(*ctx, &range.error, [&] { range = weir::value::make_range(*ctx, *operand); });
  *out = NativeRange{};
  out->error = range.error.ok() ? Value::null() : range.error;
  if (!range.error.ok()) return;
  out->size = range.size;
  if (range.list != nullptr) {
    out->base = reinterpret_cast<const char*>(range.list->items);
    out->stride = sizeof(Value);
    out->counts = 1;
  } else if (range.map != nullptr) {
    out->base = reinterpret_cast<const char*>(range.map->entries);
    out->stride = sizeof(weir::value::MapEntry);
    out->second = offsetof(weir::value::MapEntry, value);
  }
}

extern "C" void* weir_rt_allocate(EvalContext* ctx, uint64_t bytes) { return ctx->arena->allocate(bytes); }

extern "C" uint8_t weir_rt_contains(EvalContext* ctx, uint64_t text0, const char* text1, uint64_t part0,
                                    const char* part1) {
  size_t size = text0 >> 32, part_size = part0 >> 32;
  weir::value::charge(*ctx, static_cast<int64_t>(1 + (size + part_size) / 16));
  return part_size == 0 || memmem(text1, size, part1, part_size) != nullptr;
}
