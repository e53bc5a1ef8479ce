// Recovery: whatever happens to the process or to the files, what was acknowledged is there, or its loss is reported.
#include "runtime/durable/state_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "runtime/engine/apply_change.h"
#include "tests/unit/engine/state_stream.h"

namespace weir::durable {
namespace {

namespace fs = std::filesystem;
using engine::Event;
using engine::Rules;
using engine::Session;
using engine::SessionOptions;
using testing::HasSubstr;

class Directory : public testing::Test {
 protected:
  Directory() : path_((fs::temp_directory_path() / ("weir-state-" + std::to_string(::getpid()))).string()) {
    fs::remove_all(path_);
    options_.max_state_bytes = 400'000;
  }
  ~Directory() override { fs::remove_all(path_); }

  std::unique_ptr<StateDirectory> open(const DirectoryOptions& options = {}) {
    auto directory = StateDirectory::open(path_, options);
    EXPECT_TRUE(directory.ok()) << directory.status();
    return directory.ok() ? *std::move(directory) : nullptr;
  }

  // Logs and evaluates events; a snapshot after each one whose number is in `snapshots`.
  static void feed(StateDirectory& directory, Session& session, const std::vector<Event>& events, size_t from,
                   size_t to, size_t snapshot_every) {
    for (size_t i = from; i < to; ++i) {
      engine::Row row(session.rules().program(), events[i]);
      ASSERT_TRUE(directory.append_event(row.type(), row.slots()).ok());
      session.evaluate(row.type(), row.slots());
      ASSERT_TRUE(directory.commit().ok());
      if ((i + 1) % snapshot_every == 0) {
        ASSERT_TRUE(directory.snapshot(session.state()).ok());
      }
    }
    ASSERT_TRUE(directory.wait().ok());
  }

  // The bytes of a state that has seen the first n events.
  std::string reference(const std::shared_ptr<const Rules>& rules, const std::vector<Event>& events, size_t n) const {
    auto state = std::make_shared<engine::State>(rules->program_ptr(), engine::state_options(options_));
    Session session(rules, state, options_);
    for (size_t i = 0; i < n; ++i) engine::evaluate(session, events[i]);
    return engine::all_bytes(engine::save_state(state));
  }

  std::vector<std::string> files(std::string_view prefix) const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      if (name.substr(0, prefix.size()) == prefix && entry.path().extension() == ".weir") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  static void flip(const std::string& path, size_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char c = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(c);
  }

