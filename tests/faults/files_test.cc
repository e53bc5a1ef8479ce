// Disks that are full or not to be written, files that are damaged or never end: what was there stays, what is refused
// says why, and no verdict is wrong.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/faults/host.h"

namespace weir::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRules =
    "event e { k: string  n: int }\n"
    "feature seen = count() from e by e.k over 30d\n"
    "rule told on e { id \"T\" when seen > 0 because \"{seen}\" mode live }\n"
    "rule high on e { id \"H\" when e.n > 100 score 7 because \"high\" mode live }\n";

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void write(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string json(int i) {
  return fmt::format(R"({{"time":"2026-01-01T00:{:02}:{:02}Z","k":"k{}","n":{}}})", i / 60 % 60, i % 60, i % 50, i);
}

// Files cannot grow beyond so many bytes, as on a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit tight = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_;
};

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "weir_faults_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    engine_ = make_engine();
    rules_ = compile(engine_.get(), kRules);
  }
  void TearDown() override { fs::remove_all(root_); }

  // A session that has seen the first `events` events.
  Session session_after(int events) {
    Session session = make_session(rules_.get());
    feed(session.get(), 0, events);
    return session;
  }
  void feed(weir_session* session, int from, int to) {
    const Event event = make_event(rules_.get());
    for (int i = from; i < to; ++i) (void)verdict_of(session, event.get(), json(i));
  }
  std::string verdict(weir_session* session, int i) {
    const Event event = make_event(rules_.get());
    return verdict_of(session, event.get(), json(i));
  }
  weir_status evaluate_one(weir_session* session, int i) {
    weir_error err = WEIR_INIT(weir_error);
    const Event event = make_event(rules_.get());
    const Verdict v = evaluate(session, event.get(), json(i), &err);
    EXPECT_EQ(v != nullptr, err.code == WEIR_OK);
    return err.code;
  }
  weir_status keep(weir_session* session, const fs::path& directory, uint64_t* inputs, std::string* message = nullptr) {
    weir_keep_options options = WEIR_INIT(weir_keep_options);
    options.sync = WEIR_SYNC_SYSTEM;
    weir_recovery recovery = WEIR_INIT(weir_recovery);
    weir_error err = WEIR_INIT(weir_error);
    const weir_status status = weir_session_keep(session, str(directory.native()), &options, &recovery, &err);
    if (inputs != nullptr) *inputs = recovery.inputs;
    if (message != nullptr) *message = std::string(err.message) + std::string(view(recovery.warnings));
    return status;
  }

  fs::path root_;
  Engine engine_;
  Rules rules_;
};

TEST_F(Files, SnapshotOnAFullDisk) {
  const Session session = session_after(500);
  const fs::path path = root_ / "snapshot";
  const std::string name = path.string();
  weir_error err = WEIR_INIT(weir_error);
  ASSERT_EQ(weir_session_snapshot(session.get(), str(name), &err), WEIR_OK) << err.message;
  const std::string whole = read(path);
  feed(session.get(), 500, 600);
  for (rlim_t room = 0; room < whole.size(); room += 1 + whole.size() / 12) {
    const FullDisk full(room);
    EXPECT_EQ(weir_session_snapshot(session.get(), str(name), &err), WEIR_E_IO) << room;
    EXPECT_NE(std::string_view(err.message).find("File too large"), std::string_view::npos) << err.message;
    EXPECT_EQ(err.retriable, 1);
    EXPECT_EQ(read(path), whole) << "the one before is still there";
    EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
  }
  EXPECT_EQ(weir_session_snapshot(session.get(), str(name), &err), WEIR_OK) << err.message;
  const Session restored = make_session(rules_.get());
  ASSERT_EQ(weir_session_restore(restored.get(), str(name), &err), WEIR_OK) << err.message;
  EXPECT_EQ(verdict(restored.get(), 600), verdict(session.get(), 600));
}

