// Parses and checks one expression, keeping everything it needs alive.
#pragma once

#include <memory>
#include <string>

#include "compiler/check/expression.h"
#include "compiler/syntax/parse.h"

namespace weir::check {

struct Checked {
  types::TypeTable types;
  types::OverloadTable overloads{types};
  base::SourceMap sources;
  base::DiagnosticSink sink;
  syntax::AstArena arena;
  Annotations annotations;
  syntax::Expr* expr = nullptr;
  const types::Type* type = nullptr;

  std::string messages() const { return base::render_all(sink.sorted(), sources); }
};

// Variables as "name: type" texts.
inline std::unique_ptr<Checked> check_text(const std::string& text,
                                           const std::vector<std::pair<std::string, std::string>>& variables = {}) {
  auto c = std::make_unique<Checked>();
  base::FileId file = c->sources.add("test", text);
  c->expr = syntax::parse_expression(file, c->sources, c->arena, c->sink);
  if (c->expr == nullptr) return c;
  ExprEnv env;
  for (const auto& [name, type] : variables) env.variables.push_back({name, c->types.parse(type), false});
  c->type = check_expression(*c->expr, env, c->types, c->overloads, c->annotations, c->sink);
  return c;
}

}  // namespace weir::check
