// One expression in every tier that is built, which must agree: value, error and steps.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "compiler/driver/expression.h"
#include "runtime/interp/interpreter.h"
#include "runtime/value/operations.h"
#include "tests/differential/compare.h"
#include "tests/differential/evaluate.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::driver {

class BothTiers {
 public:
  explicit BothTiers(const std::string& text, bool check = true)
      : compiled_(compile_expression(text, {}, std::make_shared<types::TypeTable>(), check)) {
    if (!compiled_.module) return;
    constants_ = std::make_unique<value::ConstantPool>(*compiled_.module);
    interpreter_ = std::make_unique<interp::Interpreter>(*compiled_.module, std::vector<std::vector<ir::NodeId>>{});
#ifdef WEIR_HAVE_JIT
    jit::NativeOptions options;
    options.level = jit::OptLevel::kO0;
    auto native = jit::compile(*compiled_.module, {compiled_.root}, {}, options, nullptr);
    if (native.ok())
      native_ = *std::move(native);
    else
      ADD_FAILURE() << native.status();
#endif
  }

  // The name of the first diagnostic's kind, "" if there is none.
  std::string_view diagnostic() const {
    return compiled_.diagnostics.empty() ? "" : base::diag_info(compiled_.diagnostics[0].kind).name;
  }

  // As a literal, or "error(code)". `left`: the steps that are left.
  std::string run(int64_t steps = kSteps, int64_t* left = nullptr) {
    if (!compiled_.module) return "does not compile: " + base::render_all(compiled_.diagnostics, *compiled_.sources);
    value::Arena arena;
    int64_t left_interpreter = 0;
    value::Value v = differential::evaluate(*interpreter_, *compiled_.module, compiled_.root, *constants_, arena, steps,
                                            {}, &left_interpreter);
    if (native_) {
      value::Arena native_arena;
      int64_t left_native = 0;
      value::Value n = differential::evaluate(*native_, *compiled_.module, compiled_.root, *constants_, native_arena,
                                              steps, {}, &left_native);
      EXPECT_TRUE(differential::identical(v, n)) << differential::show(v) << " and, native, " << differential::show(n);
      EXPECT_EQ(left_interpreter, left_native);
    }
    if (left != nullptr) *left = left_interpreter;
    return value::to_literal(v);
  }

  static constexpr int64_t kSteps = 10'000'000;  // of an event, by default

 private:
  CompiledExpression compiled_;
  std::unique_ptr<value::ConstantPool> constants_;
  std::unique_ptr<value::Evaluator> interpreter_, native_;
};

}  // namespace weir::driver
