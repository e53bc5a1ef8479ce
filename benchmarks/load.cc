// From text to the first verdict: the workload's rules as statements, `bench_load [rules...]` (10 100 1000 10000; more
// than the workload has are variations of its rules). Then native code: compiled, taken from a cache, and with one rule
// edited.
//
// A bundle is signed and trusted, and its IR is taken: the column after that of its text is from its bytes to the first
// verdict.
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
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/resident.h"
#include "benchmarks/rule_text.h"
#include "benchmarks/workload.h"
#include "compiler/driver/bundle.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/recompile.h"
#include "runtime/engine/engine.h"

namespace weir::bench {
namespace {

constexpr int kRounds = 5;
constexpr int kLargestWorkload = 10'000;

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

// From `start` on, by what `compile` makes.
template <typename Compile>
Loaded load_with(Compile compile, const std::vector<value::Value>& fields,
                 std::shared_ptr<const engine::Rules> previous = nullptr) {
  Loaded out;
  const double start = thread_ms();
  driver::Compilation compiled = compile();
  if (compiled.program == nullptr) {
    fmt::print(stderr, "{}", base::render_all(compiled.diagnostics, *compiled.sources));
    std::exit(1);
  }
  compiled = {.program = std::move(compiled.program)};  // what a host keeps
  const double checked = thread_ms();
  engine::RulesOptions options;
  options.tier = engine::Tier::kInterpreter;
  options.previous = std::move(previous);
  auto rules = engine::Rules::create(std::move(compiled.program), options);
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

Loaded load(const std::string& text, const std::vector<value::Value>& fields) {
  return load_with([&] { return driver::compile({{"workload.weir", text}}, {}); }, fields);
}

struct SignedBundle {
  std::string bytes;
  bundle::Trust trust;
};

SignedBundle make_bundle(const std::string& text) {
  driver::RuleSetSource source;
  source.directory = "/bench";
  source.sources = {{"/bench/workload.weir", text}};
  source.manifest.name = "bench";
  driver::Compilation compiled;
  auto built = driver::build_bundle(source, "bench", nullptr, &compiled);
  auto key = crypto::make_key();
  if (!built.ok() || !key.ok()) std::exit(1);
  built->sign(*key);
  return {built->serialize(), {{key->public_key()}}};
}

Loaded load_bundle(const SignedBundle& b, const std::vector<value::Value>& fields) {
  return load_with(
      [&]() -> driver::Compilation {
        auto read = bundle::Bundle::parse(b.bytes, b.trust);
        if (!read.ok()) return {};
        auto source = driver::rule_set_of(*read);
        if (!source.ok() || source->ir.empty()) return {};
        return driver::compile_rule_set(std::move(source->sources), source->ir, {});
      },
      fields);
}

// A rule in the middle, another one each time; the last one if there are fewer.
std::string edit(std::string text, int round) {
  constexpr std::string_view kWhen = " when ";
  size_t when = text.find(kWhen, text.size() / 2 + static_cast<size_t>(round) * 1000);
  if (when == std::string::npos) when = text.rfind(kWhen);
  return text.insert(when + kWhen.size(), fmt::format("request.followers != {} && ", 123456789 + round));
}

// Of a rule set that is loaded; the times of the edit alone.
Times load_edits(const std::string& text, const std::vector<value::Value>& fields) {
  driver::Recompiler recompiler;
  const auto compile = [&](const std::string& t) { return recompiler.compile({{"workload.weir", t}}, {}); };
  Loaded loaded = load_with([&] { return compile(text); }, fields);
  Times best;
  for (int round = 0; round < kRounds; ++round) {
    const std::string next = edit(text, round + 1);
    loaded = load_with([&] { return compile(next); }, fields, loaded.rules);
    const bool was_edit = recompiler.was_edit();
    if (was_edit && (best.total() == 0 || loaded.times.total() < best.total())) best = loaded.times;
    loaded = load_with([&] { return compile(text); }, fields, loaded.rules);
  }
  return best;
}

// Runs in a child process.
int measure(const Workload& workload, size_t count) {
  const std::vector<value::Value>& row = workload.rows[0];
  const std::string text = rule_text(workload, count);
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
  const SignedBundle signed_bundle = make_bundle(text);
  Times from_bundle = load_bundle(signed_bundle, row).times;
  for (int round = 1; round < kRounds; ++round) {
    const Times times = load_bundle(signed_bundle, row).times;
    if (times.total() < from_bundle.total()) from_bundle = times;
  }
  const Times edited = load_edits(text, row);
  fmt::print(
      "{:>6} | {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} | {:>8.1f} | {:>8.1f} | {:>8.1f} {:>8.1f} | {:>8.1f} {:>8.1f}\n",
      count, best.compile, best.make, best.first, best.total(), cold.total(),
      static_cast<double>(loaded - std::min(loaded, empty)) / 1e6, from_bundle.compile, from_bundle.total(),
      edited.compile, edited.total());
  return 0;
}

// Of the compiling thread, which is not the one that loads.
void native(const Workload& workload, size_t count) {
  std::string directory = (std::filesystem::temp_directory_path() / "weir_bench_XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return;
  const std::string text = rule_text(workload, count);
  const std::string edited = edit(text, 0);
  fmt::print("{:>6} |", count);
  for (const std::string* rules : {&text, &text, &edited}) {
    driver::Compilation compiled = driver::compile({{"workload.weir", *rules}}, {});
    engine::RulesOptions options;
    options.cache_directory = directory;
    auto made = engine::Rules::create(std::move(compiled.program), options);
    if (!made.ok() || !(*made)->wait_for_native(std::chrono::hours(1))) break;
    const engine::TierStatus status = (*made)->tier_status();
    fmt::print(" {:>8.0f} {:>5}/{:<5} |", status.compile_ms, status.units - status.units_cached, status.units);
  }
  fmt::print("\n");
  std::filesystem::remove_all(directory);
}

int run(const std::vector<int>& sizes) {
  fmt::print(
      " rules |  compile     make    first    total |     cold | resident | bundle: read    total | edit: compile   "
      "total\n");
  fmt::print(
      "       |       ms       ms       ms       ms |       ms |       MB |           ms       ms |            ms      "
      "ms\n");
  std::fflush(stdout);
  for (int size : sizes) {
    auto workload = load_workload(workload_directory(), std::min(size, kLargestWorkload));
    if (!workload.ok()) {
      fmt::print(stderr, "{}\n", workload.status().ToString());
      return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
      const int status = measure(**workload, static_cast<size_t>(size));
      std::fflush(stdout);
      _exit(status);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  fmt::print("\n rules | native code, ms units |   from the cache       |   one rule edited\n");
  for (int size : sizes) {
    auto workload = load_workload(workload_directory(), std::min(size, kLargestWorkload));
    if (workload.ok()) native(**workload, static_cast<size_t>(size));
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
