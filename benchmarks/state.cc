// Windowed state alone: ns an update and a read of each aggregation at 1,000 and 1,000,000 keys (WEIR_BENCH_LARGE=1: at
// 10,000,000 too, where a key is small), and bytes a key. Keys are drawn uniformly, so that at 1,000,000 keys every
// access misses the caches, as a real stream's would.
//
// `panes` is how many of the window's 60 panes a key has values in: 1 is the sparse key of a long tail or of a flood.
// `bytes/key` is what the store reports and the budget counts, `resident/key` (of many keys) what the process has grown
// by.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "benchmarks/resident.h"
#include "runtime/state/feature_store.h"

namespace weir::state {
namespace {

using bench::resident_bytes;
using value::Value;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kPane = 60 * kSecond;

struct Config {
  ir::Aggregation aggregation;
  types::Kind kind;
  double param;
};

uint64_t next_random(uint64_t* state) {
  *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
  return *state >> 33;
}

Key key_of(uint64_t n) { return make_key(Value::integer(static_cast<int64_t>(n))); }

// A store with `keys` keys, each with a value in `panes` panes.
struct Filled {
  Filled(const Config& c, uint64_t key_count, int64_t panes, bool shared) : keys(key_count) {
    feature.aggregation = c.aggregation;
    feature.value_kind = c.kind;
    feature.param = c.param;
    feature.window = {ir::WindowKind::kDuration, 60 * kPane, kPane, 0, false};
    const size_t before = resident_bytes();
    store = make_feature_store(feature);
    if (shared) store->share();
    access.horizon = access.keep_from = 0;
    uint64_t random = 1;
    for (int64_t pane = 0; pane < panes; ++pane) {
      access.time = pane * kPane;
      for (uint64_t k = 0; k < keys; ++k) {
        ++access.clock;
        store->add(key_of(k), Value::integer(static_cast<int64_t>(next_random(&random) % 997)), access);
      }
    }
    bytes_per_key = static_cast<double>(store->bytes()) / static_cast<double>(keys);
    resident_per_key = static_cast<double>(resident_bytes() - before) / static_cast<double>(keys);
  }
  ir::Feature feature;
  std::unique_ptr<FeatureStore> store;
  Access access;
  uint64_t keys;
  double bytes_per_key, resident_per_key;
};

// Filling takes longer than measuring, and the library calls a benchmark several times: the last store is kept.
Filled& filled(const benchmark::State& bench, const Config& c) {
  static std::unique_ptr<Filled> kept;
  static std::string kept_for;
  const std::string wanted = std::string(ir::aggregation_name(c.aggregation)) +
                             std::to_string(static_cast<int>(c.kind)) + '/' + std::to_string(bench.range(0)) + '/' +
                             std::to_string(bench.range(1));
  if (kept_for != wanted) {
    kept.reset();
    malloc_trim(0);
    kept = std::make_unique<Filled>(c, static_cast<uint64_t>(bench.range(0)), bench.range(1), false);
    kept_for = wanted;
  }
  return *kept;
}

void report(benchmark::State& bench, const Filled& f) {
  bench.SetItemsProcessed(static_cast<int64_t>(bench.iterations()));
  bench.counters["bytes/key"] = f.bytes_per_key;
  if (f.keys >= 1'000'000) bench.counters["resident/key"] = f.resident_per_key;
}

void Update(benchmark::State& bench, const Config& c) {
  Filled& f = filled(bench, c);
  uint64_t random = 7;
  for (auto _ : bench) {
    ++f.access.clock;
    f.store->add(key_of(next_random(&random) % f.keys), Value::integer(static_cast<int64_t>(random % 997)), f.access);
  }
  report(bench, f);
}

void Read(benchmark::State& bench, const Config& c) {
  Filled& f = filled(bench, c);
  value::Arena arena;
  uint64_t random = 7;
  for (auto _ : bench) {
    ++f.access.clock;
    benchmark::DoNotOptimize(f.store->read(key_of(next_random(&random) % f.keys), f.access, arena));
    if (f.access.clock % 1024 == 0) arena.reset();
  }
  report(bench, f);
}

bool large() { return std::getenv("WEIR_BENCH_LARGE") != nullptr; }

// Sketches at 1,000,000 keys of 60 panes are no working set of one machine: they are measured sparse there. 10,000,000
// keys only if asked for: a top takes 3 GB.
void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"keys", "panes"})->Args({1'000, 1})->Args({1'000, 60})->Args({1'000'000, 1});
  if (large()) b->Args({10'000'000, 1});
}

#define WEIR_STATE_BENCH(name, aggregation, kind, param)                                                         \
  BENCHMARK_CAPTURE(Update, name, Config{ir::Aggregation::aggregation, types::Kind::kind, param})->Apply(sizes); \
  BENCHMARK_CAPTURE(Read, name, Config{ir::Aggregation::aggregation, types::Kind::kind, param})->Apply(sizes)
WEIR_STATE_BENCH(count, kCount, kInt, 0);
WEIR_STATE_BENCH(sum_int, kSum, kInt, 0);
WEIR_STATE_BENCH(sum_double, kSum, kDouble, 0);
WEIR_STATE_BENCH(mean, kMean, kDouble, 0);
WEIR_STATE_BENCH(stddev, kStddev, kDouble, 0);
WEIR_STATE_BENCH(min, kMin, kInt, 0);
WEIR_STATE_BENCH(max, kMax, kInt, 0);
WEIR_STATE_BENCH(first, kFirst, kInt, 0);
WEIR_STATE_BENCH(last, kLast, kInt, 0);
WEIR_STATE_BENCH(distinct, kDistinct, kInt, 0);
WEIR_STATE_BENCH(top, kTopK, kList, 10);
WEIR_STATE_BENCH(quantile, kQuantile, kDouble, 0.95);
WEIR_STATE_BENCH(entropy, kEntropy, kDouble, 0);

// Threads on one store, each with keys of its own. items_per_second is of all threads together.
void SharedUpdate(benchmark::State& bench) {
  static std::unique_ptr<Filled> f;
  if (bench.thread_index() == 0) {
    f = std::make_unique<Filled>(Config{ir::Aggregation::kCount, types::Kind::kInt, 0},
                                 static_cast<uint64_t>(bench.range(0)), 1, true);
  }
  uint64_t random = static_cast<uint64_t>(bench.thread_index()) + 7;
  Access access;
  access.horizon = access.keep_from = access.time = 0;
  const auto threads = static_cast<uint64_t>(bench.threads()), mine = static_cast<uint64_t>(bench.thread_index());
  for (auto _ : bench) {
    ++access.clock;
    const uint64_t n = next_random(&random) % (f->keys / threads) * threads + mine;
    f->store->add(key_of(n), Value::integer(1), access);
  }
  bench.SetItemsProcessed(static_cast<int64_t>(bench.iterations()));
}
BENCHMARK(SharedUpdate)->ArgName("keys")->Arg(1'000)->Arg(1'000'000)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace weir::state

BENCHMARK_MAIN();
