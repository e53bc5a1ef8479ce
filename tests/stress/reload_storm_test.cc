// Rules published without a pause, some of them broken, while threads evaluate on one state: each verdict is of one
// generation, whole; no count is lost; memory stays what it was. Through weir.h, as a host does it.
//
// WEIR_STORM_PUBLISHES=10000 makes it as long as one likes.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "weir/weir.h"

namespace {

constexpr int kThreads = 3;
constexpr int kScored = 20;  // rules; each adds its generation's number to the score

uint64_t publishes_wanted() {
  const char* wanted = std::getenv("WEIR_STORM_PUBLISHES");
  return wanted == nullptr ? 300 : std::strtoull(wanted, nullptr, 10);
}

size_t resident_kilobytes() {
  long pages = 0, resident = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return static_cast<size_t>(resident) * static_cast<size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

std::string rules_of(uint64_t generation) {
  std::string out =
      "event e { k: string  n: int }\n"
      "feature total = count() from e by e.k over 30d\n"
      "rule told on e { id \"T\" when total > 0 because \"{total}\" mode live }\n";
  for (int i = 0; i < kScored; ++i)
    out += fmt::format("rule r{0} on e {{ id \"R{0}\" when e.n >= {0} score {1} mode live }}\n", i, generation);
  return out;
}

struct Host {
  Host() {
    weir_error err = WEIR_INIT(weir_error);
    EXPECT_EQ(weir_engine_create(nullptr, &engine, &err), WEIR_OK) << err.message;
    EXPECT_EQ(weir_slot_create(engine, nullptr, 0, &slot, &err), WEIR_OK) << err.message;
  }
  ~Host() {
    weir_slot_release(slot);
    weir_engine_release(engine);
  }
  weir_status load(const std::string& text, weir_ruleset** rules) const {
    const weir_source source = {weir_cstr("storm.weir"), {text.data(), text.size()}};
    return weir_compile(engine, &source, 1, nullptr, rules, nullptr, nullptr);
  }
  weir_status publish(uint64_t expected) const {
    weir_ruleset* rules = nullptr;
    if (weir_status s = load(rules_of(expected + 1), &rules)) return s;
    const weir_status status = weir_slot_publish(slot, rules, expected, nullptr, nullptr);
    weir_ruleset_release(rules);
    return status;
  }
  weir_engine* engine = nullptr;
  weir_slot* slot = nullptr;
};

// One thread of a server.
class Worker {
 public:
  Worker(const Host& host, weir_session* session, std::string key)
      : host_(host), session_(session), key_(std::move(key)) {
    weir_ruleset* rules = nullptr;
    EXPECT_EQ(weir_slot_pin(host.slot, &rules, &generation_, nullptr), WEIR_OK);
    EXPECT_EQ(weir_event_create_any(rules, &event_, nullptr), WEIR_OK);
    weir_ruleset_release(rules);
  }
  ~Worker() {
    weir_event_release(event_);
    weir_session_release(session_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void serve() {
    const std::string json =
        fmt::format("{{\"time\":\"2026-01-01T00:00:00Z\",\"k\":\"{}\",\"n\":{}}}", key_, events_ % kScored);
    weir_error err = WEIR_INIT(weir_error);
    weir_verdict* verdict = nullptr;
    do {
      follow();
      if (weir_event_read_json(event_, {json.data(), json.size()}, &err) != WEIR_OK) break;
      // WEIR_E_CONFLICT: another session has taken the state along to newer rules.
    } while (weir_session_eval(session_, event_, nullptr, &verdict, &err) == WEIR_E_CONFLICT);
    if (verdict == nullptr) {
      ++wrong;
      std::fprintf(stderr, "%s\n", err.message);
      return;
    }
    ++events_;
    weir_verdict_info info = WEIR_INIT(weir_verdict_info);
    weir_verdict_get(verdict, &info);
    const auto rules = static_cast<double>((events_ - 1) % kScored + 1);
    weir_hit told = WEIR_INIT(weir_hit);
    weir_verdict_hit(verdict, 0, &told);
    const bool whole = info.generation == generation_ && info.score == rules * static_cast<double>(info.generation);
    const bool counted = std::string(told.because.ptr, told.because.len) == std::to_string(events_);
    if (!whole || !counted) {
      ++wrong;
      std::fprintf(stderr, "generation %llu, score %g of %g rules, count %.*s of %llu\n",
                   static_cast<unsigned long long>(info.generation), info.score, rules,
                   static_cast<int>(told.because.len), told.because.ptr, static_cast<unsigned long long>(events_));
    }
    weir_verdict_release(verdict);
  }
  uint64_t events() const { return events_; }
  uint64_t wrong = 0;

 private:
  void follow() {
    if (weir_slot_generation(host_.slot) == generation_) return;
    weir_ruleset* rules = nullptr;
    if (weir_slot_pin(host_.slot, &rules, &generation_, nullptr) == WEIR_OK)
      weir_session_adopt(session_, rules, nullptr);
    weir_ruleset_release(rules);
  }

  const Host& host_;
  weir_session* const session_;
  const std::string key_;
  weir_event* event_ = nullptr;
  uint64_t generation_ = 0, events_ = 0;
};

TEST(ReloadStorm, EachVerdictIsOfOneGenerationAndNothingIsLost) {
  const Host host;
  ASSERT_EQ(host.publish(0), WEIR_OK);
  weir_ruleset* first = nullptr;
  weir_session *session = nullptr, *shared = nullptr;
  ASSERT_EQ(weir_slot_pin(host.slot, &first, nullptr, nullptr), WEIR_OK);
  ASSERT_EQ(weir_session_create(first, nullptr, &session, nullptr), WEIR_OK);
  weir_ruleset_release(first);
  std::vector<std::unique_ptr<Worker>> workers;
  for (int t = 1; t < kThreads; ++t) {
    ASSERT_EQ(weir_session_share(session, &shared, nullptr), WEIR_OK);
    workers.push_back(std::make_unique<Worker>(host, shared, fmt::format("k{}", t)));
  }
  workers.push_back(std::make_unique<Worker>(host, session, "k0"));

  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (const auto& worker : workers) {
    threads.emplace_back([&stop, w = worker.get()] {
      while (!stop) w->serve();
    });
  }
  const uint64_t wanted = publishes_wanted();
  uint64_t published = 1, broken = 0, stale = 0;
  size_t before = 0;
  while (published < wanted) {
    if (published == wanted / 4) before = resident_kilobytes();  // when everything has its size
    const uint64_t turn = published + broken + stale;
    if (turn % 7 == 3) {
      weir_ruleset* none = nullptr;
      EXPECT_EQ(host.load("event e { k: strin }", &none), WEIR_E_COMPILE);
      ++broken;
    } else if (turn % 11 == 5) {
      EXPECT_EQ(host.publish(published - 1), WEIR_E_CONFLICT);
      ++stale;
    } else {
      EXPECT_EQ(host.publish(published), WEIR_OK);
      ++published;
    }
  }
  const size_t after = resident_kilobytes();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  uint64_t events = 0;
  for (const auto& worker : workers) {
    EXPECT_EQ(worker->wrong, 0u);
    EXPECT_GT(worker->events(), 0u);
    events += worker->events();
  }
  fmt::print("{} publishes, {} broken, {} stale; {} events; {} kB, then {} kB\n", published, broken, stale, events,
             before, after);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(after, before + before / 5 + 16 * 1024);
#endif
}

}  // namespace
