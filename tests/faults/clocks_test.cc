// Clocks that jump: the wall clock, which decides nothing, and the events' own, which decides everything.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/faults/host.h"

namespace {
std::atomic<int64_t> ahead{0};  // s, of the wall clock
}

// The clock of this process, libweir's too.
extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, id, out));
  if (id == CLOCK_REALTIME) out->tv_sec += ahead;
  return result;
}
extern "C" time_t time(time_t* out) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

namespace weir::faults {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kYear = 365 * 86'400;

constexpr std::string_view kRules =
    "event e { k: string }\n"
    "feature seen = count() from e by e.k over 1h\n"
    "rule told on e { id \"T\" when seen > 0 limit 3 per 1h because \"{seen}\" mode live }\n";

std::string json(std::string_view time) { return fmt::format(R"({{"time":"{}","k":"a"}})", time); }

std::string because(weir_session* session, weir_event* event, std::string_view time) {
  weir_error err = WEIR_INIT(weir_error);
  const Verdict verdict = evaluate(session, event, json(time), &err);
  weir_hit hit = WEIR_INIT(weir_hit);
  if (verdict == nullptr) return err.message;
  if (weir_verdict_hit(verdict.get(), 0, &hit) != WEIR_OK) return "nothing";
  return hit.outcome == WEIR_OUTCOME_FIRED ? std::string(view(hit.because)) : fmt::format("outcome {}", hit.outcome);
}

class WallClock : public testing::Test {
 protected:
  void TearDown() override { ahead = 0; }
};

TEST_F(WallClock, DecidesNothing) {
  const Engine engine = make_engine();
  const Rules rules = compile(engine.get(), kRules);
  const auto run = [&](auto jump) {
    const Session session = make_session(rules.get());
    const Event event = make_event(rules.get());
    std::string out;
    for (int i = 0; i < 20; ++i) {
      jump(i);
      out += verdict_of(session.get(), event.get(), json(fmt::format("2026-01-01T0{}:{:02}:00Z", i / 10, i % 10)));
    }
    return out;
  };
  const std::string expected = run([](int) {});
  EXPECT_EQ(run([](int i) { ahead = (i % 2 == 0 ? 1 : -1) * i * kYear; }), expected);
}

TEST_F(WallClock, StatusTellsWhatItSaid) {
  const Engine engine = make_engine();
  const Rules rules = compile(engine.get(), kRules);
  weir_slot* made = nullptr;
  ASSERT_EQ(weir_slot_create(engine.get(), nullptr, 0, &made, nullptr), WEIR_OK);
  const Slot slot(made);
  uint64_t generation = 0;
  for (const int64_t years : {0, -40, 80}) {
    ahead = years * kYear;
    ASSERT_EQ(weir_slot_publish(slot.get(), rules.get(), generation, &generation, nullptr), WEIR_OK);
    weir_slot_status* status = nullptr;
    ASSERT_EQ(weir_slot_get_status(slot.get(), &status, nullptr), WEIR_OK);
    weir_slot_info info = WEIR_INIT(weir_slot_info);
    weir_slot_status_get(status, &info);
    EXPECT_NEAR(static_cast<double>(info.published_s), static_cast<double>(::time(nullptr)), 60);
    EXPECT_EQ(info.generation, generation);
    weir_slot_status_release(status);
  }
}

TEST_F(WallClock, WatchesGoOn) {
  std::string root = (fs::temp_directory_path() / "weir_faults_XXXXXX").string();
  ASSERT_NE(mkdtemp(root.data()), nullptr);
  const auto write = [&](int n) {
    std::ofstream(root + "/a.weir") << kRules << std::string(static_cast<size_t>(n), '\n');
  };
  write(0);
  const Engine engine = make_engine();
  weir_slot* made = nullptr;
  ASSERT_EQ(weir_slot_create(engine.get(), nullptr, 0, &made, nullptr), WEIR_OK);
  const Slot slot(made);
  weir_watch_options options = WEIR_INIT(weir_watch_options);
  options.settle_ms = 20;
  options.poll_ms = 50;
  const weir_str path = str(root);
  weir_watch* watch = nullptr;
  weir_error err = WEIR_INIT(weir_error);
  ASSERT_EQ(weir_slot_watch(slot.get(), &path, 1, &options, nullptr, &watch, &err), WEIR_OK) << err.message;
  const auto reaches = [&](uint64_t generation) {
    for (int i = 0; i < 3000 && weir_slot_generation(slot.get()) < generation; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return weir_slot_generation(slot.get()) >= generation;
  };
  EXPECT_TRUE(reaches(1));
  uint64_t generation = 1;
  for (const int64_t years : {-30, 50, 0}) {
    ahead = years * kYear;
    write(static_cast<int>(generation));
    EXPECT_TRUE(reaches(++generation)) << years;
  }
  weir_watch_release(watch);
  fs::remove_all(root);
}

TEST_F(WallClock, TimeLimitsHold) {
  const Engine engine = make_engine();
  const Rules rules = compile(engine.get(), kRules);
  const Session session = make_session(rules.get());
  const Event event = make_event(rules.get());
  std::atomic<bool> done{false};
  std::thread jumping([&] {
    for (int i = 0; !done; ++i) ahead = (i % 2 == 0 ? 1 : -1) * kYear;
  });
  weir_eval_options options = WEIR_INIT(weir_eval_options);
  options.timeout_ns = uint64_t{600} * 1'000'000'000;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = json("2026-01-01T00:00:00Z");
    ASSERT_EQ(weir_event_read_json(event.get(), str(text), nullptr), WEIR_OK);
    weir_verdict* verdict = nullptr;
    ASSERT_EQ(weir_session_eval(session.get(), event.get(), &options, &verdict, nullptr), WEIR_OK);
    weir_verdict_release(verdict);
  }
  done = true;
  jumping.join();
}

// One event from a clock that is wrong does not make the others late, nor hold a rule back for ever.
TEST(EventClock, JumpsForwardAndBack) {
  const Engine engine = make_engine();
  const Rules rules = compile(engine.get(), kRules);
  const Session session = make_session(rules.get());
  const Event event = make_event(rules.get());
  EXPECT_EQ(because(session.get(), event.get(), "2026-01-01T00:00:00Z"), "1");
  EXPECT_EQ(because(session.get(), event.get(), "2126-01-01T00:00:00Z"), "1");  // a hundred years ahead, alone
  EXPECT_EQ(because(session.get(), event.get(), "2026-01-01T00:01:00Z"), "2");
  EXPECT_EQ(because(session.get(), event.get(), "1926-01-01T00:00:00Z"), "nothing");  // too late to count
  EXPECT_EQ(because(session.get(), event.get(), "0001-01-01T00:00:00Z"), "nothing");
  EXPECT_EQ(because(session.get(), event.get(), "9999-12-31T23:59:59Z"), "1");
  EXPECT_EQ(because(session.get(), event.get(), "2026-01-01T00:02:00Z"), "3");
  // What a lone event in the far future has counted for `limit` does not hold the rule back today.
  EXPECT_EQ(because(session.get(), event.get(), "2026-01-01T02:00:00Z"), "1");
}

}  // namespace
}  // namespace weir::faults
