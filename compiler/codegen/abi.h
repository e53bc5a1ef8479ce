// What generated code knows of the runtime: layouts, the shape of its functions, names of the functions it calls.
//
// The one file of codegen that looks at runtime/value: offsets are taken from the structs themselves, so that they
// cannot drift apart.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/value/context.h"
#include "runtime/value/evaluator.h"
#include "runtime/value/value.h"

namespace weir::codegen::abi {

using value::ErrorCode;
using value::Kind;
using value::Truth;

inline constexpr uint64_t kCtxRow = offsetof(value::EvalContext, row);
inline constexpr uint64_t kCtxMemo = offsetof(value::EvalContext, memo);
inline constexpr uint64_t kCtxLocals = offsetof(value::EvalContext, locals);
inline constexpr uint64_t kCtxConstants = offsetof(value::EvalContext, constants);
inline constexpr uint64_t kCtxEpoch = offsetof(value::EvalContext, epoch);
inline constexpr uint64_t kCtxSteps = offsetof(value::EvalContext, steps);

inline constexpr uint64_t kValueSize = sizeof(value::Value);
inline constexpr uint64_t kValuePayload = offsetof(value::Value, i);
static_assert(offsetof(value::Value, kind) == 0 && offsetof(value::Value, aux) == 4 && kValuePayload == 8,
              "a Value is two 64-bit words: kind | aux << 32, payload");

inline constexpr uint64_t kMemoSize = sizeof(value::Memo);
inline constexpr uint64_t kMemoStamp = offsetof(value::Memo, stamp);
static_assert(offsetof(value::Memo, value) == 0);

inline constexpr uint64_t kListSize = offsetof(value::ListRep, size);
inline constexpr uint64_t kListItems = offsetof(value::ListRep, items);

// Raise it if a runtime function that generated code calls comes to mean something else under the same name: code that
// was kept on disk is then compiled anew. All that is in the code itself (layouts, the shape of calls) is told apart
// without it.
inline constexpr uint32_t kRuntimeVersion = 1;

// First word of a Value.
constexpr uint64_t word(Kind kind, uint32_t aux = 0) { return static_cast<uint64_t>(kind) | uint64_t{aux} << 32; }
constexpr uint64_t error_word(ErrorCode code) { return word(Kind::kError, static_cast<uint32_t>(code)); }
inline uint32_t missing_slot(uint32_t slot) { return value::Value::missing_slot(slot); }

// One string slot of the row, prepared once an event for all rules of a group: what equality with the group's
// constants, startsWith and endsWith need, without touching the text again. Zero if the slot holds no string.
struct SlotView {
  uint64_t prefix;  // the first 8 bytes, the first in the lowest bits; 0 where the text is shorter
  uint64_t suffix;  // the last 8 bytes, the last in the highest bits
  uint64_t length;
  uint64_t code;  // of the text among the constants it is compared with (CodeTable)
};
static_assert(sizeof(SlotView) == 32);

// What an evaluator hands to its code beside the context.
struct Frame {
  // Made for the group's rules; null outside eval_rules.
  const SlotView* views = nullptr;
  const uint64_t* bits = nullptr;  // Analysis::bit_words words: filters of texts, codes of lists
};

// The shapes of generated functions.
using RulesFn = void (*)(value::EvalContext*, const Frame*, Truth* out);  // rules of one unit
using RuleFn = Truth (*)(value::EvalContext*, const Frame*);              // one rule
using RootFn = void (*)(value::EvalContext*, const Frame*, value::Value* out);

// Runtime functions of one shape: `index` names a feature, string, callee…; see runtime_calls.cc.
using RuntimeFn = void (*)(value::EvalContext*, uint32_t index, const value::Value* args, uint32_t count,
                           value::Value* out);

// A comprehension's range: element i is at base + i * stride. Two-variable forms: the second value is at `second` past
// it, and the first is i itself if `counts`, else the value at it.
struct NativeRange {
  const char* base = nullptr;
  uint64_t stride = 0;
  uint64_t second = 0;
  uint64_t counts = 0;
  uint64_t size = 0;
  uint64_t reserved = 0;
  value::Value error;  // not ok(): the operand cannot be iterated
};

#define WEIR_RUNTIME_CALLS(X) \
  X(call_dyn)                 \
  X(index_dyn)                \
  X(select)                   \
  X(has_field)                \
  X(opt_select)               \
  X(opt_index)                \
  X(make_list)                \
  X(make_map)                 \
  X(list_append)              \
  X(map_insert)               \
  X(feature)                  \
  X(feature_at)               \
  X(list_contains)            \
  X(has_label)                \
  X(has_label_named)          \
  X(labels)                   \
  X(fail)

}  // namespace weir::codegen::abi
