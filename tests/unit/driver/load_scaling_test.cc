// What loading takes grows as the rules do, counted and not timed: trees, nodes, constants, rows of the index, and
// allocations and their bytes, in which a copy of everything for each rule would show.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "compiler/driver/compile.h"
#include "runtime/engine/engine.h"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // they are malloc and free, both

namespace {
std::atomic<uint64_t> allocations{0}, allocated_bytes{0};
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(size_t size) {
  ++allocations;
  allocated_bytes += size;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
#endif

namespace weir::driver {
namespace {

// Rules of which most share clauses with others, and some fields and features.
std::string rule_set(int count) {
  std::string out =
      "event e { a: int  b: double?  name: string  text: string  words: list<string> }\n"
      "feature seen = count() from e by e.name over 1h\n";
  for (int i = 0; i < count; ++i) {
    out += fmt::format("rule r{0} on e {{ id \"R-{0}\" when ", i);
    switch (i % 4) {
      case 0:
        out += fmt::format("e.a > {} && e.name in [\"n{}\", \"n{}\", \"m{}\"]", i % 1000, i, i + 1, i % 10);
        break;
      case 1:
        out += fmt::format("e.text.contains(\"t{}\") || e.text.matches(\"x{}[0-9]+y\") && e.a < {}", i, i, i % 500);
        break;
      case 2:
        out += fmt::format("e.words.exists(w, w == \"w{}\") && seen > {}", i, i % 50);
        break;
      default:
        out += fmt::format("(e.a >= {} || e.text.startsWith(\"s{}\")) && has(e.b) && e.b < {}.5", i, i % 300, i);
    }
    out += fmt::format("  score {}  mode live  because \"{{e.name}} did it {} times\" }}\n", i % 7, i);
  }
  return out;
}

struct Work {
  double trees, nodes, constants, terms, index_bytes, allocations, bytes;
};

Work work_of(int count) {
  const std::string text = rule_set(count);
  const uint64_t allocations_before = allocations, bytes_before = allocated_bytes;
  Compilation compiled = compile({{"rules.weir", text}}, {});
  EXPECT_NE(compiled.program, nullptr);
  auto rules = engine::Rules::create(compiled.program, {.tier = engine::Tier::kInterpreter});
  EXPECT_TRUE(rules.ok());
  const engine::Session session(*rules, {});
  const index::PredicateIndex& index = *(*rules)->evaluation().indexes[0];
  const ir::Module& module = compiled.program->module;
  return {static_cast<double>(compiled.checked->arena->max_id()),
          static_cast<double>(module.size()),
          static_cast<double>(module.constants.size()),
          static_cast<double>(index.terms()),
          static_cast<double>(index.bytes()),
          static_cast<double>(allocations - allocations_before),
          static_cast<double>(allocated_bytes - bytes_before)};
}

void expect_linear(int rules) {
  const Work few = work_of(rules), many = work_of(10 * rules);
  const auto ratio = [](double a, double b) { return a == 0 ? 10 : b / a; };
  EXPECT_NEAR(ratio(few.trees, many.trees), 10, 0.5);
  EXPECT_LT(ratio(few.nodes, many.nodes), 11);
  EXPECT_LT(ratio(few.constants, many.constants), 11);
  EXPECT_LT(ratio(few.terms, many.terms), 10.5);
  EXPECT_LT(ratio(few.index_bytes, many.index_bytes), 12);
  EXPECT_LT(ratio(few.allocations, many.allocations), 11);
  EXPECT_LT(ratio(few.bytes, many.bytes), 12);
}

TEST(LoadScaling, TenTimesTheRulesTakeTenTimesTheWork) { expect_linear(1'000); }

// Ten seconds' work or more; WEIR_LONG_TESTS=1 runs it.
TEST(LoadScaling, UpToAHundredThousandRules) {
  if (std::getenv("WEIR_LONG_TESTS") == nullptr) GTEST_SKIP() << "WEIR_LONG_TESTS is not set";
  expect_linear(10'000);
}

}  // namespace
}  // namespace weir::driver
