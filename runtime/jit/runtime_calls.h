// Functions that native code calls by name, beside the bodies of builtins: weir_rt_<name>.
//
// Arguments are ok() values; results may be errors. Shapes: compiler/codegen/abi.h. ctx.module must be set. None of
// them throws: without memory the result is an error and ctx.arena is starved.
#pragma once

#include "compiler/codegen/abi.h"

extern "C" {
#define WEIR_DECLARE(name)                                                                               \
  void weir_rt_##name(::weir::value::EvalContext* ctx, uint32_t index, const ::weir::value::Value* args, \
                      uint32_t count, ::weir::value::Value* out);
WEIR_RUNTIME_CALLS(WEIR_DECLARE)
#undef WEIR_DECLARE

void weir_rt_range(::weir::value::EvalContext* ctx, const ::weir::value::Value* operand,
                   ::weir::codegen::abi::NativeRange* out);
// Room for the arguments of very wide operations; null if the arena has none.
void* weir_rt_allocate(::weir::value::EvalContext* ctx, uint64_t bytes);
// text.contains(part), both as the two words of a Value.
uint8_t weir_rt_contains(::weir::value::EvalContext* ctx, uint64_t text0, const char* text1, uint64_t part0,
                         const char* part1);
}
