// What the files of bodies share: the shape of a body, costs, usual errors. Included by bodies only.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/value/builtins.h"
#include "runtime/value/context.h"
#include "runtime/value/value.h"

// WEIR_BODY(add_int) { ... }: defines weir_bi_add_int(ctx, a, out), which throws nothing.
#define WEIR_BODY(id)                                                                          \
  static void weir_body_##id(::weir::value::EvalContext& ctx, const ::weir::value::Value* a,   \
                             ::weir::value::Value* out);                                       \
  extern "C" void weir_bi_##id(::weir::value::EvalContext& ctx, const ::weir::value::Value* a, \
                               ::weir::value::Value* out) {                                    \
    ::weir::value::without_throwing(ctx, out, [&] { weir_body_##id(ctx, a, out); });           \
  }                                                                                            \
  static void weir_body_##id([[maybe_unused]] ::weir::value::EvalContext& ctx,                 \
                             [[maybe_unused]] const ::weir::value::Value* a, ::weir::value::Value* out)

namespace weir::value {

inline int64_t size_of(const Value& v) {
  switch (v.kind) {
    case Kind::kString:
    case Kind::kBytes:
      return v.aux;
    case Kind::kList:
      return v.list->size;
    case Kind::kMap:
      return v.map->size;
    default:
      return 0;
  }
}

// The cost classes of builtins.h; kConst charges nothing. Each is false once the budget is exhausted; a body that
// cannot fail goes on all the same, and the next operation that can fail reports.
inline bool charge_linear(EvalContext& ctx, const Value& a) { return charge(ctx, 1 + size_of(a) / 16); }
inline bool charge_linear(EvalContext& ctx, const Value& a, const Value& b) {
  return charge(ctx, 1 + (size_of(a) + size_of(b)) / 16);
}
inline bool charge_quadratic(EvalContext& ctx, const Value& a, const Value& b) {
  return charge(ctx, 1 + size_of(a) * size_of(b) / 16);
}

// What compares texts or looks for a value charges for what it reads alone: native code does these by itself, and must
// come to the same sum (codegen/emit_text.cc).
inline bool charge_read(EvalContext& ctx, int64_t size) { return charge(ctx, size / 16); }

// A null may stand where the checker saw a timestamp, duration, list, map…: the caller returns this.
Value wrong_kind(EvalContext& ctx, std::string_view function, const Value& v);
// A string of its own in the arena; kBudget if there is no room or it is longer than a Value can say.
Value new_string(EvalContext& ctx, std::string_view text);
Value new_bytes(EvalContext& ctx, std::string_view text);

}  // namespace weir::value
