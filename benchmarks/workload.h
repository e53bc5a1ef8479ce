// The shared workload: events of 20 typed fields, boolean rules one a line, and what every engine must answer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/check/expression.h"
#include "runtime/index/group_evaluation.h"
#include "runtime/value/arena.h"
#include "runtime/value/constants.h"
#include "runtime/value/evaluator.h"
#include "runtime/value/value.h"

namespace weir::bench {

// $WEIR_WORKLOAD, else ../shared/workload beside the source tree; empty if neither is there.
std::string workload_directory();

struct Workload {
  std::shared_ptr<types::TypeTable> types;
  check::ExprEnv env;                           // one variable a field, in order of their names in the log
  std::vector<std::vector<value::Value>> rows;  // slots as the environment says
  std::vector<std::string> rules;               // CEL
  uint64_t expected_matches = 0, expected_checksum = 0;
  // Empty if these are what is expected, else what is not.
  std::string disagreement(uint64_t matches, uint64_t checksum) const;

 private:
  friend absl::StatusOr<std::unique_ptr<Workload>> load_workload(const std::string& directory, int rules);
  value::Arena arena_{SIZE_MAX};
};

// Field types are those of the values; a field with one fraction anywhere is a double.
absl::StatusOr<std::unique_ptr<Workload>> load_workload(const std::string& directory, int rules);

// What it takes to evaluate rows one after another.
class Runner {
 public:
  Runner(const ir::Module& module, const value::ConstantPool& constants);
  // The rules that are not false on one row.
  std::span<const index::GroupEvaluation::Outcome> run(index::GroupEvaluation& rules,
                                                       const std::vector<value::Value>& row);
  // Empty if every event's matches agree with the workload's expectation, else what does not.
  std::string verify(index::GroupEvaluation& rules, const Workload& workload);
  value::EvalContext& context() { return ctx_; }
  // The context made ready for a row.
  value::EvalContext& on(const value::Value* row);

 private:
  value::Arena arena_;
  std::vector<value::Memo> memo_;
  std::vector<value::Value> locals_;
  value::EvalContext ctx_;
};

}  // namespace weir::bench
