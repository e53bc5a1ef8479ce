#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "compiler/driver/expression.h"
#include "compiler/syntax/parse.h"
#include "runtime/interp/interpreter.h"
#include "runtime/value/operations.h"
#include "tests/differential/compare.h"
#include "tests/differential/evaluate.h"
#include "tests/fuzz/targets.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::fuzz {

namespace {

constexpr int64_t kSteps = 50'000;

[[noreturn]] void fail(std::string_view what, std::string_view text) {
  fmt::print(stderr, "{}\ninput: {}\n", what, text);
  std::abort();
}

syntax::Expr* parse(std::string_view text, base::SourceMap& sources, syntax::AstArena& arena,
                    base::DiagnosticSink& sink) {
  return syntax::parse_expression(sources.add("fuzz", std::string(text)), sources, arena, sink);
}

struct Environment {
  std::shared_ptr<types::TypeTable> types = std::make_shared<types::TypeTable>();
  check::ExprEnv env;
  Environment() {
    env.variables = {{"b", types->boolean(), false},
                     {"i", types->integer(), false},
                     {"u", types->uint(), true},
                     {"d", types->dbl(), false},
                     {"s", types->string(), false},
                     {"o", types->string(), true},
                     {"l", types->list(types->integer()), false},
                     {"x", types->dyn(), false}};
  }
};

std::vector<value::Value> row() {
  using value::Value;
  static const Value kItems[] = {Value::integer(1), Value::integer(2), Value::integer(3)};
  static const value::ListRep kList = {3, 3, kItems, nullptr, 0};
  return {Value::boolean(true),   Value::integer(-7), Value::missing(),  Value::dbl(2.5),
          Value::string("héllo"), Value::missing(),   Value::of(&kList), Value::uint(3)};
}

}  // namespace

void parse_expression(std::string_view text) {
  base::SourceMap sources;
  syntax::AstArena arena;
  base::DiagnosticSink sink;
  syntax::Expr* expr = parse(text, sources, arena, sink);
  if (expr == nullptr || sink.has_errors()) return;
  std::string once = syntax::unparse(*expr);
  syntax::Expr* again = parse(once, sources, arena, sink);
  if (again == nullptr || sink.has_errors())
    fail("unparsed text does not parse: " + once + "\n" + base::render_all(sink.sorted(), sources), text);
  if (syntax::unparse(*again) != once) fail("unparsing is not stable: " + once + " / " + syntax::unparse(*again), text);
}

void evaluate_expression(std::string_view text) {
  Environment environment;
  // The first byte decides whether types are left to run time.
  bool check = text.empty() || text[0] != '~';
  if (!check) text.remove_prefix(1);
  driver::CompiledExpression e = driver::compile_expression(text, environment.env, environment.types, check);
  if (!e.module) {
    if (e.diagnostics.empty()) fail("refused without a diagnostic", text);
    base::render_all(e.diagnostics, *e.sources);
    return;
  }
  std::vector<ir::NodeId> roots{e.root};
  absl::Status verified = ir::verify(*e.module, roots);
  if (!verified.ok()) {
    // Depth is a limit that the verifier enforces; everything else is a bug of lowering.
    if (verified.message().find("nested deeper") != absl::string_view::npos) return;
    fail(verified.ToString(), text);
  }
  value::ConstantPool constants(*e.module);
  std::vector<value::Value> values = row();
  value::Arena arena, native_arena;
  value::Value expected =
      differential::evaluate(interp::Interpreter(*e.module, {}), *e.module, e.root, constants, arena, kSteps, values);
  if (expected.ok()) value::to_literal(expected);
#ifdef WEIR_HAVE_JIT
  jit::NativeOptions options;
  options.level = jit::OptLevel::kO0;
  auto native = jit::compile(*e.module, roots, {}, options, nullptr);
  if (!native.ok()) fail(native.status().ToString(), text);
  value::Value got = differential::evaluate(**native, *e.module, e.root, constants, native_arena, kSteps, values);
  if (!differential::identical(expected, got))
    fail(fmt::format("the tiers disagree: interpreter {}, native {}", differential::show(expected),
                     differential::show(got)),
         text);
#endif
}

}  // namespace weir::fuzz
