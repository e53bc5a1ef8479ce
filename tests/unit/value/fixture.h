// A context with room, and short names for values.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/value/builtins.h"
#include "runtime/value/operations.h"
#include "runtime/value/text.h"

namespace weir::value {

inline Value I(int64_t i) { return Value::integer(i); }
inline Value U(uint64_t u) { return Value::uint(u); }
inline Value D(double d) { return Value::dbl(d); }
inline Value B(bool b) { return Value::boolean(b); }
inline Value S(std::string_view s) { return Value::string(s); }
inline Value Y(std::string_view s) { return Value::bytes(s); }
inline Value T(std::string_view text) {
  Value v;
  return parse_timestamp(text, &v) == ParseResult::kOk ? v : Value::missing();
}
inline Value P(std::string_view text) {
  Value v;
  return parse_duration(text, &v) == ParseResult::kOk ? v : Value::missing();
}

class ValueTest : public testing::Test {
 protected:
  ValueTest() {
    ctx.arena = &arena;
    ctx.steps = 1 << 20;
  }

  Value list(const std::vector<Value>& items) {
    return make_list(ctx, items.data(), static_cast<uint32_t>(items.size()), nullptr);
  }
  Value map(const std::vector<Value>& items) {
    return make_map(ctx, items.data(), static_cast<uint32_t>(items.size() / 2), nullptr);
  }
  Value some(const Value& v) { return make_some(ctx, v); }

  Arena arena;
  EvalContext ctx;
};

}  // namespace weir::value