TEST_F(Files, LogOnAFullDisk) {
  const fs::path directory = root_ / "state";
  int told = 0;
  {
    const Session session = make_session(rules_.get());
    ASSERT_EQ(keep(session.get(), directory, nullptr), WEIR_OK);
    const FullDisk full(4096);
    while (told < 1000 && evaluate_one(session.get(), told) == WEIR_OK) ++told;
    ASSERT_GT(told, 20);
    ASSERT_LT(told, 1000);
    // The state does not get ahead of what a restart would find.
    for (int i = 0; i < 5; ++i) EXPECT_EQ(evaluate_one(session.get(), i), WEIR_E_IO);
    weir_error err = WEIR_INIT(weir_error);
    EXPECT_EQ(weir_session_checkpoint(session.get(), &err), WEIR_E_IO);
  }
  const Session session = make_session(rules_.get());
  uint64_t inputs = 0;
  std::string message;
  ASSERT_EQ(keep(session.get(), directory, &inputs, &message), WEIR_OK) << message;
  EXPECT_EQ(inputs, static_cast<uint64_t>(told))
      << "of what a verdict was given on nothing is lost, and nothing is added";
  EXPECT_EQ(verdict(session.get(), told), verdict(session_after(told).get(), told));
}

TEST_F(Files, CheckpointOnAFullDisk) {
  const fs::path directory = root_ / "state";
  {
    const Session session = make_session(rules_.get());
    ASSERT_EQ(keep(session.get(), directory, nullptr), WEIR_OK);
    feed(session.get(), 0, 300);
    weir_error err = WEIR_INIT(weir_error);
    ASSERT_EQ(weir_session_checkpoint(session.get(), &err), WEIR_OK) << err.message;
    feed(session.get(), 300, 320);
    {
      const FullDisk full(1000);
      EXPECT_EQ(weir_session_checkpoint(session.get(), &err), WEIR_E_IO);
    }
    feed(session.get(), 320, 330);  // the log goes on
    ASSERT_EQ(weir_session_checkpoint(session.get(), &err), WEIR_OK) << err.message;
  }
  const Session session = make_session(rules_.get());
  uint64_t inputs = 0;
  ASSERT_EQ(keep(session.get(), directory, &inputs), WEIR_OK);
  EXPECT_EQ(inputs, 330u);
}

TEST_F(Files, NativeCacheOnAFullDisk) {
  if (std::string_view(weir_build_info()).find("native") == std::string_view::npos) GTEST_SKIP() << "no native tier";
  const std::string cache = (root_ / "cache").string();
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  options.abi = WEIR_ABI;
  options.native_cache = str(cache);
  const Engine engine = make_engine(&options);
  const FullDisk full(100);
  const Rules rules = compile(engine.get(), kRules, WEIR_TIER_NATIVE);
  EXPECT_EQ(weir_ruleset_tier(rules.get()), WEIR_TIER_NATIVE);
  const Session session = make_session(rules.get());
  EXPECT_EQ(verdict(session.get(), 101), verdict(make_session(rules_.get()).get(), 101));
  for (const auto& file : fs::directory_iterator(cache)) ADD_FAILURE() << "left behind: " << file.path();
}

