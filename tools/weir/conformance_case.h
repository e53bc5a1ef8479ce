// A case of the CEL conformance suite, read from a line of a cases file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/check/expression.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"
#include "tools/weir/json.h"

namespace weir::tools {

struct ConformanceCase {
  std::string file, section, name, expression;
  bool disable_check = false, check_only = false;

  std::shared_ptr<types::TypeTable> types;
  check::ExprEnv env;                          // container, variables, functions
  std::vector<value::Value> row;               // parallels env.variables; missing where nothing is bound
  const types::Type* expected_type = nullptr;  // null: not compared
  bool expects_error = false;
  bool expects_value = false;
  value::Value expected;
  std::unique_ptr<value::Arena> arena;  // owns the values
};

// Errors (InvalidArgument): the line is no case, or uses a value or type this reader does not know.
absl::StatusOr<ConformanceCase> read_case(const std::string& line);

// Equal as the suite means it: kinds agree (int, uint, double apart), maps in any order, NaN equals NaN.
bool same(const value::Value& a, const value::Value& b);

}  // namespace weir::tools
