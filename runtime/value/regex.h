// Compiled RE2 patterns.
//
// A pattern that is a constant of a rule set is compiled once, on first use, and found through the value itself. Other
// patterns are remembered by their text: a few by each thread, without locking, and behind them in one bounded table of
// the process. A program that makes more patterns than fit compiles some of them again; nothing else changes.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/value/arena.h"
#include "runtime/value/context.h"
#include "runtime/value/value.h"

namespace weir::value {

// What all patterns are compiled with.
RE2::Options regex_options();

// Thread-safe.
class LazyRegex {
 public:
  explicit LazyRegex(std::string_view pattern) : pattern_(pattern) {}
  const RE2& get() const;

 private:
  std::string pattern_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<const RE2> regex_;
};

// A string value equal to `pattern` that carries its compiled form, which must outlive it; missing if out of budget.
Value string_with_regex(Arena& arena, std::string_view pattern, const LazyRegex* regex);

// Null with *error set if the pattern is malformed or too large. The result stays valid until this thread's next call.
const RE2* compiled_regex(const Value& pattern, std::string* error);

// The same for a search in a text of `size` bytes, charged: 1 + reading_cost / 4, and for a pattern that is no constant
// its size / 16 and its instructions / 4. Null with the error, or that of the budget, in *out.
const RE2* charged_regex(EvalContext& ctx, const Value& pattern, size_t size, Value* out);
// Bytes a search has to read, times how much slower than usual it reads if the pattern is a large one.
int64_t reading_cost(const RE2& regex, size_t size);

}  // namespace weir::value
