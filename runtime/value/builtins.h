// Bodies of the functions in builtins.def: one for all tiers.
#pragma once

#include "compiler/types/builtins.h"
#include "runtime/value/context.h"
#include "runtime/value/value.h"

namespace weir::value {

// Arguments are never missing or error, except for parameters declared `A` of optional helpers where noted; they have
// the kinds the signature states. The result may be an error. Bodies charge their cost class against ctx.steps.
using BuiltinFn = void (*)(EvalContext& ctx, const Value* args, Value* out);

// One C function an overload, so that native code links to it by name: weir_bi_size_string.
extern "C" {
#define WEIR_BUILTIN(id, function, style, signature, cost, doc, example) \
  void weir_bi_##id(::weir::value::EvalContext& ctx, const ::weir::value::Value* args, ::weir::value::Value* out);
#include "compiler/types/builtins.def"
#undef WEIR_BUILTIN
}

BuiltinFn builtin_body(types::BuiltinId id);

// Dynamic dispatch: the first overload of the function (called as style, with `count` arguments) whose parameters
// accept the arguments' kinds; kNoSuchOverload if there is none. A function is named by any of its overloads' ids
// ("family"). Arguments are ok() values.
Value call_dynamic(EvalContext& ctx, std::string_view function, types::CallStyle style, const Value* args,
                   uint32_t count);

}  // namespace weir::value
