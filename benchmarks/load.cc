// From text to the first verdict: the workload's rules as statements, `bench_load [rules...]` (10 100 1000 10000).
//
// Each size is loaded in a process of its own, so that the first load is a cold one and memory is this size's alone.
// Times are CPU time of the loading thread: the first load, and the best of five. Resident memory is what the process
// takes with the rules and one session, above what it takes with one rule.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/resident.h"
#include "benchmarks/rule_text.h"
#include "benchmarks/workload.h"
#include "compiler/driver/compile.h"
#include "runtime/engine/engine.h"

namespace weir::bench {
namespace {

constexpr int kRounds = 5;

double thread_ms() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

struct Times {
  double compile = 0, make = 0, first = 0;  // ms
  double total() const { return compile + make + first; }
};

struct Loaded {
  Times times;
  std::shared_ptr<const engine::Rules> rules;
  std::unique_ptr<engine::Session> session;
};

Loaded load(const std::string& text, const std::vector<value::Value>& fields) {
  Loaded out;
  const double start = thread_ms();
  driver::Compilation compiled = driver::compile({{"workload.weir", text}}, {});
  if (compiled.program == nullptr) {
    fmt::print(stderr, "{}", base::render_all(compiled.diagnostics, *compiled.sources));
    std::exit(1);
  }
  compiled = {.program = std::move(compiled.program)};  // what a host keeps
  const double checked = thread_ms();
  auto rules = engine::Rules::create(std::move(compiled.program), {engine::Tier::kInterpreter});
  if (!rules.ok()) {
    fmt::print(stderr, "{}\n", rules.status().ToString());
    std::exit(1);
  }
  const double created = thread_ms();
  out.rules = *std::move(rules);
  out.session = std::make_unique<engine::Session>(out.rules, engine::SessionOptions());
  std::vector<value::Value> row = event_row(fields);
  out.session->evaluate(0, row.data());
  const double done = thread_ms();
  out.times = {checked - start, created - checked, done - created};
  return out;
}

// Runs in a child process.
int measure(const Workload& workload) {
  const std::vector<value::Value>& row = workload.rows[0];
  const std::string text = rule_text(workload, workload.rules.size());
  const Loaded one = load(rule_text(workload, 1), row);
  malloc_trim(0);
  const size_t empty = resident_bytes();
  Loaded first = load(text, row);
  const size_t loaded = resident_bytes();
  const Times cold = first.times;
  first = {};
  Times best = cold;
  for (int round = 1; round < kRounds; ++round) {
    const Times times = load(text, row).times;
    if (times.total() < best.total()) best = times;
  }
  fmt::print("{:>6} | {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} | {:>8.1f} | {:>8.1f}\n", workload.rules.size(), best.compile,
             best.make, best.first, best.total(), cold.total(),
             static_cast<double>(loaded - std::min(loaded, empty)) / 1e6);
  return 0;
}

int run(const std::vector<int>& sizes) {
  fmt::print(" rules |  compile     make    first    total |     cold | resident\n");
  fmt::print("       |       ms       ms       ms       ms |       ms |       MB\n");
  std::fflush(stdout);
  for (int size : sizes) {
    auto workload = load_workload(workload_directory(), size);
    if (!workload.ok()) {
      fmt::print(stderr, "{}\n", workload.status().ToString());
      return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
      const int status = measure(**workload);
      std::fflush(stdout);
      _exit(status);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {10, 100, 1000, 10000};
  return weir::bench::run(sizes);
}
