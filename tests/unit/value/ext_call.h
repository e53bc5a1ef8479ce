// Calls a body by the name of its overload, for table-driven tests: arguments and results as short literals.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/value/arena.h"
#include "runtime/value/builtins.h"
#include "runtime/value/operations.h"

namespace weir::value::testing {

// Literals borrow: their text must be static, and lists live until the process ends.
inline Value S(std::string_view s) { return Value::string(s); }
inline Value B(std::string_view s) { return Value::bytes(s); }
inline Value I(int64_t i) { return Value::integer(i); }
inline Value U(uint64_t u) { return Value::uint(u); }
inline Value D(double d) { return Value::dbl(d); }
inline Arena& literals() {
  static Arena arena(SIZE_MAX);
  return arena;
}
inline Value L(std::vector<Value> items) {
  auto* copy = literals().allocate_array<Value>(items.size());
  for (size_t i = 0; i < items.size(); ++i) copy[i] = items[i];
  auto* list = literals().allocate_array<ListRep>(1);
  *list = ListRep{};
  list->size = list->capacity = static_cast<uint32_t>(items.size());
  list->items = copy;
  return Value::of(list);
}

inline types::BuiltinId id_of(std::string_view name) {
  for (size_t i = 0; i < types::kBuiltinCount; ++i) {
    auto id = static_cast<types::BuiltinId>(i);
    if (types::builtin_info(id).id_name == name) return id;
  }
  ADD_FAILURE() << "no overload " << name;
  return types::BuiltinId::equals;
}

// The result as a CEL literal; an error as `!code`.
struct Caller {
  Arena arena;
  EvalContext ctx;
  int64_t steps = 1'000'000;

  Value call(std::string_view name, const std::vector<Value>& args) {
    ctx.arena = &arena;
    ctx.steps = steps;
    Value out;
    builtin_body(id_of(name))(ctx, args.data(), &out);
    return out;
  }
  std::string text(std::string_view name, const std::vector<Value>& args) {
    Value v = call(name, args);
    return v.is_error() ? "!" + std::string(error_code_name(v.error_code())) : to_literal(v);
  }
};

struct Case {
  std::string_view overload;
  std::vector<Value> args;
  std::string_view expected;
};

inline void check(const std::vector<Case>& cases) {
  Caller caller;
  for (const Case& c : cases) {
    std::string args;
    for (const Value& v : c.args) args += to_literal(v) + " ";
    EXPECT_EQ(caller.text(c.overload, c.args), c.expected) << c.overload << " " << args;
  }
}

}  // namespace weir::value::testing
