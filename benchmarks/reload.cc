// Reloading as a host sees it, through weir.h: `bench_reload [rules]` (1000).
//
// 1. How long one event takes, p50, p99 and p99.9, while nothing is published and while another thread compiles and
//    publishes, ten times a second or without a pause. The evaluating thread does what a server does: it compares
//    generations before each event and adopts what is new, and that counts. Each is measured twice, in turns.
// 2. From the text of a rule set in which so many rules are changed to the first verdict of that generation.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/edited_rules.h"
#include "benchmarks/workload.h"
#include "runtime/io/json_text.h"
#include "weir/weir.h"

namespace weir::bench {
namespace {

using Clock = std::chrono::steady_clock;

weir_error error = WEIR_INIT(weir_error);

void need(weir_status status, const weir_error& err) {
  if (status == WEIR_OK) return;
  fmt::print(stderr, "{}: {}\n", weir_status_name(status), err.message);
  std::exit(1);
}

weir_ruleset* compile(const weir_engine* engine, const std::string& text, uint32_t tier) {
  const weir_source source = {weir_cstr("rules.weir"), {text.data(), text.size()}};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = tier;
  options.no_lint = 1;
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset* rules = nullptr;
  need(weir_compile(engine, &source, 1, &options, &rules, nullptr, &err), err);
  return rules;
}

// A server's thread: a session that follows a slot.
class Worker {
 public:
  Worker(const Workload& workload, weir_slot* slot) : slot_(slot) {
    weir_ruleset* rules = nullptr;
    need(weir_slot_pin(slot, &rules, &generation_, &error), error);
    need(weir_session_create(rules, nullptr, &session_, &error), error);
    for (size_t i = 0; i < std::min<size_t>(workload.rows.size(), 1000); ++i) {
      std::string json = "{\"time\":\"2026-01-01T00:00:00Z\"";
      for (size_t f = 0; f < workload.env.variables.size(); ++f) {
        json += fmt::format(",\"{}\":", workload.env.variables[f].name);
        io::append_json(workload.rows[i][f], &json);
      }
      json += '}';
      weir_event* event = nullptr;
      need(weir_event_create_any(rules, &event, &error), error);
      need(weir_event_read_json(event, {json.data(), json.size()}, &error), error);
      events_.push_back(event);
    }
    weir_ruleset_release(rules);
  }
  ~Worker() {
    for (weir_event* event : events_) weir_event_release(event);
    weir_session_release(session_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Returns the generation that decided.
  uint64_t serve() {
    if (weir_slot_generation(slot_) != generation_) {
      weir_ruleset* rules = nullptr;
      need(weir_slot_pin(slot_, &rules, &generation_, &error), error);
      need(weir_session_adopt(session_, rules, &error), error);
      weir_ruleset_release(rules);
    }
    at_ = at_ + 1 == events_.size() ? 0 : at_ + 1;
    weir_verdict* verdict = nullptr;
    need(weir_session_eval(session_, events_[at_], nullptr, &verdict, &error), error);
    weir_verdict_info info = WEIR_INIT(weir_verdict_info);
    weir_verdict_get(verdict, &info);
    weir_verdict_release(verdict);
    return info.generation;
  }

 private:
  weir_slot* const slot_;
  weir_session* session_ = nullptr;
  uint64_t generation_ = 0;
  std::vector<weir_event*> events_;
  size_t at_ = 0;
};

double microseconds(Clock::duration d) { return std::chrono::duration<double, std::micro>(d).count(); }

void latencies(const Workload& workload, size_t rules, uint32_t tier, const char* name) {
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  options.abi = WEIR_ABI;
  options.quick_edits = 1;
  weir_engine* engine = nullptr;
  weir_slot* slot = nullptr;
  need(weir_engine_create(&options, &engine, &error), error);
  need(weir_slot_create(engine, nullptr, 0, &slot, &error), error);
  weir_ruleset* first = compile(engine, edited_rules(workload, rules, 0, 0), tier);
  weir_ruleset_wait_native(first, 60'000);
  need(weir_slot_publish(slot, first, 0, nullptr, &error), error);
  weir_ruleset_release(first);
  Worker worker(workload, slot);
  for (int i = 0; i < 20'000; ++i) worker.serve();
  enum class Publishing : uint8_t { kNone, kTenASecond, kStorm };
  constexpr const char* kNames[] = {"quiet", "10 a s", "storm"};
  for (const Publishing publishing : {Publishing::kNone, Publishing::kTenASecond, Publishing::kStorm, Publishing::kNone,
                                      Publishing::kTenASecond, Publishing::kStorm}) {
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> published{0};
    std::thread publisher([&] {
      for (size_t edit = 1; publishing != Publishing::kNone && !stop; ++edit) {
        weir_ruleset* next = compile(engine, edited_rules(workload, rules, rules, edit), tier);
        weir_error err = WEIR_INIT(weir_error);
        need(weir_slot_publish(slot, next, weir_slot_generation(slot), nullptr, &err), err);
        weir_ruleset_release(next);
        ++published;
        if (publishing == Publishing::kTenASecond) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    });
    std::vector<double> times;
    const Clock::time_point end = Clock::now() + std::chrono::seconds(3);
    while (Clock::now() < end) {
      const Clock::time_point before = Clock::now();
      worker.serve();
      times.push_back(microseconds(Clock::now() - before));
    }
    stop = true;
    publisher.join();
    std::sort(times.begin(), times.end());
    const auto quantile = [&](double q) {
      return times[static_cast<size_t>(q * static_cast<double>(times.size() - 1))];
    };
    fmt::print("{:12} {:6} {:8} {:9} {:9} {:8.1f} {:8.1f} {:8.1f} {:8.0f}\n", name, rules,
               kNames[static_cast<size_t>(publishing)], published.load(), times.size(), quantile(0.5), quantile(0.99),
               quantile(0.999), times.back());
  }
  weir_slot_release(slot);
  weir_engine_release(engine);
}

// Of 10,000 rules. With a quick engine, the rule set before was compiled by it too.
void first_verdict(const Workload& workload, size_t rules, size_t changed, bool quick) {
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  options.abi = WEIR_ABI;
  options.quick_edits = quick;
  weir_engine* engine = nullptr;
  weir_slot* slot = nullptr;
  need(weir_engine_create(&options, &engine, &error), error);
  need(weir_slot_create(engine, nullptr, 0, &slot, &error), error);
  weir_ruleset* first = compile(engine, edited_rules(workload, rules, 0, 0), WEIR_TIER_INTERPRETER);
  need(weir_slot_publish(slot, first, 0, nullptr, &error), error);
  weir_ruleset_release(first);
  Worker worker(workload, slot);
  worker.serve();
  double best = 1e300, best_publish = 1e300;
  for (size_t round = 1; round <= 5; ++round) {
    const std::string text = edited_rules(workload, rules, rules / changed, round);
    const Clock::time_point begin = Clock::now();
    weir_ruleset* next = compile(engine, text, WEIR_TIER_INTERPRETER);
    const Clock::time_point publish = Clock::now();
    uint64_t generation = 0;
    need(weir_slot_publish(slot, next, round, &generation, &error), error);
    if (worker.serve() != generation) std::exit(1);
    const Clock::time_point end = Clock::now();
    best = std::min(best, microseconds(end - begin) / 1000);
    best_publish = std::min(best_publish, microseconds(end - publish) / 1000);
    weir_ruleset_release(next);
  }
  fmt::print("{:7} {:8} {:12} {:14.1f} {:20.2f}\n", rules, changed, quick ? "quick_edits" : "whole", best,
             best_publish);
  weir_slot_release(slot);
  weir_engine_release(engine);
}

int run(size_t rules) {
  auto workload = load_workload(workload_directory(), 10'000);
  if (!workload.ok()) {
    fmt::print(stderr, "{}\n", workload.status().ToString());
    return 1;
  }
  fmt::print("us an event     rules          publishes    events      p50      p99    p99.9      max\n");
  latencies(**workload, rules, WEIR_TIER_INTERPRETER, "interpreter");
  latencies(**workload, rules, WEIR_TIER_AUTO, "auto");
  fmt::print("\n  rules  changed compiled      ms from text  ms from the publish, to the first verdict\n");
  for (const size_t changed : {1, 100, 10'000})
    for (const bool quick : {false, true}) first_verdict(**workload, 10'000, changed, quick);
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) { return weir::bench::run(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000); }
