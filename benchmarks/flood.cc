// A hostile flood of keys against known ones, through whole sessions: `bench_flood [keys=10000000] [budget_mb=256]
// [threads=1]`.
//
// First the known keys alone, then the flood with a known key's event after every one of its own. Each is timed by the
// CPU time of its batches. Prints what the budget allows, what the state says it takes, and what the process really
// takes more than before (resident set).
#include <fmt/format.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "benchmarks/resident.h"
#include "compiler/driver/compile.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/state.h"

namespace weir::bench {
namespace {

constexpr char kRules[] = R"(
event login { account: string  device: string  ok: bool }
feature by_account = count() from login by login.account over 1h
feature fails = count() from login where !login.ok by login.account over 15m
feature devices = distinct(login.device) from login by login.account over 1d
rule guessing on login { id "R-1" when fails >= 10 || devices >= 20 || by_account > 1000000  score 1  mode live }
)";
constexpr int64_t kKnown = 100'000;
constexpr int kBatch = 256;

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct Times {
  double known = 0, flood = 0;  // CPU seconds
  int64_t known_events = 0, flood_events = 0;
};

class Client {
 public:
  Client(std::shared_ptr<const engine::Rules> rules, std::shared_ptr<engine::State> state, int64_t first, int64_t step)
      : session_(std::move(rules), std::move(state), {}), first_(first), step_(step) {
    row_.resize(session_.rules().program().events[0].slot_count);
  }

  // Events of known keys, in an order of no use to a cache.
  Times known(int64_t rounds) {
    Times times;
    const double start = cpu_seconds();
    for (int64_t i = 0; i < rounds; ++i) send("known", next_known());
    times.known = cpu_seconds() - start;
    times.known_events = rounds;
    return times;
  }
  Times flood(int64_t keys) {
    Times times;
    for (int64_t done = 0; done < keys; done += kBatch) {
      const double start = cpu_seconds();
      for (int64_t i = 0; i < kBatch; ++i) send("flood", first_ + sent_++ * step_);
      const double between = cpu_seconds();
      for (int64_t i = 0; i < kBatch; ++i) send("known", next_known());
      times.flood += between - start;
      times.known += cpu_seconds() - between;
      times.flood_events += kBatch;
      times.known_events += kBatch;
    }
    return times;
  }

 private:
  int64_t next_known() {
    random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<int64_t>((random_ >> 33) % (kKnown / static_cast<uint64_t>(step_))) * step_ + first_;
  }
  void send(const char* prefix, int64_t n) {
    const auto end = fmt::format_to(account_, "{}{}", prefix, n);
    nanos_ += 10'000;
    row_[0] =
        value::Value::timestamp(1'700'000'000 + nanos_ / 1'000'000'000, static_cast<uint32_t>(nanos_ % 1'000'000'000));
    row_[1] = value::Value::string("");
    row_[2] = value::Value::string(std::string_view(account_, static_cast<size_t>(end - account_)));
    row_[3] = value::Value::string("d");
    row_[4] = value::Value::boolean(n % 4 != 0);
    session_.evaluate(0, row_.data());
  }

  engine::Session session_;
  const int64_t first_, step_;
  std::vector<value::Value> row_;
  char account_[32];
  int64_t sent_ = 0;  // flood keys
  uint64_t random_ = 1;
  int64_t nanos_ = 0;
};

double nanos_each(double seconds, int64_t events) { return seconds * 1e9 / static_cast<double>(events); }
double mb(size_t bytes) { return static_cast<double>(bytes) / 1e6; }

int run(int64_t keys, size_t budget, int threads) {
  driver::Compilation compiled = driver::compile({{"flood.weir", kRules}}, {});
  if (compiled.program == nullptr) return 1;
  auto rules = engine::Rules::create(compiled.program, {});
  if (!rules.ok()) return 1;
  const size_t before = resident_bytes();
  const auto state = std::make_shared<engine::State>(compiled.program, engine::StateOptions{{}, budget});
  std::vector<std::unique_ptr<Client>> clients;
  for (int t = 0; t < threads; ++t) clients.push_back(std::make_unique<Client>(*rules, state, t, threads));
  std::vector<Times> calm(clients.size()), flooded(clients.size());
  const auto each = [&](auto f) {
    std::vector<std::thread> running;
    for (size_t t = 1; t < clients.size(); ++t) running.emplace_back([&, t] { f(t); });
    f(0);
    for (std::thread& thread : running) thread.join();
  };
  each([&](size_t t) { clients[t]->known(4 * kKnown / threads); });  // their keys come into being
  each([&](size_t t) { calm[t] = clients[t]->known(10 * kKnown / threads); });
  size_t peak = 0;
  for (int part = 0; part < 20; ++part) {
    each([&](size_t t) {
      const Times times = clients[t]->flood(keys / threads / 20);
      flooded[t].known += times.known;
      flooded[t].flood += times.flood;
      flooded[t].known_events += times.known_events;
      flooded[t].flood_events += times.flood_events;
    });
    peak = std::max(peak, resident_bytes());
  }
  Times a, b;
  for (size_t t = 0; t < clients.size(); ++t) {
    a.known += calm[t].known;
    a.known_events += calm[t].known_events;
    b.known += flooded[t].known;
    b.known_events += flooded[t].known_events;
    b.flood += flooded[t].flood;
    b.flood_events += flooded[t].flood_events;
  }
  const double alone = nanos_each(a.known, a.known_events), during = nanos_each(b.known, b.known_events);
  fmt::print("{} session{}, {} flood keys, budget {:.0f} MB\n", threads, threads == 1 ? "" : "s", b.flood_events,
             mb(budget));
  fmt::print("  state {:.1f} MB, resident at most {:.1f} MB more than before\n", mb(state->bytes()),
             mb(peak - std::min(peak, before)));
  fmt::print(
      "  known keys: {:.0f} ns an event alone, {:.0f} during the flood ({:.2f} times); the flood's own: {:.0f}\n",
      alone, during, during / alone, nanos_each(b.flood, b.flood_events));
  for (uint32_t f = 0; f < state->features(); ++f) {
    const auto& feature = state->feature(f);
    fmt::print("  {:12} {:>9} keys, {:>9} evicted, {:.1f} bytes a key\n", compiled.program->features[f].name,
               feature.keys(), feature.counters().evicted,
               static_cast<double>(feature.bytes()) / static_cast<double>(feature.keys()));
  }
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  const int64_t keys = argc > 1 ? std::atoll(argv[1]) : 10'000'000;
  const size_t budget = (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 256) * 1'000'000;
  const int threads = argc > 3 ? std::atoi(argv[3]) : 1;
  if (keys < 20 * weir::bench::kBatch || budget == 0 || threads < 1) {
    fmt::print(stderr, "usage: bench_flood [keys] [budget_mb] [threads]\n");
    return 2;
  }
  return weir::bench::run(keys, budget, threads);
}
