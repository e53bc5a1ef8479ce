// The checker over the visible cases of the CEL conformance suite: what evaluates must check, and deduced types agree.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "compiler/base/diagnostics.h"
#include "compiler/check/expression.h"
#include "compiler/syntax/parse.h"

namespace weir::check {
namespace {

using simdjson::dom::element;
using types::Type;

std::string cases_path() {
  const char* given = std::getenv("WEIR_CEL_CASES");
  return given != nullptr ? given : "/work/shared/cel-conformance/cases.jsonl";
}

const Type* read_type(const element& json, types::TypeTable& types) {
  std::string_view name;
  if (json.get(name) == simdjson::SUCCESS) return types.parse(name);
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS) return nullptr;
  auto params = [&](const element& list) {
    std::vector<const Type*> result;
    for (element param : list.get_array()) result.push_back(read_type(param, types));
    return result;
  };
  element value;
  if (object["list"].get(value) == simdjson::SUCCESS) return types.list(read_type(value, types));
  if (object["optional"].get(value) == simdjson::SUCCESS) return types.optional(read_type(value, types));
  if (object["type"].get(value) == simdjson::SUCCESS) return types.type_of(read_type(value, types));
  if (object["map"].get(value) == simdjson::SUCCESS) {
    std::vector<const Type*> args = params(value);
    return types.map(args[0], args[1]);
  }
  if (object["type_param"].get(name) == simdjson::SUCCESS) return types.param(name);
  if (object["abstract"].get(name) == simdjson::SUCCESS) return types.abstract(name, params(object["params"]));
  return nullptr;
}

void read_env(const element& json, types::TypeTable& types, ExprEnv* env) {
  std::string_view text;
  if (json["container"].get(text) == simdjson::SUCCESS) env->container = text;
  for (element entry : json["type_env"].get_array()) {
    std::string name = std::string(entry["name"].get_string().value());
    element value;
    if (entry["ident"].get(value) == simdjson::SUCCESS)
      env->variables.push_back({name, read_type(value, types), false});
    if (entry["function"].get(value) != simdjson::SUCCESS) continue;
    for (element overload : value.get_array()) {
      HostOverload host;
      host.function = name;
      host.member = bool(overload["instance"]);
      for (element param : overload["params"].get_array()) host.params.push_back(read_type(param, types));
      host.result = read_type(overload["result"], types);
      env->functions.push_back(std::move(host));
    }
  }
  for (auto [name, value] : json["bindings"].get_object()) {
    bool declared = false;
    for (const Variable& variable : env->variables) declared |= variable.name == name;
    if (!declared) env->variables.push_back({std::string(name), types.dyn(), false});
  }
}

TEST(Conformance, WhatEvaluatesChecks) {
  if (!std::filesystem::exists(cases_path())) GTEST_SKIP() << "no cases at " << cases_path();
  simdjson::dom::parser parser;
  simdjson::dom::document_stream stream;
  ASSERT_EQ(parser.load_many(cases_path()).get(stream), simdjson::SUCCESS);
  size_t checked = 0;
  size_t unchecked = 0;
  for (element json : stream) {
    types::TypeTable types;
    types::OverloadTable overloads(types);
    ExprEnv env;
    read_env(json, types, &env);
    base::SourceMap sources;
    base::DiagnosticSink sink;
    syntax::AstArena arena;
    std::string text = std::string(json["expr"].get_string().value());
    SCOPED_TRACE(text);
    base::FileId file = sources.add("case", text);
    syntax::Expr* expr = syntax::parse_expression(file, sources, arena, sink);
    ASSERT_NE(expr, nullptr) << base::render_all(sink.sorted(), sources);
    Annotations annotations;
    if (bool(json["disable_check"])) {
      resolve_unchecked(*expr, env, types, overloads, annotations);
      EXPECT_NE(annotations.at(*expr).type, nullptr);
      ++unchecked;
      continue;
    }
    const Type* type = check_expression(*expr, env, types, overloads, annotations, sink);
    ++checked;
    EXPECT_NE(type, nullptr) << base::render_all(sink.sorted(), sources);
    element expected;
    if (type != nullptr && json["expect"]["type"].get(expected) == simdjson::SUCCESS) {
      EXPECT_EQ(types::to_string(type), types::to_string(read_type(expected, types)));
    }
  }
  EXPECT_GT(checked, 900u);
  EXPECT_GT(unchecked, 50u);
}

}  // namespace
}  // namespace weir::check
