// What a candidate beside the live rules costs: bench_rollout. A set of 1,000 rules alone, and fused with one in which
// one rule in a hundred, in ten, or each is changed; for scale, the two in sessions of their own. The last benchmark
// measures alone and fused in turns in one run and gives the difference of the medians of blocks.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "benchmarks/edited_rules.h"
#include "benchmarks/rule_text.h"
#include "compiler/driver/compile.h"
#include "compiler/ir/merge.h"
#include "runtime/engine/engine.h"
#include "runtime/rollout/diff.h"

namespace weir::bench {
namespace {

constexpr size_t kRules = 1000;

const Workload& workload() {
  static const auto loaded = load_workload(workload_directory(), kRules);
  if (!loaded.ok()) {
    fprintf(stderr, "%s\n", loaded.status().ToString().c_str());
    exit(1);
  }
  return **loaded;
}

std::shared_ptr<const ir::Program> program(size_t every) {
  driver::CompileOptions options;
  options.lint = false;
  return driver::compile({{"rules.weir", edited_rules(workload(), kRules, every, 1)}}, options).program;
}

std::shared_ptr<const engine::Rules> rules_of(const std::shared_ptr<const ir::Program>& program,
                                              std::shared_ptr<const ir::Candidate> candidate = nullptr) {
  engine::RulesOptions options;
  options.tier = engine::Tier::kNative;
  options.candidate = std::move(candidate);
  auto rules = engine::Rules::create(program, options);
  if (!rules.ok()) {  // a build without LLVM
    options.tier = engine::Tier::kInterpreter;
    rules = engine::Rules::create(program, options);
  }
  return *std::move(rules);
}

// A stream of the workload's rows over one rule set.
class Stream {
 public:
  explicit Stream(std::shared_ptr<const engine::Rules> rules) : session_(std::move(rules), {}) {
    for (const auto& fields : workload().rows) rows_.push_back(event_row(fields));
  }
  const engine::EventResult& next() {
    at_ = at_ + 1 == rows_.size() ? 0 : at_ + 1;
    return session_.evaluate(0, rows_[at_].data());
  }
  const value::Value* row() const { return rows_[at_].data(); }

 private:
  engine::Session session_;
  std::vector<std::vector<value::Value>> rows_;
  size_t at_ = 0;
};

class FusedStream {
 public:
  explicit FusedStream(size_t every)
      : merged_(*ir::merge(*program(0), *program(every))),
        stream_(rules_of(merged_.program, merged_.candidate)),
        diff_(merged_.program, merged_.candidate, {}) {}
  void next() {
    const engine::EventResult& result = stream_.next();
    diff_.add(0, stream_.row(), result);
  }
  const rollout::Figures& figures() const { return diff_.figures(); }

 private:
  ir::Merged merged_;
  Stream stream_;
  rollout::Diff diff_;
};

void Alone(benchmark::State& state) {
  Stream stream(rules_of(program(0)));
  for (auto _ : state) benchmark::DoNotOptimize(&stream.next());
}
BENCHMARK(Alone);

void Fused(benchmark::State& state) {
  FusedStream stream(static_cast<size_t>(state.range(0)));
  for (auto _ : state) stream.next();
  state.counters["changed_verdicts"] = static_cast<double>(stream.figures().changed);
}
BENCHMARK(Fused)->ArgName("one_rule_in")->Arg(100)->Arg(10)->Arg(1);

void Separately(benchmark::State& state) {
  Stream live(rules_of(program(0))), candidate(rules_of(program(100)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(&live.next());
    benchmark::DoNotOptimize(&candidate.next());
  }
}
BENCHMARK(Separately);

template <typename Next>
double block_ns(Next next) {
  constexpr int kEvents = 1000;
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < kEvents; ++i) next();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - before).count() / kEvents;
}

double median(std::vector<double>& v) {
  std::nth_element(v.begin(), v.begin() + static_cast<ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

void OverheadOfOneRuleInAHundred(benchmark::State& state) {
  Stream alone(rules_of(program(0)));
  FusedStream fused(100);
  std::vector<double> a, f;
  for (auto _ : state) {
    a.push_back(block_ns([&] { benchmark::DoNotOptimize(&alone.next()); }));
    f.push_back(block_ns([&] { fused.next(); }));
  }
  state.counters["alone_ns"] = median(a);
  state.counters["fused_ns"] = median(f);
  state.counters["overhead_percent"] = (median(f) / median(a) - 1) * 100;
}
BENCHMARK(OverheadOfOneRuleInAHundred)->Iterations(300)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::bench

BENCHMARK_MAIN();
