// One expression at a time over named values: what `eval`, `repl` and `conformance` share.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/check/expression.h"
#include "compiler/driver/expression.h"
#include "runtime/value/arena.h"
#include "runtime/value/constants.h"
#include "runtime/value/evaluator.h"
#include "runtime/value/value.h"

namespace weir::tools {

// A compiled expression ready to run, and all that its value borrows from.
class RunnableExpression {
 public:
  // The module of `compiled` must not be null. Errors: the native tier is asked for and cannot be had.
  static absl::StatusOr<std::unique_ptr<RunnableExpression>> create(driver::CompiledExpression compiled, bool native);
  // `row` parallels the variables compiled against. The value lives until the next call, or as long as this.
  value::Value eval(const std::vector<value::Value>& row);
  const types::Type* type() const { return compiled_.type; }

 private:
  explicit RunnableExpression(driver::CompiledExpression compiled);

  driver::CompiledExpression compiled_;
  value::ConstantPool constants_;
  value::Arena arena_;
  std::vector<value::Memo> memo_;
  std::vector<value::Value> locals_;
  std::unique_ptr<value::Evaluator> evaluator_;
  uint64_t epoch_ = 0;
};

// Variables with their values, and expressions over them.
class ExpressionScope {
 public:
  explicit ExpressionScope(bool native) : native_(native), types_(std::make_shared<types::TypeTable>()) {}

  struct Result {
    bool ok = false;          // it compiled and ran; the value may still be an error
    std::string diagnostics;  // rendered, if it did not
    value::Value value;       // lives as long as the scope
    const types::Type* type = nullptr;
  };
  Result eval(std::string_view text, bool color);
  // The deduced type without evaluating; ok and type, or diagnostics.
  Result type_of(std::string_view text, bool color);
  // Later expressions see it; an earlier variable of the name is replaced.
  void bind(const std::string& name, const Result& result);
  const std::vector<check::Variable>& variables() const { return env_.variables; }
  const value::Value& value_of(size_t variable) const { return row_[variable]; }

 private:
  driver::CompiledExpression compile(std::string_view text, bool color, Result* result);

  bool native_;
  std::shared_ptr<types::TypeTable> types_;
  check::ExprEnv env_;
  std::vector<value::Value> row_;
  std::vector<std::unique_ptr<RunnableExpression>> kept_;  // values of variables borrow from them
};

// "error: divide_by_zero: …" or the literal.
std::string result_text(const value::Value& v);

}  // namespace weir::tools
