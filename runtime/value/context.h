// What one evaluation sees: the row, the arena, memo slots, loop variables, state. The layout is read by native code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::value {

// Windowed state, labels and lists as expressions see them. Implemented by runtime/state (or a test double).
class StateView {
 public:
  virtual ~StateView() = default;
  // Feature at the current event's key.
  virtual Value feature(uint32_t feature) = 0;
  virtual Value feature_at(uint32_t feature, const Value* keys, uint32_t count) = 0;
  virtual bool has_label(uint32_t label, const Value& key) = 0;
  // By name, for a name that is no literal; false if no such label is declared.
  virtual bool has_label_named(uint32_t entity, std::string_view label, const Value& key) = 0;
  virtual Value labels(uint32_t entity, const Value& key, Arena& arena) = 0;
  virtual Value list_contains(uint32_t list, const Value& v) = 0;
};

// A memo slot is valid if stamp == EvalContext::epoch.
struct Memo {
  Value value;
  uint64_t stamp = 0;
  uint64_t reserved = 0;
};
static_assert(sizeof(Memo) == 32);

// Offsets below are known to codegen (static_asserts in runtime/jit). One context serves one thread at a time.
struct EvalContext {
  const Value* row = nullptr;        // slots of the event or environment
  Memo* memo = nullptr;              // ir::Module::memo_count slots
  Value* locals = nullptr;           // ir::Module::local_count slots: loop variables and accumulators
  const Value* constants = nullptr;  // ir::Module constants as values
  Arena* arena = nullptr;
  StateView* state = nullptr;
  uint64_t epoch = 1;             // bumped for each event: forgets all memos
  int64_t steps = 0;              // what is left of the step budget; below 0 = exhausted
  uint64_t counters[2] = {0, 0};  // nodes evaluated, rules visited: filled by builds that count
  const void* module = nullptr;   // const ir::Module*: dynamic dispatch, error texts
};

// Error value with a message copied to the arena (message dropped if there is no room).
Value make_error(EvalContext& ctx, ErrorCode code, std::string_view message);

// Charges steps; false (and the caller returns budget_error) once the budget is exhausted.
inline bool charge(EvalContext& ctx, int64_t steps) { return (ctx.steps -= steps) >= 0; }
inline Value budget_error() { return Value::fail(ErrorCode::kBudget); }

// Runs what native code calls: an exception cannot pass through its frames. The result is an error then, and the arena
// is starved, by which whoever evaluates learns of it.
template <typename Body>
void without_throwing(EvalContext& ctx, Value* out, Body&& body) {
  try {
    body();
  } catch (const std::exception&) {
    ctx.arena->starve();
    *out = budget_error();
  }
}

}  // namespace weir::value
