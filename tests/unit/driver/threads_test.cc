// Compilations share nothing: a service reloads several rule sets at once. Meant for ThreadSanitizer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/driver/expression.h"
#include "runtime/interp/interpreter.h"
#include "runtime/value/operations.h"
#include "tests/differential/evaluate.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::driver {
namespace {

constexpr int kThreads = 4, kRounds = 5;

std::string rules(int n) {
  return fmt::format(R"(
package p{0}
import std.text
entity Account: string
event post {{ author: Account text: string urls: list<string> ip: string? }}
list bad: regex = ["free {0}$", "win+er"]
label spam on Account max 7d
feature same = distinct(post.author) from post by text.fingerprint(post.text) over 10m
rule burst on post {{
  id "R-{0}"
  when same >= {0} && post.text in bad || post.urls.exists(u, u.matches("^https://[a-z]+{0}"))
  score {0}
  then {{ label post.author as spam for 1d verdict review }}
}}
)",
                     n);
}

// What one thread sees, as text: the same as what it sees alone.
std::string work(int n) {
  std::string out;
  Compilation program = compile({{"rules.weir", rules(n)}}, {});
  out += program.program ? ir::print(*program.program) : base::render_all(program.diagnostics, *program.sources);
  Compilation broken = compile({{"broken.weir", "rule x on post { when 1 + }\nlet y = nope." + std::to_string(n)}}, {});
  out += base::render_all(broken.diagnostics, *broken.sources);
  auto e = compile_expression(fmt::format("[1, 2, {}].map(x, x * 2).exists(x, string(x).matches('^{}$')) && "
                                          "timestamp('2026-01-01T00:00:00Z').getHours('Europe/Paris') == 1",
                                          n, 2 * n),
                              {}, std::make_shared<types::TypeTable>(), true);
  if (!e.module) return out + base::render_all(e.diagnostics, *e.sources);
  value::ConstantPool constants(*e.module);
  value::Arena arena;
  auto evaluate = [&](const value::Evaluator& tier) {
    out += value::to_literal(differential::evaluate(tier, *e.module, e.root, constants, arena)) + "\n";
  };
  evaluate(interp::Interpreter(*e.module, {}));
#ifdef WEIR_HAVE_JIT
  jit::NativeOptions options;
  options.level = jit::OptLevel::kO0;
  auto native = jit::compile(*e.module, {e.root}, {}, options, nullptr);
  if (native.ok()) evaluate(**native);
#endif
  return out;
}

TEST(Threads, CompileAtOnce) {
  std::vector<std::string> alone(kThreads), together(kThreads);
  auto run = [&](int n) {
    for (int round = 0; round < kRounds; ++round) together[static_cast<size_t>(n)] = work(n + 2);
  };
  std::vector<std::thread> threads;
  for (int n = 0; n < kThreads; ++n) threads.emplace_back(run, n);  // first: what is made once is made in a race
  for (std::thread& t : threads) t.join();
  for (int n = 0; n < kThreads; ++n) {
    alone[static_cast<size_t>(n)] = work(n + 2);
    EXPECT_EQ(together[static_cast<size_t>(n)], alone[static_cast<size_t>(n)]);
    EXPECT_NE(alone[static_cast<size_t>(n)].find("burst"), std::string::npos) << alone[static_cast<size_t>(n)];
    EXPECT_TRUE(alone[static_cast<size_t>(n)].ends_with("true\n")) << alone[static_cast<size_t>(n)];
  }
}

}  // namespace
}  // namespace weir::driver
