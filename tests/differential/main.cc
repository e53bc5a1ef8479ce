// Interpreter against native code on random expressions and rows: value for value, error for error, missing for
// missing, step for step.
//
//   differential [--seed N] [--comparisons N]
//
// Stops at the first disagreement and prints what it takes to see it again.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "compiler/driver/expression.h"
#include "runtime/interp/interpreter.h"
#include "runtime/jit/native.h"
#include "runtime/value/operations.h"
#include "tests/differential/compare.h"
#include "tests/differential/evaluate.h"
#include "tests/differential/generator.h"

namespace weir::differential {
namespace {

using value::Value;

constexpr int kExpressionsPerBatch = 50;
constexpr int kRowsPerBatch = 40;
constexpr int64_t kSteps = 200'000;
constexpr int64_t kFewSteps = 10;

struct Totals {
  uint64_t comparisons = 0, values = 0, errors = 0, exhausted = 0, missing = 0, rejected = 0;
};

class Batch {
 public:
  Batch(Generator& generator, const std::shared_ptr<types::TypeTable>& types, bool check) {
    std::vector<std::string> candidates;
    while (texts_.size() < kExpressionsPerBatch) {
      std::string text = generator.expression();
      if (text.size() > 4000) continue;
      if (driver::compile_expression(text, generator.environment(), types, check).module)
        texts_.push_back(text);
      else
        ++rejected_;
    }
    compiled_ = driver::compile_expressions(texts_, generator.environment(), types, check);
  }

  // False at a disagreement.
  bool compare(Generator& generator, Totals& totals) {
    totals.rejected += rejected_;
    const ir::Module& module = *compiled_.module;
    jit::NativeOptions options;
    options.level = jit::OptLevel::kO0;
    auto native = jit::compile(module, compiled_.roots, {}, options, nullptr);
    if (!native.ok()) {
      fmt::print("native code could not be made: {}\n", native.status().ToString());
      for (const std::string& text : texts_) fmt::print("  {}\n", text);
      return false;
    }
    interp::Interpreter interpreter(module, {});
    value::ConstantPool constants(module);
    for (int r = 0; r < kRowsPerBatch; ++r) {
      value::Arena row_arena;
      std::vector<Value> row = generator.row(row_arena);
      for (size_t e = 0; e < texts_.size(); ++e) {
        value::Arena arena_a, arena_b;
        // Now and then too few steps: both tiers must run out at the same place.
        int64_t steps = r % 8 == 7 ? generator.few(kFewSteps) : kSteps;
        int64_t left_a = 0, left_b = 0;
        Value a = evaluate(interpreter, module, compiled_.roots[e], constants, arena_a, steps, row, &left_a);
        Value b = evaluate(**native, module, compiled_.roots[e], constants, arena_b, steps, row, &left_b);
        ++totals.comparisons;
        (a.ok() ? totals.values : a.is_error() ? totals.errors : totals.missing) += 1;
        if (a.is_error() && a.error_code() == value::ErrorCode::kBudget) ++totals.exhausted;
        if (!identical(a, b) || left_a != left_b)
          return report(generator, e, row, a, b, steps - left_a, steps - left_b);
      }
    }
    return true;
  }

 private:
  bool report(const Generator& generator, size_t e, const std::vector<Value>& row, const Value& a, const Value& b,
              int64_t steps_a, int64_t steps_b) {
    fmt::print("the tiers disagree\n  expression:  {}\n  interpreter: {} in {} steps\n  native:      {} in {} steps\n",
               texts_[e], show(a), steps_a, show(b), steps_b);
    for (size_t i = 0; i < row.size(); ++i)
      fmt::print("  {} = {}\n", generator.environment().variables[i].name, show(row[i]));
    return false;
  }

  std::vector<std::string> texts_;
  driver::CompiledExpressions compiled_;
  uint64_t rejected_ = 0;
};

int run(uint64_t seed, uint64_t comparisons) {
  Totals totals;
  auto types = std::make_shared<types::TypeTable>();
  Generator generator(*types, seed);
  for (int batch = 0; totals.comparisons < comparisons; ++batch) {
    bool check = batch % 4 != 3;  // every fourth batch leaves types to run time
    if (!Batch(generator, types, check).compare(generator, totals)) {
      fmt::print("again with: differential --seed {} --comparisons {}\n", seed, totals.comparisons + 1);
      return 1;
    }
  }
  fmt::print(
      "{} comparisons without a difference, seed {}: {} values, {} errors ({} for want of steps), {} missing; {} drawn "
      "expressions did not "
      "check\n",
      totals.comparisons, seed, totals.values, totals.errors, totals.exhausted, totals.missing, totals.rejected);
  // A generator that makes nothing but failures would agree with itself about nothing.
  return totals.values * 4 > totals.comparisons && totals.errors > 0 && totals.exhausted > 0 && totals.missing > 0 ? 0
                                                                                                                   : 1;
}

}  // namespace
}  // namespace weir::differential

int main(int argc, char** argv) {
  uint64_t seed = 1, comparisons = 20'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--comparisons") == 0) comparisons = std::strtoull(argv[i + 1], nullptr, 10);
  }
  return weir::differential::run(seed, comparisons);
}
