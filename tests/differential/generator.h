// Random well-typed CEL expressions over every overload of builtins.def, every macro and every kind of value.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "compiler/check/expression.h"
#include "compiler/types/builtins.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::differential {

class Generator {
 public:
  Generator(types::TypeTable& types, uint64_t seed);

  // Two variables a type: a required one and one that may be missing; plus dyn ones of any kind.
  const check::ExprEnv& environment() const { return env_; }
  // Deterministic for a seed. Not every text checks: a few use dyn in ways only run time can judge.
  std::string expression();
  // A number below n.
  int64_t few(int64_t n) { return static_cast<int64_t>(below(static_cast<uint64_t>(n))); }
  // A row for the environment; values live in the arena.
  std::vector<value::Value> row(value::Arena& arena);

 private:
  struct Local {
    std::string name;
    const types::Type* type;
  };

  std::string make(const types::Type* type, int depth);
  std::string leaf(const types::Type* type);
  std::string literal(const types::Type* type);
  std::string call(const types::Type* type, int depth);
  std::string logic(int depth);
  std::string macro(const types::Type* type, int depth);
  std::string chain(const types::Type* type, int depth);
  std::string spell(const types::Overload& overload, const std::vector<std::string>& args);
  const types::Type* simple_type();
  value::Value random_value(const types::Type* type, value::Arena& arena, int depth);
  uint64_t below(uint64_t n) { return rng_() % n; }
  bool chance(int percent) { return below(100) < static_cast<uint64_t>(percent); }

  types::TypeTable& types_;
  types::OverloadTable overloads_;
  check::ExprEnv env_;
  std::vector<const types::Type*> pool_;
  std::vector<Local> locals_;
  int next_local_ = 0;
  std::mt19937_64 rng_;
};

}  // namespace weir::differential
