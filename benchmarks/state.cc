// Updates and reads of windowed state: --benchmark_filter='Count.*'. Keys are drawn uniformly, so that at 1,000,000
// keys every update misses the caches, as a real stream's would.
#include <benchmark/benchmark.h>

#include <string>

#include "runtime/state/feature_store.h"

namespace weir::state {
namespace {

using value::Value;

constexpr int64_t kSecond = 1'000'000'000;

struct Stream {
  explicit Stream(ir::Aggregation aggregation, types::Kind kind = types::Kind::kInt, double param = 0) {
    feature.aggregation = aggregation;
    feature.value_kind = kind;
    feature.param = param;
    feature.window = {ir::WindowKind::kDuration, 3600 * kSecond, 60 * kSecond, 0, false};
    store = make_feature_store(feature);
  }
  Key key(uint64_t keys) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return make_key(Value::integer(static_cast<int64_t>((state >> 33) % keys)));
  }
  ir::Feature feature;
  std::unique_ptr<FeatureStore> store;
  value::Arena arena;
  uint64_t state = 1;
  int64_t time = 0;
  uint64_t clock = 0;
};

// `rate` events a second of event time.
void run(benchmark::State& bench, Stream& s, int64_t rate, bool read) {
  const auto keys = static_cast<uint64_t>(bench.range(0));
  uint64_t n = 0;
  for (auto _ : bench) {
    s.time += kSecond / rate;
    s.store->advance(++s.clock, s.time);
    const Key key = s.key(keys);
    s.store->add(key, s.time, Value::integer(static_cast<int64_t>(n++ % 997)));
    if (read) benchmark::DoNotOptimize(s.store->read(key, s.time, s.arena));
    if (n % 1024 == 0) s.arena.reset();
  }
  bench.SetItemsProcessed(static_cast<int64_t>(bench.iterations()));
  bench.counters["keys"] = static_cast<double>(s.store->keys());
  bench.counters["bytes/key"] = static_cast<double>(s.store->bytes()) / static_cast<double>(s.store->keys());
}

void Update(benchmark::State& bench, ir::Aggregation a, types::Kind kind, double param) {
  Stream s(a, kind, param);
  run(bench, s, 10'000, false);
}
void UpdateAndRead(benchmark::State& bench, ir::Aggregation a, types::Kind kind, double param) {
  Stream s(a, kind, param);
  run(bench, s, 10'000, true);
}

#define WEIR_STATE_BENCH(name, aggregation, kind, param)                                                               \
  BENCHMARK_CAPTURE(Update, name, ir::Aggregation::aggregation, types::Kind::kind, param)->Arg(1'000)->Arg(1'000'000); \
  BENCHMARK_CAPTURE(UpdateAndRead, name, ir::Aggregation::aggregation, types::Kind::kind, param)                       \
      ->Arg(1'000)                                                                                                     \
      ->Arg(1'000'000)
WEIR_STATE_BENCH(count, kCount, kInt, 0);
WEIR_STATE_BENCH(sum_int, kSum, kInt, 0);
WEIR_STATE_BENCH(sum_double, kSum, kDouble, 0);
WEIR_STATE_BENCH(mean, kMean, kDouble, 0);
WEIR_STATE_BENCH(max, kMax, kInt, 0);
WEIR_STATE_BENCH(distinct, kDistinct, kInt, 0);
WEIR_STATE_BENCH(top, kTopK, kList, 10);
WEIR_STATE_BENCH(quantile, kQuantile, kDouble, 0.95);
WEIR_STATE_BENCH(entropy, kEntropy, kDouble, 0);

}  // namespace
}  // namespace weir::state

BENCHMARK_MAIN();