// A real one, of 256 kB, that is also made read-only: in a mount namespace of its own, where that is allowed.
TEST_F(Files, SmallAndReadOnlyFileSystem) {
  WEIR_SKIP_IF_FORKS_ARE_NOT_FOLLOWED();
  const fs::path mounted = root_ / "mounted";
  fs::create_directory(mounted);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", mounted.c_str(), "tmpfs", 0, "size=256k") != 0)
      _exit(77);
    int told = 0;
    {
      const Session session = make_session(rules_.get());
      if (keep(session.get(), mounted / "state", nullptr) != WEIR_OK) _exit(2);
      while (told < 100'000 && evaluate_one(session.get(), told) == WEIR_OK) ++told;
      if (told < 100 || told == 100'000) _exit(3);
      if (evaluate_one(session.get(), 0) != WEIR_E_IO) _exit(4);
    }
    if (mount("none", mounted.c_str(), "tmpfs", MS_REMOUNT, "size=4m") != 0) _exit(5);
    {
      const Session session = make_session(rules_.get());
      uint64_t inputs = 0;
      if (keep(session.get(), mounted / "state", &inputs) != WEIR_OK) _exit(6);
      if (inputs != static_cast<uint64_t>(told)) _exit(7);
    }
    if (mount("none", mounted.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) != 0) _exit(8);
    const Session session = make_session(rules_.get());
    weir_error err = WEIR_INIT(weir_error);
    const std::string snapshot = (mounted / "snapshot").string();
    if (weir_session_snapshot(session.get(), str(snapshot), &err) != WEIR_E_IO) _exit(9);
    std::string message;
    if (keep(session.get(), mounted / "state", nullptr, &message) != WEIR_E_IO) _exit(10);
    if (message.find("Read-only file system") == std::string::npos) _exit(11);
    if (evaluate_one(session.get(), 1) != WEIR_OK) _exit(12);  // and is as it was
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "nothing can be mounted here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(Files, PlacesThatCannotBeWritten) {
  write(root_ / "file", "");
  const Session session = session_after(3);
  const std::string before = verdict(session.get(), 3);
  weir_error err = WEIR_INIT(weir_error);
  for (const std::string path :
       {(root_ / "file" / "x").string(), std::string("/proc/weir"), std::string("/dev/full/x")}) {
    EXPECT_EQ(weir_session_snapshot(session.get(), str(path), &err), WEIR_E_IO) << path;
    EXPECT_EQ(keep(session.get(), path, nullptr), WEIR_E_IO) << path;
    EXPECT_EQ(weir_session_restore(session.get(), str(path), &err), WEIR_E_IO) << path;
  }
  EXPECT_NE(verdict(session.get(), 3), before) << "the state went on";
}

TEST_F(Files, EveryDamageToASnapshotIsNoticed) {
  const Session session = session_after(100);
  const fs::path path = root_ / "snapshot";
  const std::string name = path.string();
  weir_error err = WEIR_INIT(weir_error);
  ASSERT_EQ(weir_session_snapshot(session.get(), str(name), &err), WEIR_OK);
  const std::string whole = read(path);
  const Session other = session_after(10);
  const auto refused = [&](const std::string& bytes, const std::string& what) {
    write(path, bytes);
    err = WEIR_INIT(weir_error);
    EXPECT_EQ(weir_session_restore(other.get(), str(name), &err), WEIR_E_DATA) << what;
    EXPECT_NE(err.message[0], '\0');
  };
  for (size_t at = 0; at < whole.size(); at += at < 256 ? 1 : 13) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    refused(damaged, fmt::format("byte {}", at));
  }
  for (size_t size = 0; size < whole.size(); size += 64) refused(whole.substr(0, size), fmt::format("cut to {}", size));
  refused(whole + '\0', "longer");
  EXPECT_EQ(verdict(other.get(), 10), verdict(session_after(10).get(), 10)) << "the session is as it was";
}

// A directory whose files were damaged is taken up without loss, or refused: never as if less had happened, unless it
// is the end of the log, which a crash may cut off.
TEST_F(Files, EveryDamageToAStateDirectoryIsNoticed) {
  const fs::path good = root_ / "good", bad = root_ / "bad";
  {
    const Session session = make_session(rules_.get());
    ASSERT_EQ(keep(session.get(), good, nullptr), WEIR_OK);
    for (int part = 0; part < 3; ++part) {
      feed(session.get(), part * 40, part * 40 + 40);
      if (part < 2) ASSERT_EQ(weir_session_checkpoint(session.get(), nullptr), WEIR_OK);
    }
  }
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(good)) files.push_back(file.path().filename());
  int refused = 0, whole = 0, cut = 0;
  for (const fs::path& name : files) {
    const std::string bytes = read(good / name);
    for (size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 25) {
      for (const bool truncate : {false, true}) {
        SCOPED_TRACE(fmt::format("{} {} {}", name.string(), truncate ? "cut to" : "byte", at));
        fs::remove_all(bad);
        fs::copy(good, bad);
        std::string damaged = bytes;
        if (truncate)
          damaged.resize(at);
        else
          damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
        write(bad / name, damaged);
        const Session session = make_session(rules_.get());
        uint64_t inputs = 0;
        std::string message;
        const weir_status status = keep(session.get(), bad, &inputs, &message);
        if (status != WEIR_OK) {
          EXPECT_EQ(status, WEIR_E_DATA) << message;
          EXPECT_FALSE(message.empty());
          ++refused;
          continue;
        }
        ASSERT_LE(inputs, 120u);
        ASSERT_GE(inputs, 80u);  // the snapshots hold so many
        (inputs == 120 ? whole : cut) += 1;
        EXPECT_EQ(verdict(session.get(), 200), verdict(session_after(static_cast<int>(inputs)).get(), 200));
      }
    }
  }
  fmt::print("{} refused, {} without loss, {} with a log cut off\n", refused, whole, cut);
  EXPECT_GT(refused, 0);
  EXPECT_GT(whole, 0);
  EXPECT_GT(cut, 0);
}