  const std::string path_;
  SessionOptions options_;
};

TEST_F(Directory, RecoversFromSnapshotAndLogAndGoesOn) {
  const auto rules = engine::load(engine::all_features());
  ASSERT_NE(rules, nullptr);
  const std::vector<Event> events = engine::random_stream(500, 11);
  size_t done = 0;
  for (const size_t to : {70, 130, 131, 131, 400, 500}) {
    auto directory = open();
    Recovery recovery;
    auto state = directory->recover(rules, options_, &recovery);
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(recovery.sequence, done);
    EXPECT_TRUE(recovery.warnings.empty());
    ASSERT_TRUE(engine::all_bytes(engine::save_state(*state)) == reference(rules, events, done)) << done;
    Session session(rules, *state, options_);
    feed(*directory, session, events, done, to, 60);
    done = to;
    EXPECT_EQ(StateDirectory::open(path_, {}).status().code(), absl::StatusCode::kAborted);
  }
  EXPECT_EQ(files("snapshot-").size(), 2u);
  EXPECT_LE(files("log-").size(), 4u);
}

TEST_F(Directory, GoesBackToTheSnapshotBeforeABrokenOne) {
  const auto rules = engine::load(engine::all_features());
  ASSERT_NE(rules, nullptr);
  const std::vector<Event> events = engine::random_stream(100, 12);
  {
    auto directory = open();
    Recovery recovery;
    auto state = directory->recover(rules, options_, &recovery);
    ASSERT_TRUE(state.ok());
    Session session(rules, *state, options_);
    feed(*directory, session, events, 0, 100, 30);
  }
  const std::string want = reference(rules, events, 100);
  const std::vector<std::string> snapshots = files("snapshot-");
  ASSERT_EQ(snapshots.size(), 2u);
  const fs::path saved = path_ + "-saved";
  fs::remove_all(saved);
  fs::copy(path_, saved, fs::copy_options::recursive);
  const auto recover = [&](Recovery* recovery) {
    auto directory = open();
    auto state = directory->recover(rules, options_, recovery);
    return state.ok() ? engine::all_bytes(engine::save_state(*state))
                      : "failed: " + std::string(state.status().message());
  };
  const size_t size = fs::file_size(snapshots[1]);
  for (int sample = 0; sample < 12; ++sample) {
    if (sample % 3 == 2) {
      fs::resize_file(snapshots[1], size * static_cast<size_t>(sample) / 12);
    } else {
      flip(snapshots[1], size * static_cast<size_t>(sample) / 12);
    }
    Recovery recovery;
    ASSERT_TRUE(recover(&recovery) == want) << sample;
    EXPECT_EQ(recovery.snapshot, snapshots[0]);
    EXPECT_EQ(recovery.replayed, 40u);
    ASSERT_EQ(recovery.warnings.size(), 1u);
    EXPECT_THAT(recovery.warnings[0], HasSubstr("cannot use snapshot `" + snapshots[1] + "`: "));
    EXPECT_TRUE(fs::exists(snapshots[1] + ".broken"));
    fs::remove_all(path_);
    fs::copy(saved, path_, fs::copy_options::recursive);
  }
  // A damaged log, and a log with a hole.
  const std::vector<std::string> segments = files("log-");
  ASSERT_EQ(segments.size(), 2u);
  flip(segments[1], fs::file_size(segments[1]) / 2);
  Recovery recovery;
  EXPECT_THAT(recover(&recovery), HasSubstr("is damaged, and valid ones come after it"));
  EXPECT_EQ(recovery.snapshot, snapshots[1]);
  flip(segments[1], fs::file_size(segments[1]) / 2);
  ASSERT_TRUE(recover(&recovery) == want);
  flip(snapshots[1], 100);
  fs::remove(segments[0]);
  EXPECT_THAT(recover(&recovery), HasSubstr("inputs 61 to 90 are missing"));
  flip(snapshots[0], 100);
  EXPECT_THAT(recover(&recovery), HasSubstr("none of the snapshots"));
  fs::remove_all(saved);
}

TEST_F(Directory, EventsOfOtherRulesAreReadByTheirFieldsNames) {
  const auto before = engine::load("event e { k: string n: int }\nfeature f = sum(e.n) from e by e.k over 1h\n");
  const auto after = engine::load(
      "event x { a: int }\nevent e { n: int? extra: string? k: string }\n"
      "feature f = sum(e.n) from e by e.k over 1h\n");
  const auto stricter = engine::load("event e { k: string n: string must: int }\n");
  ASSERT_NE(before, nullptr);
  ASSERT_NE(after, nullptr);
  ASSERT_NE(stricter, nullptr);
  const std::vector<Event> events = engine::random_stream(20, 13);
  {
    auto directory = open();
    Recovery recovery;
    auto state = directory->recover(before, options_, &recovery);
    ASSERT_TRUE(state.ok());
    Session session(before, *state, options_);
    feed(*directory, session, events, 0, 20, 100);
  }
  for (const auto& [rules, refused] : {std::pair(after, 0u), std::pair(stricter, 20u)}) {
    auto directory = open();
    Recovery recovery;
    auto state = directory->recover(rules, options_, &recovery);
    ASSERT_TRUE(state.ok());
    EXPECT_EQ(recovery.replayed, 20u);
    EXPECT_EQ(recovery.refused, refused);
    if (refused == 0) {
      EXPECT_EQ((*state)->feature(0).counters().added, 20u);
    }
  }
}

// --- kill -9

const char kCrashRules[] = R"(
entity Account: string
event e { k: Account n: int d: double s: string tags: list<string> m: map<string, int>? }
label seen on Account max 1m
feature a = count() from e by e.k over 1m every 1s
feature b = distinct(e.s) from e by e.k over 1h
feature c = mean(e.d) from e by e.k over last 5
feature d = max(e.s) from e each t in e.tags by t over all
list texts: string = ["text 1"]
rule labels on e { id "1" when e.n > 40 then { label e.k as seen for 20s } mode live }
rule once on e { id "2" when e.n > 10 && "seen" in labels(e.k) score 3 once per e.k every 15s limit 50 per 1m mode live }
rule listed on e { id "3" when e.s in texts score 1 then { label e.k as seen for 5s } limit 3 per 10s mode live }
)";

// The input of that number, from 0: each seventh is a change by hand, the others are the events in turn.
constexpr uint64_t kChangeEvery = 7;
bool is_change(uint64_t input) { return input % kChangeEvery == 3; }
const Event& event_of(const std::vector<Event>& events, uint64_t input) {
  return events[input - (input + kChangeEvery - 4) / kChangeEvery];
}
engine::StateChange change_of(const std::vector<Event>& events, uint64_t input) {
  using engine::ChangeKind;
  const Event& next = event_of(events, input + 1);
  engine::StateChange change;
  change.kind = static_cast<ChangeKind>(input / kChangeEvery % engine::kChangeKindCount);
  change.time_nanos = next.time;
  change.until_nanos = next.time + 3'000'000'000;
  change.by = "ann";
  change.reason = next.id;
  switch (change.kind) {
    case ChangeKind::kSetLabel:
    case ChangeKind::kClearLabel:
      change.name = "seen";
      change.has_key = true;
      change.key = next.key;
      break;
    case ChangeKind::kSnooze:
    case ChangeKind::kEndSnooze:
      change.name = "2";
      change.has_key = input % 2 == 0;
      if (change.has_key) change.key = next.key;
      break;
    case ChangeKind::kResetLimit:
      change.name = "3";
      break;
    case ChangeKind::kReplaceList:
    case ChangeKind::kAddToList:
    case ChangeKind::kRemoveFromList:
      change.name = "texts";
      change.values = {next.text, "text " + std::to_string(input % 40)};
      break;
  }
  return change;
}

constexpr size_t kCrashes = 200;
constexpr size_t kEvents = 40'000;

// Evaluates from where the directory stands, and acknowledges each event on the pipe, until it is killed.
[[noreturn]] void child(const std::string& path, const std::shared_ptr<const Rules>& rules,
                        const SessionOptions& options, const std::vector<Event>& events, Sync sync, int pipe) {
  DirectoryOptions how;
  how.sync = {sync, std::chrono::milliseconds(1)};
  auto directory = StateDirectory::open(path, how);
  if (!directory.ok()) ::_exit(2);
  Recovery recovery;
  auto state = (*directory)->recover(rules, options, &recovery);
  if (!state.ok()) ::_exit(3);
  Session session(rules, *state, options);
  for (uint64_t i = recovery.sequence; i < events.size(); ++i) {
    if (is_change(i)) {
      const engine::StateChange change = change_of(events, i);
      if (!engine::apply(**state, change).ok() || !(*directory)->append_change(change).ok()) ::_exit(9);
    } else {
      engine::Row row(rules->program(), event_of(events, i));
      if (!(*directory)->append_event(row.type(), row.slots()).ok()) ::_exit(4);
      session.evaluate(row.type(), row.slots());
    }
    if (!(*directory)->commit().ok()) ::_exit(5);
    const uint64_t acknowledged = i + 1;
    if (::write(pipe, &acknowledged, sizeof(acknowledged)) != sizeof(acknowledged)) ::_exit(6);
    if ((i + 1) % 23 == 0 && !(*directory)->snapshot(*state).ok()) ::_exit(7);
  }
  ::_exit(8);
}

TEST_F(Directory, KilledAtAnyPointItLosesNothingThatWasAcknowledged) {
  const auto rules = engine::load(kCrashRules);
  ASSERT_NE(rules, nullptr);
  const std::vector<Event> events = engine::random_stream(kEvents, 14);
  auto reference = std::make_shared<engine::State>(rules->program_ptr(), engine::state_options(options_));
  Session replay(rules, reference, options_);
  uint64_t replayed = 0, cut = 0;
  std::mt19937 random(15);
  for (size_t crash = 0; crash < kCrashes; ++crash) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::close(ends[0]);
      child(path_, rules, options_, events, static_cast<Sync>(crash % 3), ends[1]);
    }
    ::close(ends[1]);
    const uint64_t wanted = random() % 60;  // acknowledgements before the kill
    uint64_t acknowledged = 0, seen = 0, value = 0;
    while (seen < wanted && ::read(ends[0], &value, sizeof(value)) == sizeof(value)) {
      acknowledged = value;
      ++seen;
    }
    ::usleep(static_cast<useconds_t>(random() % 3000));
    ::kill(pid, SIGKILL);
    while (::read(ends[0], &value, sizeof(value)) == sizeof(value)) acknowledged = value;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);

    auto directory = open();
    Recovery recovery;
    auto state = directory->recover(rules, options_, &recovery);
    ASSERT_TRUE(state.ok()) << crash << ": " << state.status();
    EXPECT_THAT(recovery.warnings, testing::IsEmpty());
    ASSERT_GE(recovery.sequence, acknowledged) << crash;
    ASSERT_GE(recovery.sequence, replayed) << crash;
    cut += recovery.cut_bytes > 0;
    EXPECT_EQ(recovery.refused, 0u) << crash;
    for (; replayed < recovery.sequence; ++replayed) {
      if (is_change(replayed)) {
        ASSERT_TRUE(engine::apply(*reference, change_of(events, replayed)).ok()) << replayed;
      } else {
        engine::evaluate(replay, event_of(events, replayed));
      }
    }
    ASSERT_TRUE(engine::all_bytes(engine::save_state(*state)) == engine::all_bytes(engine::save_state(reference)))
        << crash;
  }
  RecordProperty("events", static_cast<int>(replayed));
  RecordProperty("torn_tails", static_cast<int>(cut));
  EXPECT_GT(replayed, kCrashes);
}

}  // namespace
}  // namespace weir::durable
