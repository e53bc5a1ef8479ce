// Nanoseconds an event to evaluate all rules of the workload, events already decoded; and what making them ready costs.
// Agreement with expected_N is checked before anything is timed.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <map>

#include "benchmarks/workload.h"
#include "compiler/driver/expression.h"
#include "runtime/batch/selection.h"
#include "runtime/index/predicate_index.h"
#include "runtime/interp/interpreter.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::bench {
namespace {

struct Prepared {
  std::unique_ptr<Workload> workload;
  driver::CompiledExpressions compiled;
  std::unique_ptr<value::ConstantPool> constants;
};

// Loaded once; benchmarks of one size share it.
Prepared* prepare(int rules, benchmark::State& state) {
  static std::map<int, std::unique_ptr<Prepared>> cache;
  auto& p = cache[rules];
  if (p == nullptr) {
    auto workload = load_workload(workload_directory(), rules);
    if (!workload.ok()) {
      state.SkipWithError(workload.status().ToString().c_str());
      return nullptr;
    }
    p = std::make_unique<Prepared>();
    p->workload = std::move(*workload);
    p->compiled = driver::compile_expressions(p->workload->rules, p->workload->env, p->workload->types, true);
    if (!p->compiled.module) {
      state.SkipWithError(base::render_all(p->compiled.diagnostics, *p->compiled.sources).c_str());
      return nullptr;
    }
    p->constants = std::make_unique<value::ConstantPool>(*p->compiled.module);
  }
  if (!p->compiled.module) {
    state.SkipWithError("the workload does not compile");
    return nullptr;
  }
  return p.get();
}

void time_evaluation(benchmark::State& state, const Prepared& p, const value::Evaluator& evaluator,
                     const index::PredicateIndex* index) {
  Runner runner(*p.compiled.module, *p.constants);
  index::GroupEvaluation rules(evaluator, 0, p.compiled.roots.size(), index);
  std::string disagreement = runner.verify(rules, *p.workload);
  if (!disagreement.empty()) {
    state.SkipWithError(disagreement.c_str());
    return;
  }
  state.counters["visited"] = static_cast<double>(rules.visited()) / static_cast<double>(p.workload->rows.size());
  size_t row = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(runner.run(rules, p.workload->rows[row]).data());
    if (++row == p.workload->rows.size()) row = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

std::unique_ptr<index::PredicateIndex> make_index(const Prepared& p, bool wanted) {
  return wanted ? std::make_unique<index::PredicateIndex>(*p.compiled.module, p.compiled.roots) : nullptr;
}

// 1,024 events at a time, column by column; what columns do not decide is evaluated event by event. The result is the
// same list for each event.
class BatchRunner {
 public:
  BatchRunner(const Prepared& p, const value::Evaluator& evaluator, const batch::Plan& plan)
      : interpreter_(*p.compiled.module, {}),
        runner_(*p.compiled.module, *p.constants),
        rules_(evaluator, 0, p.compiled.roots.size(), nullptr),
        selection_(plan),
        conditions_(p.compiled.roots) {
    for (const auto& row : p.workload->rows) rows_.push_back(row.data());
  }

  // Events from `first` on; how many.
  template <typename Visit>
  size_t run(size_t first, Visit visit) {
    const size_t count = std::min(batch::kRows, rows_.size() - first);
    value::EvalContext& ctx = runner_.context();
    selection_.select(rows_.data() + first, count, interpreter_, ctx);
    for (size_t r = 0; r < count; ++r) {
      runner_.on(rows_[first + r]);
      visit(first + r, rules_.run(ctx, selection_.row(r), conditions_));
    }
    return count;
  }
  size_t rows() const { return rows_.size(); }
  const batch::Selection& selection() const { return selection_; }

 private:
  interp::Interpreter interpreter_;
  Runner runner_;
  index::GroupEvaluation rules_;
  batch::Selection selection_;
  std::span<const ir::NodeId> conditions_;
  std::vector<const value::Value*> rows_;
};

void time_batches(benchmark::State& state, const Prepared& p, const value::Evaluator& evaluator) {
  const batch::Plan plan(*p.compiled.module, p.compiled.roots);
  BatchRunner runner(p, evaluator, plan);
  uint64_t matches = 0, checksum = 0;
  for (size_t first = 0; first < runner.rows();) {
    first += runner.run(first, [&](size_t event, std::span<const index::GroupEvaluation::Outcome> outcomes) {
      for (const auto& [rule, truth] : outcomes) {
        if (truth != value::Truth::kTrue) continue;
        ++matches;
        checksum += (event + 1) * (rule + 1);
      }
    });
  }
  const std::string disagreement = p.workload->disagreement(matches, checksum);
  if (!disagreement.empty()) {
    state.SkipWithError(disagreement.c_str());
    return;
  }
  const auto per_event = [&](uint64_t n) { return static_cast<double>(n) / static_cast<double>(runner.rows()); };
  state.counters["true"] = per_event(runner.selection().certain());
  state.counters["evaluated"] = per_event(runner.selection().undecided());
  state.counters["matched"] = per_event(runner.selection().matched());
  state.SetLabel(std::string(batch::kernels_in_use()));
  // An iteration is an event: a batch is run where its last event is counted.
  size_t first = 0, counted = 0;
  for (auto _ : state) {
    if (++counted < batch::kRows) continue;
    counted = 0;
    if (first + batch::kRows > runner.rows()) first = 0;
    first += runner.run(first, [](size_t, auto outcomes) { benchmark::DoNotOptimize(outcomes.data()); });
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_BuildIndex(benchmark::State& state) {
  Prepared* p = prepare(static_cast<int>(state.range(0)), state);
  if (p == nullptr) return;
  std::unique_ptr<index::PredicateIndex> index;
  for (auto _ : state) index = make_index(*p, true);
  state.counters["terms"] = static_cast<double>(index->terms());
  state.counters["KiB"] = static_cast<double>(index->bytes()) / 1024;
  state.counters["unguarded"] = static_cast<double>(index->unguarded().size());
}

void BM_ParseAndCheck(benchmark::State& state) {
  Prepared* p = prepare(static_cast<int>(state.range(0)), state);
  if (p == nullptr) return;
  for (auto _ : state) {
    auto compiled = driver::compile_expressions(p->workload->rules, p->workload->env, p->workload->types, true);
    benchmark::DoNotOptimize(compiled.roots.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));  // rules
}

void BM_Interpreter(benchmark::State& state) {
  Prepared* p = prepare(static_cast<int>(state.range(0)), state);
  if (p == nullptr) return;
  time_evaluation(state, *p, interp::Interpreter(*p->compiled.module, {p->compiled.roots}),
                  make_index(*p, state.range(1) != 0).get());
}

void BM_BatchInterpreter(benchmark::State& state) {
  Prepared* p = prepare(static_cast<int>(state.range(0)), state);
  if (p == nullptr) return;
  time_batches(state, *p, interp::Interpreter(*p->compiled.module, {p->compiled.roots}));
}

#ifdef WEIR_HAVE_JIT
jit::NativeOptions native_options(int64_t level) {
  jit::NativeOptions options;
  options.level = static_cast<jit::OptLevel>(level);
  return options;
}

void BM_CompileNative(benchmark::State& state) {
  Prepared* p = prepare(static_cast<int>(state.range(0)), state);
  if (p == nullptr) return;
  jit::NativeStats stats;
  for (auto _ : state) {
    auto native = jit::compile(*p->compiled.module, {}, {p->compiled.roots}, native_options(state.range(1)), &stats);
    if (!native.ok()) {
      state.SkipWithError(native.status().ToString().c_str());
      return;
    }
  }
  state.counters["code_KiB"] = static_cast<double>(stats.code_bytes) / 1024;
  state.counters["units"] = stats.units;
}

void BM_Native(benchmark::State& state) {
  Prepared* p = prepare(static_cast<int>(state.range(0)), state);
  if (p == nullptr) return;
  auto index = make_index(*p, state.range(2) != 0 && state.range(0) >= static_cast<int64_t>(jit::kMinIndexedRules));
  auto native = jit::compile(*p->compiled.module, index ? index->computed() : std::vector<ir::NodeId>(),
                             {p->compiled.roots}, native_options(state.range(1)), nullptr);
  if (!native.ok()) {
    state.SkipWithError(native.status().ToString().c_str());
    return;
  }
  time_evaluation(state, *p, **native, index.get());
}

void BM_Batch(benchmark::State& state) {
  Prepared* p = prepare(static_cast<int>(state.range(0)), state);
  if (p == nullptr) return;
  auto native = jit::compile(*p->compiled.module, {}, {p->compiled.roots}, native_options(state.range(1)), nullptr);
  if (!native.ok()) {
    state.SkipWithError(native.status().ToString().c_str());
    return;
  }
  time_batches(state, *p, **native);
}

BENCHMARK(BM_Batch)->ArgNames({"rules", "level"})->ArgsProduct({{10, 100, 1000, 10000}, {1}});
BENCHMARK(BM_CompileNative)
    ->ArgNames({"rules", "level"})
    ->ArgsProduct({{100, 1000}, {0, 1, 2, 3}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Native)->ArgNames({"rules", "level", "index"})->ArgsProduct({{10, 100, 1000, 10000}, {0, 1}, {0, 1}});
#endif
BENCHMARK(BM_BatchInterpreter)->ArgName("rules")->Arg(10)->Arg(100)->Arg(1000)->Arg(10000);
BENCHMARK(BM_Interpreter)->ArgNames({"rules", "index"})->ArgsProduct({{10, 100, 1000, 10000}, {0, 1}});
BENCHMARK(BM_BuildIndex)->ArgName("rules")->Arg(100)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ParseAndCheck)->ArgName("rules")->Arg(100)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::bench

BENCHMARK_MAIN();
