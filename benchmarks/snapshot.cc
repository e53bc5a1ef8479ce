// Snapshots: how long evaluation is held up for one (pause: of a state that sessions share; save: of one that a session
// has to itself, which is the whole copy), what an update costs that finds nothing copied yet, and what reading it back
// takes.
//
// Counters: bytes_per_second of the snapshot's bytes, `ms_per_million` keys, `bytes_per_key` in the file.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "compiler/ir/program.h"
#include "runtime/durable/snapshot_file.h"
#include "runtime/engine/state.h"
#include "runtime/engine/state_copy.h"
#include "runtime/engine/state_image.h"

namespace {

using namespace weir;

constexpr int64_t kSecond = 1'000'000'000;

enum Kind : int { kSparseCount, kDenseCount, kDistinct, kLastText };
const char* const kNames[] = {"count, 1 pane", "count, 10 panes", "distinct, 20 values", "last, text"};

std::shared_ptr<const ir::Program> program_of(Kind kind) {
  auto program = std::make_shared<ir::Program>();
  program->types = std::make_shared<types::TypeTable>();
  ir::Event& event = program->events.emplace_back();
  event.schema.name = "e";
  event.schema.fields = {{"time", program->types->timestamp()}, {"id", program->types->string()}};
  event.score_slot = 2;
  event.each_slot = 3;
  event.slot_count = 4;
  ir::Feature& feature = program->features.emplace_back();
  feature.name = "f";
  feature.window = {ir::WindowKind::kDuration, 3600 * kSecond, 60 * kSecond, 0, false};
  feature.aggregation = kind == kDistinct   ? ir::Aggregation::kDistinct
                        : kind == kLastText ? ir::Aggregation::kLast
                                            : ir::Aggregation::kCount;
  if (kind == kLastText) {
    feature.value_kind = types::Kind::kString;
    feature.window = {ir::WindowKind::kAll, 0, 0, 0, false};
  }
  feature.identity = ir::feature_identity(*program, feature);
  return program;
}

std::shared_ptr<engine::State> filled(const std::shared_ptr<const ir::Program>& program, Kind kind, int64_t keys) {
  engine::StateOptions options;
  options.max_bytes = size_t{64} << 30;
  auto state = std::make_shared<engine::State>(program, options);
  const int rounds = kind == kDenseCount ? 10 : kind == kDistinct ? 20 : 1;
  state::Access access;
  for (int round = 0; round < rounds; ++round) {
    for (int64_t i = 0; i < keys; ++i) {
      ++access.clock;
      access.time = (1'700'000'000 + round * (kind == kDenseCount ? 60 : 1)) * kSecond;
      const std::string text = "a text of some length " + std::to_string(i);
      const value::Value v = kind == kLastText ? value::Value::string(text) : value::Value::integer(i * 31 + round);
      state->feature(0).add(state::make_key(value::Value::integer(i)), v, access);
    }
  }
  state->set_clock(access.clock);
  state::EventClock events;
  events.resume(access.time);
  state->set_newest(0, events);
  state->count_parts();
  return state;
}

void report(benchmark::State& b, size_t bytes, int64_t keys) {
  b.SetBytesProcessed(static_cast<int64_t>(bytes) * b.iterations());
  b.counters["ms_per_million"] = benchmark::Counter(
      static_cast<double>(keys) / 1e9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  b.counters["bytes_per_key"] = static_cast<double>(bytes) / static_cast<double>(keys);
}

size_t size_of(const std::vector<engine::StateSection>& sections) {
  size_t n = 0;
  for (const auto& s : sections) n += s.payload.size();
  return n;
}

void save(benchmark::State& b) {
  const auto kind = static_cast<Kind>(b.range(0));
  const auto state = filled(program_of(kind), kind, b.range(1));
  size_t bytes = 0;
  for (auto _ : b) bytes = size_of(engine::save_state(state));
  report(b, bytes, b.range(1));
  b.SetLabel(kNames[kind]);
}

void pause(benchmark::State& b) {
  const auto kind = static_cast<Kind>(b.range(0));
  const auto state = filled(program_of(kind), kind, b.range(1));
  state->share();
  for (auto _ : b) {
    auto copy = std::make_unique<engine::StateCopy>(state);
    b.PauseTiming();
    benchmark::DoNotOptimize(copy->finish());
    b.ResumeTiming();
  }
  b.SetLabel(kNames[kind]);
}

// Updates just after a copy has begun, so that nearly each one has a chunk to copy first: the mean, and `longest_us`.
void update_first(benchmark::State& b) {
  using Clock = std::chrono::steady_clock;
  const auto kind = static_cast<Kind>(b.range(0));
  const int64_t keys = b.range(1);
  const auto state = filled(program_of(kind), kind, keys);
  state->share();
  state::Access access;
  access.clock = state->clock();
  access.time = 1'700'000'600 * kSecond;
  constexpr int64_t kUpdates = 1000;
  Clock::duration longest{};
  for (auto _ : b) {
    b.PauseTiming();
    auto copy = std::make_unique<engine::StateCopy>(state);
    b.ResumeTiming();
    for (int64_t i = 0; i < kUpdates; ++i) {
      const value::Value key = value::Value::integer(i * 7'919 % keys);
      const value::Value v = kind == kLastText ? value::Value::string("another text") : key;
      ++access.clock;
      const auto begun = Clock::now();
      state->feature(0).add(state::make_key(key), v, access);
      longest = std::max(longest, Clock::now() - begun);
    }
    b.PauseTiming();
    copy.reset();
    b.ResumeTiming();
  }
  b.SetItemsProcessed(b.iterations() * kUpdates);
  b.counters["longest_us"] = std::chrono::duration<double, std::micro>(longest).count();
  b.SetLabel(kNames[kind]);
}

void restore(benchmark::State& b) {
  const auto kind = static_cast<Kind>(b.range(0));
  const auto program = program_of(kind);
  std::vector<engine::StateSection> sections;
  engine::StateOptions options;
  {
    const auto state = filled(program, kind, b.range(1));
    options = state->options();
    sections = engine::save_state(state);
  }
  for (auto _ : b) {
    engine::RestoreReport restored;
    const auto state = engine::restore_state(program, options, sections, &restored);
    if (!state.ok()) b.SkipWithError("a snapshot does not come back");
  }
  report(b, size_of(sections), b.range(1));
  b.SetLabel(kNames[kind]);
}

void file(benchmark::State& b) {
  const auto program = program_of(kSparseCount);
  durable::Snapshot snapshot;
  snapshot.sections = engine::save_state(filled(program, kSparseCount, b.range(0)));
  const std::string path = "/tmp/weir-bench-snapshot-" + std::to_string(::getpid());
  for (auto _ : b) {
    const bool reads = b.range(1) != 0 && durable::read_snapshot(path).ok();
    if (!reads && !durable::write_snapshot(path, snapshot).ok()) b.SkipWithError("cannot write");
  }
  report(b, size_of(snapshot.sections), b.range(0));
  b.SetLabel(b.range(1) != 0 ? "read" : "write, synced");
  ::unlink(path.c_str());
}

BENCHMARK(save)
    ->ArgsProduct({{kSparseCount, kDenseCount, kDistinct, kLastText}, {1'000'000}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(pause)
    ->ArgsProduct({{kSparseCount, kDenseCount, kDistinct, kLastText}, {1'000'000}})
    ->Iterations(20)  // what is not timed takes much longer
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(update_first)
    ->ArgsProduct({{kSparseCount, kDenseCount, kDistinct, kLastText}, {1'000'000}})
    ->Iterations(20)  // what is not timed takes much longer
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();
BENCHMARK(restore)
    ->ArgsProduct({{kSparseCount, kDenseCount, kDistinct, kLastText}, {1'000'000}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(file)->ArgsProduct({{1'000'000}, {0, 1}})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