TEST_F(Files, DamagedNativeCodeIsCompiledAgain) {
  if (std::string_view(weir_build_info()).find("native") == std::string_view::npos) GTEST_SKIP() << "no native tier";
  const fs::path cache = root_ / "cache";
  const std::string name = cache.string();
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  options.abi = WEIR_ABI;
  options.native_cache = str(name);
  const Engine engine = make_engine(&options);
  const auto cached = [](const Rules& rules) {
    weir_tier_status status = WEIR_INIT(weir_tier_status);
    weir_ruleset_get_tier_status(rules.get(), &status);
    EXPECT_EQ(status.tier, WEIR_TIER_NATIVE);
    return status.units_cached;
  };
  EXPECT_EQ(cached(compile(engine.get(), kRules, WEIR_TIER_NATIVE)), 0u);
  const uint32_t units = cached(compile(engine.get(), kRules, WEIR_TIER_NATIVE));
  EXPECT_GT(units, 0u);
  const std::string expected = verdict(make_session(rules_.get()).get(), 101);
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(cache)) files.push_back(file.path());
  for (int trial = 0; trial < 24; ++trial) {
    const fs::path& file = files[static_cast<size_t>(trial) % files.size()];
    std::string bytes = read(file);
    const size_t at = static_cast<size_t>(trial) * 977 % bytes.size();
    if (trial % 3 == 2)
      bytes.resize(at);
    else
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write(file, bytes);
    const Rules rules = compile(engine.get(), kRules, WEIR_TIER_NATIVE);
    EXPECT_EQ(cached(rules), units - 1) << file << " byte " << at;
    EXPECT_EQ(verdict(make_session(rules.get()).get(), 101), expected);
  }
}

// A list that never ends to be read, or is no file, is refused at once and changes nothing.
TEST_F(Files, ListsThatAreNoFiles) {
  write(root_ / "a.weir",
        "event e { k: string }\nlist bad: string from \"bad.txt\"\n"
        "rule r on e { id \"R\" when e.k in bad score 5 because \"bad\" mode live }\n");
  write(root_ / "bad.txt", "evil\n");
  const std::string directory = root_.string();
  const weir_str path = str(directory);
  weir_slot* made = nullptr;
  weir_error err = WEIR_INIT(weir_error);
  ASSERT_EQ(weir_slot_create(engine_.get(), nullptr, 0, &made, &err), WEIR_OK);
  const Slot slot(made);
  uint64_t generation = 0;
  ASSERT_EQ(weir_slot_load(slot.get(), &path, 1, nullptr, 0, &generation, nullptr, &err), WEIR_OK) << err.message;
  const auto refused = [&](const char* what) {
    weir_diags* out = nullptr;
    EXPECT_EQ(weir_slot_load(slot.get(), &path, 1, nullptr, 1, &generation, &out, &err), WEIR_E_COMPILE) << what;
    const Diags diags(out);
    EXPECT_NE(view(weir_diags_text(out)).find("WR0801"), std::string_view::npos) << what;
    EXPECT_EQ(weir_slot_generation(slot.get()), 1u);
  };
  fs::remove(root_ / "bad.txt");
  refused("gone");
  ASSERT_EQ(mkfifo((root_ / "bad.txt").c_str(), 0600), 0);
  refused("a pipe that nobody writes to");
  fs::remove(root_ / "bad.txt");
  fs::create_symlink("/dev/zero", root_ / "bad.txt");
  refused("a device without an end");
  fs::remove(root_ / "bad.txt");
  fs::create_directory(root_ / "bad.txt");
  refused("a directory");
  weir_ruleset* pinned = nullptr;
  ASSERT_EQ(weir_slot_pin(slot.get(), &pinned, nullptr, &err), WEIR_OK);
  const Rules rules(pinned);
  const Event event = make_event(pinned);
  const Session session = make_session(pinned);
  EXPECT_NE(verdict_of(session.get(), event.get(), R"({"time":"2026-01-01T00:00:00Z","k":"evil"})").find("\"score\":5"),
            std::string::npos);
}

