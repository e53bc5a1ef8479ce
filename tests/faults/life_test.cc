// A host's life: a day of traffic, forks, two engines side by side.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "tests/faults/host.h"

namespace weir::faults {
namespace {

bool has_native() { return std::string_view(weir_build_info()).find("native") != std::string_view::npos; }

size_t resident_bytes() {
  long pages = 0, resident = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return static_cast<size_t>(resident) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

std::string time_text(int64_t seconds) {
  return fmt::format("2026-01-{:02}T{:02}:{:02}:{:02}Z", 1 + seconds / 86'400, seconds / 3600 % 24, seconds / 60 % 60,
                     seconds % 60);
}

// 24 hours of events by the second. Accounts come and go, and one comes every minute, whose every number is known.
TEST(Life, ADayOfTraffic) {
  constexpr int64_t kSeconds = 86'400, kBudget = int64_t{6} << 20;
  const Engine engine = make_engine();
  const Rules rules = compile(engine.get(),
                              "entity Account: string\n"
                              "event e { k: Account  n: int  ip: string }\n"
                              "label hot on Account max 2h\n"
                              "feature seen = count() from e by e.k over 1h every 1m\n"
                              "feature total = sum(e.n) from e by e.k over 24h every 1h\n"
                              "feature ips = distinct(e.ip) from e by e.k over 1h\n"
                              "feature run = count() from e by e.k over session 10m\n"
                              "feature others = distinct(e.k) from e by e.ip over 10m\n"
                              "rule told on e { id \"T\" when e.k == \"known\" because \"{seen} {total} {ips} {run}\" "
                              "mode live }\n"
                              "rule hourly on e { id \"H\" when e.k == \"known\" score 1 then { label e.k as hot } "
                              "once per e.k every 1h because \"x\" mode live }\n"
                              "rule crowd on e { id \"C\" when others > 1000000 because \"x\" mode live }\n");
  weir_session_options options = WEIR_INIT(weir_session_options);
  options.max_state_bytes = kBudget;
  const Session session = make_session(rules.get(), &options);
  const Event event = make_event(rules.get());
  std::vector<size_t> resident;
  size_t largest = 0;
  uint64_t events = 0, hourly = 0;
  int64_t total = 0;
  std::deque<int64_t> minutes;  // of the known account, within the hour
  for (int64_t s = 0; s < kSeconds; ++s) {
    const bool known = s % 60 == 0;
    const std::string key = known ? "known" : fmt::format("k{}", s * 7919 % 50'000 + s / 600 * 100);
    const std::string text =
        fmt::format(R"({{"time":"{}","k":"{}","n":{},"ip":"10.{}.{}.{}"}})", time_text(s), key, known ? s / 60 % 5 : 1,
                    known ? 0 : 1 + s / 3600, known ? 0 : s % 250, known ? s / 60 % 7 : s % 97);
    weir_error err = WEIR_INIT(weir_error);
    const Verdict verdict = evaluate(session.get(), event.get(), text, &err);
    ASSERT_NE(verdict, nullptr) << err.message;
    ++events;
    if (known) {
      minutes.push_back(s);
      while (minutes.front() + 3600 <= s) minutes.pop_front();
      total += s / 60 % 5;
      weir_hit told = WEIR_INIT(weir_hit), once = WEIR_INIT(weir_hit);
      ASSERT_EQ(weir_verdict_hit(verdict.get(), 0, &told), WEIR_OK);
      ASSERT_EQ(weir_verdict_hit(verdict.get(), 1, &once), WEIR_OK);
      hourly += once.outcome == WEIR_OUTCOME_FIRED;
      ASSERT_EQ(view(told.because),
                fmt::format("{} {} {} {}", minutes.size(), total, std::min<int64_t>(7, s / 60 + 1), s / 60 + 1))
          << time_text(s);
    }
    if (s % 600 == 0) {
      weir_session_stats stats = WEIR_INIT(weir_session_stats);
      weir_session_get_stats(session.get(), &stats);
      largest = std::max<size_t>(largest, stats.state_bytes);
    }
    if (s % 3600 == 0) resident.push_back(resident_bytes());
  }
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  weir_session_get_stats(session.get(), &stats);
  fmt::print("{} events; state at most {} of {} kB; resident {} kB after 4 h, {} kB after 23\n", events, largest >> 10,
             kBudget >> 10, resident[4] >> 10, resident[23] >> 10);
  EXPECT_EQ(stats.events, events);
  EXPECT_EQ(stats.late_events, 0u);
  EXPECT_EQ(stats.duplicate_events, 0u);
  EXPECT_EQ(stats.expired_events, 0u);
  EXPECT_EQ(hourly, 24u);
  weir_rule_stats counted = WEIR_INIT(weir_rule_stats);
  ASSERT_EQ(weir_session_get_rule_stats(session.get(), 1, &counted), WEIR_OK);
  EXPECT_EQ(counted.fired, 24u);
  EXPECT_EQ(counted.fired + counted.suppressed, static_cast<uint64_t>(kSeconds / 60));
  EXPECT_EQ(counted.errors + counted.missing, 0u);
  EXPECT_LE(largest, static_cast<size_t>(kBudget));
  EXPECT_GT(largest, static_cast<size_t>(kBudget / 2)) << "the budget was never reached, and this test shows less";
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(resident[23], resident[4] + resident[4] / 10 + (size_t{1} << 20));
#endif
}

std::string rules_of(int score, std::string_view bad) {
  std::string text = fmt::format(
      "event e {{ k: string  n: int }}\nlist bad: string = [\"{}\"]\nfeature seen = count() from e by e.k over 1h\n"
      "rule one on e {{ id \"ONE\" when e.k in bad score {} because \"{{seen}}\" mode live }}\n",
      bad, score);
  for (int i = 0; i < 60; ++i)
    text += fmt::format("rule r{0} on e {{ id \"R{0}\" when e.n > {0} && seen > 2 score 1000 mode live }}\n", i + 1000);
  return text;
}

double score_of(weir_session* session, weir_event* event, std::string_view key) {
  weir_error err = WEIR_INIT(weir_error);
  const Verdict verdict =
      evaluate(session, event, fmt::format(R"({{"time":"2026-01-01T00:00:00Z","k":"{}","n":1}})", key), &err);
  weir_verdict_info info = WEIR_INIT(weir_verdict_info);
  if (verdict == nullptr || weir_verdict_get(verdict.get(), &info) != WEIR_OK) return -1;
  return info.score;
}

int exit_code_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

// A child goes on with what its parent has, and with a state of its own from then on.
int child_goes_on(const weir_ruleset* rules, weir_session* session, weir_event* event, bool may_compile) {
  alarm(120);  // a lock that nobody holds any more shows as this
  if (score_of(session, event, "evil") != 5) return 1;
  if (score_of(session, event, "good") != 0) return 2;
  const Session fresh = make_session(rules);
  if (score_of(fresh.get(), event, "evil") != 5) return 3;
  const Engine engine = make_engine();
  const Rules more = compile(engine.get(), rules_of(9, "worse"), WEIR_TIER_AUTO);
  const Event other = make_event(more.get());
  if (score_of(make_session(more.get()).get(), other.get(), "worse") != 9) return 4;
  if (weir_ruleset_wait_native(more.get(), 100'000) != 1) return 5;
  const bool native = weir_ruleset_tier(more.get()) == WEIR_TIER_NATIVE;
  if (native != may_compile) return 6;
  if (!may_compile && view(weir_ruleset_tier_note(more.get())).empty()) return 7;
  if (score_of(make_session(more.get()).get(), other.get(), "worse") != 9) return 8;
  return 0;
}

TEST(Fork, WithNothingUnderWay) {
  WEIR_SKIP_IF_FORKS_ARE_NOT_FOLLOWED();
  const Engine engine = make_engine();
  for (const uint32_t tier : {WEIR_TIER_INTERPRETER, WEIR_TIER_AUTO}) {
    const Rules rules = compile(engine.get(), rules_of(5, "evil"), tier);
    weir_ruleset_wait_native(rules.get(), 600'000);
    const Session session = make_session(rules.get());
    const Event event = make_event(rules.get());
    EXPECT_EQ(score_of(session.get(), event.get(), "evil"), 5);
    while (threads() > 1) usleep(1000);  // the one which compiled is about to go
    const pid_t child = fork();
    if (child == 0) _exit(child_goes_on(rules.get(), session.get(), event.get(), has_native()));
    EXPECT_EQ(exit_code_of(child), 0);
    EXPECT_EQ(score_of(session.get(), event.get(), "evil"), 5);
  }
}

TEST(Fork, WhileNativeCodeIsCompiled) {
  WEIR_SKIP_IF_FORKS_ARE_NOT_FOLLOWED();
  if (!has_native()) GTEST_SKIP() << "no native tier";
  const Engine engine = make_engine();
  for (int i = 0; i < 5; ++i) {
    const Rules rules = compile(engine.get(), rules_of(5, "evil"), WEIR_TIER_AUTO);
    const Session session = make_session(rules.get());
    const Event event = make_event(rules.get());
    usleep(static_cast<useconds_t>(i * 3000));
    weir_tier_status status = WEIR_INIT(weir_tier_status);
    weir_ruleset_get_tier_status(rules.get(), &status);
    const bool compiling = status.native == WEIR_NATIVE_WAITING || status.native == WEIR_NATIVE_COMPILING;
    if (!compiling) continue;
    const pid_t child = fork();
    if (child == 0) {
      const int code = child_goes_on(rules.get(), session.get(), event.get(), false);
      // Between the question and the fork it may have got through.
      _exit(code == 6 ? child_goes_on(rules.get(), session.get(), event.get(), true) : code);
    }
    EXPECT_EQ(exit_code_of(child), 0) << i;
    EXPECT_EQ(weir_ruleset_wait_native(rules.get(), 600'000), 1);
    EXPECT_EQ(weir_ruleset_tier(rules.get()), WEIR_TIER_NATIVE) << "the parent's is not touched";
    EXPECT_EQ(score_of(session.get(), event.get(), "evil"), 5);
  }
}

// The same names, other meanings: nothing passes from one to the other.
TEST(Life, TwoEngines) {
  const Engine a = make_engine(), b = make_engine();
  const Rules rules_a = compile(a.get(), rules_of(5, "evil"), WEIR_TIER_AUTO);
  Rules rules_b = compile(b.get(), rules_of(7, "good"), WEIR_TIER_AUTO);
  const Session in_a = make_session(rules_a.get());
  Session in_b = make_session(rules_b.get());
  const Event of_a = make_event(rules_a.get());
  Event of_b = make_event(rules_b.get());
  const auto because = [](weir_session* session, weir_event* event, std::string_view key, const char* time) {
    weir_error err = WEIR_INIT(weir_error);
    const Verdict v = evaluate(session, event, fmt::format(R"({{"time":"{}","k":"{}","n":0}})", time, key), &err);
    weir_hit hit = WEIR_INIT(weir_hit);
    return v != nullptr && weir_verdict_hit(v.get(), 0, &hit) == WEIR_OK ? std::string(view(hit.because)) : "";
  };
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(because(in_a.get(), of_a.get(), "evil", "2026-01-01T00:00:00Z"), std::to_string(i + 1));
    ASSERT_EQ(because(in_b.get(), of_b.get(), "evil", "2026-01-01T00:00:00Z"), "");
    ASSERT_EQ(because(in_b.get(), of_b.get(), "good", "2026-01-01T00:00:00Z"), std::to_string(i + 1));
    ASSERT_EQ(because(in_a.get(), of_a.get(), "good", "2026-01-01T00:00:00Z"), "");
    if (i != 100) continue;
    weir_ruleset_wait_native(rules_a.get(), 600'000);  // and one in a tier that the other may not be in
  }
  // An event of one is taken by the other as what it is: the same fields.
  weir_error err = WEIR_INIT(weir_error);
  const std::string text = R"({"time":"2026-01-01T00:00:01Z","k":"evil","n":0})";
  ASSERT_EQ(weir_event_read_json(of_b.get(), str(text), &err), WEIR_OK);
  weir_verdict* verdict = nullptr;
  ASSERT_EQ(weir_session_eval(in_a.get(), of_b.get(), nullptr, &verdict, &err), WEIR_OK) << err.message;
  weir_verdict_info info = WEIR_INIT(weir_verdict_info);
  weir_verdict_get(verdict, &info);
  EXPECT_EQ(info.score, 5);
  weir_verdict_release(verdict);
  of_b.reset();
  in_b.reset();
  rules_b.reset();
  EXPECT_EQ(because(in_a.get(), of_a.get(), "evil", "2026-01-01T00:00:02Z"), "202");
}

}  // namespace
}  // namespace weir::faults
