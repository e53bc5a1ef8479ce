// Events a second of a whole backtest over the shipped log: reading, decompressing, decoding, state, rules. Of the
// coordination pack, and of rules on what it says of a post by itself, which need no state.
#include <benchmark/benchmark.h>

#include "compiler/driver/compile.h"
#include "compiler/driver/manifest.h"
#include "runtime/backtest/tally.h"
#include "runtime/engine/engine.h"
#include "runtime/io/event_reader.h"

namespace weir::bench {
namespace {

const std::string kPack = WEIR_SOURCE_DIR "/stdlib-rules/packs/coordination";
const std::string kStateless = WEIR_SOURCE_DIR "/benchmarks/stateless";
const std::string kLog = WEIR_SOURCE_DIR "/stdlib-rules/data/events/joint_fight_2017.jsonl.zst";

void time_backtest(benchmark::State& state, const std::string& pack) {
  auto source = driver::load_rule_set({pack});
  if (!source.ok()) {
    state.SkipWithError(source.status().ToString().c_str());
    return;
  }
  driver::CompileOptions compile;
  compile.read_file = source->read_file;
  driver::Compilation compilation = driver::compile(source->sources, compile);
  engine::RulesOptions options;
  options.tier = state.range(0) == 0 ? engine::Tier::kInterpreter : engine::Tier::kNative;
  auto rules = engine::Rules::create(compilation.program, options);
  if (!rules.ok()) {
    state.SkipWithError(rules.status().ToString().c_str());
    return;
  }
  uint64_t events = 0, alerts = 0;
  for (auto _ : state) {
    auto plan = io::make_plan(*compilation.program, source->manifest.events, {});
    io::ReaderOptions reading;
    reading.threads = static_cast<unsigned>(state.range(1));
    auto reader = io::EventReader::open({kLog}, *plan, reading);
    engine::Session session(*rules, {});
    backtest::Tally tally(compilation.program->rules.size());
    std::vector<io::Record> records;
    std::vector<engine::Session::EventRow> rows;
    while ((*reader)->next(&records, 1024)) {
      rows.clear();
      for (const io::Record& record : records) rows.push_back({record.event, record.row});
      session.evaluate_batch(rows, [&](size_t, const engine::EventResult& result) {
        tally.add(result, result.verdict, backtest::Label::kNone, backtest::kNoEntity);
      });
      events += records.size();
    }
    alerts = tally.figures().alerts;
  }
  if (alerts == 0) state.SkipWithError("the pack found nothing: this measures something else");
  state.SetItemsProcessed(static_cast<int64_t>(events));
}

void BM_Backtest(benchmark::State& state) { time_backtest(state, kPack); }
void BM_BacktestStateless(benchmark::State& state) { time_backtest(state, kStateless); }

BENCHMARK(BM_BacktestStateless)
    ->ArgNames({"native", "threads"})
    ->Args({0, 1})
    ->Args({1, 1})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Backtest)
    ->ArgNames({"native", "threads"})
    ->Args({0, 1})
    ->Args({1, 1})
    ->Args({1, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace weir::bench

BENCHMARK_MAIN();