#ifdef WEIR_PROGRAM
// Bundles with a byte changed or the end cut off: refused, signed or not.
TEST_F(Files, EveryDamageToABundleIsNoticed) {
  fs::create_directory(root_ / "pack");
  write(root_ / "pack" / "weir.yaml", "name: pack\n");
  write(root_ / "pack" / "a.weir", kRules);
  const std::string in = "cd " + root_.string() + " && " WEIR_PROGRAM " bundle ";
  ASSERT_EQ(std::system((in + "keygen key").c_str()), 0);
  ASSERT_EQ(std::system((in + "build --rules pack --out unsigned.weirb").c_str()), 0);
  ASSERT_EQ(std::system((in + "build --rules pack --out signed.weirb --key key").c_str()), 0);
  const std::string key = read(root_ / "key.pub");
  const weir_str keys[] = {str(key)};
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  options.abi = WEIR_ABI;
  options.trusted_keys = keys;
  options.trusted_key_count = 1;
  const Engine trusting = make_engine(&options);
  const std::string expected = verdict(make_session(rules_.get()).get(), 101);
  for (const bool is_signed : {false, true}) {
    const std::string whole = read(root_ / (is_signed ? "signed.weirb" : "unsigned.weirb"));
    const weir_engine* engine = is_signed ? trusting.get() : engine_.get();
    const auto load = [&](const std::string& bytes, weir_error* err) {
      weir_ruleset* out = nullptr;
      *err = WEIR_INIT(weir_error);
      EXPECT_EQ(weir_bundle_load(engine, str(bytes), nullptr, &out, nullptr, err), err->code);
      return Rules(out);
    };
    weir_error err;
    ASSERT_NE(load(whole, &err), nullptr) << err.message;
    int taken = 0;
    for (size_t at = 0; at < whole.size(); at += at < 1200 ? 3 : 17) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 7));
      const Rules rules = load(damaged, &err);
      if (rules == nullptr) {
        EXPECT_TRUE(err.code == WEIR_E_DATA || err.code == WEIR_E_TRUST) << err.code << ' ' << err.message;
        EXPECT_NE(err.message[0], '\0');
        continue;
      }
      // Without a signature, who wrote it may say other things of itself, but nothing else in it can have changed.
      ++taken;
      EXPECT_FALSE(is_signed) << "byte " << at;
      EXPECT_EQ(verdict(make_session(rules.get()).get(), 101), expected) << "byte " << at;
    }
    EXPECT_LT(taken, 60);
    for (size_t size = 0; size < whole.size(); size += 64) {
      EXPECT_EQ(load(whole.substr(0, size), &err), nullptr) << size;
      EXPECT_TRUE(err.code == WEIR_E_DATA || err.code == WEIR_E_TRUST) << err.message;
    }
  }
}
#endif

}  // namespace
}  // namespace weir::faults
