#include "runtime/reload/file_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

namespace weir::reload {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "weir-watch-XXXXXX").string();
    root = mkdtemp(name.data());
    rules = root / "rules";
    fs::create_directory(rules);
  }
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  static void write(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::trunc) << text; }
  fs::path root, rules;
};

class Calls {
 public:
  std::function<void()> counter() {
    return [this] {
      const std::lock_guard lock(mutex_);
      ++count_;
      changed_.notify_all();
    };
  }
  bool reach(int count, std::chrono::milliseconds longest = 5s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, longest, [&] { return count_ >= count; });
  }
  int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// By notification nothing but a notification may be in time; without, only the look.
class FileWatchTest : public testing::TestWithParam<bool> {
 protected:
  WatchOptions options() const { return {20ms, GetParam() ? 60s : 30ms, GetParam()}; }
  std::unique_ptr<FileWatch> watch(std::vector<std::string> paths) {
    auto watch = FileWatch::start(std::move(paths), options(), calls.counter(),
                                  [this](const std::string& why) { polling = why; });
    EXPECT_TRUE(watch.ok()) << watch.status();
    EXPECT_TRUE(calls.reach(1));  // what is there
    return *std::move(watch);
  }
  Directory at;
  Calls calls;
  std::string polling;
};

TEST_P(FileWatchTest, TellsOfEveryWayAFileChanges) {
  Directory::write(at.rules / "a.weir", "one");
  fs::create_directory(at.rules / "more");
  const auto watching = watch({at.rules.string()});
  EXPECT_EQ(polling, GetParam() ? "" : "asked to");
  const std::function<void()> changes[] = {
      [&] { Directory::write(at.rules / "a.weir", "two"); },
      [&] { Directory::write(at.rules / "b.weir", "new"); },
      [&] { Directory::write(at.rules / "more" / "c.weir", "below"); },
      [&] {  // as editors save
        Directory::write(at.rules / ".a.weir.swp", "three");
        fs::rename(at.rules / ".a.weir.swp", at.rules / "a.weir");
      },
      [&] { fs::remove(at.rules / "b.weir"); },
      [&] { fs::create_directory(at.rules / "later"); },
      [&] { Directory::write(at.rules / "later" / "d.weir", "in a directory that came later"); },
      [&] { fs::remove_all(at.rules); },
      [&] {
        fs::create_directory(at.rules);
        Directory::write(at.rules / "a.weir", "back");
      },
  };
  int expected = 1;
  for (const auto& change : changes) {
    change();
    EXPECT_TRUE(calls.reach(++expected)) << "change " << expected - 1;
    expected = std::max(expected, calls.count());
  }
}

TEST_P(FileWatchTest, TellsOfASwapOfSymbolicLinks) {
  // As Kubernetes mounts a ConfigMap: rules/a.weir -> ..data/a.weir, rules/..data -> ..1.
  for (const char* version : {"..1", "..2"}) {
    fs::create_directory(at.rules / version);
    Directory::write(at.rules / version / "a.weir", version);
  }
  fs::create_symlink("..1", at.rules / "..data");
  fs::create_symlink("..data/a.weir", at.rules / "a.weir");
  fs::create_symlink("rules/a.weir", at.root / "linked");
  const auto swap = [&](const char* version) {
    fs::create_symlink(version, at.rules / "..data_tmp");
    fs::rename(at.rules / "..data_tmp", at.rules / "..data");
  };
  {
    const auto directory = watch({at.rules.string()});
    swap("..2");
    EXPECT_TRUE(calls.reach(2));
  }
  const int before = calls.count();
  const auto file = FileWatch::start({(at.root / "linked").string()}, options(), calls.counter());
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(calls.reach(before + 1));
  swap("..1");
  EXPECT_TRUE(calls.reach(before + 2));
}

TEST_P(FileWatchTest, WaitsUntilFilesRestAndCallsOnceForAll) {
  const auto watching = watch({at.rules.string()});
  for (int i = 0; i < 50; ++i) Directory::write(at.rules / (std::to_string(i) + ".weir"), "x");
  EXPECT_TRUE(calls.reach(2));
  std::this_thread::sleep_for(150ms);
  EXPECT_LE(calls.count(), 3);  // three if the writes took longer than it is patient
}

TEST_P(FileWatchTest, SaysNothingWhereNothingChangesThatCounts) {
  Directory::write(at.rules / "a.weir", "one");
  const auto watching = watch({at.rules.string()});
  Directory::write(at.root / "beside", "not watched");
  Directory::write(at.rules / ".hidden", "an editor's");
  std::ifstream(at.rules / "a.weir").get();
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(calls.count(), 1);
}

TEST_P(FileWatchTest, TakesAPathThatIsNotThereYet) {
  const auto watching = watch({(at.root / "set.bundle").string()});
  Directory::write(at.root / "set.bundle", "a bundle");
  EXPECT_TRUE(calls.reach(2));
}

INSTANTIATE_TEST_SUITE_P(Ways, FileWatchTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Notified" : "Polling"; });

TEST(FileWatch, PollsAndSaysSoWhereNotificationsCannotBeHad) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers look at memory through a pipe, for which no descriptor is left here";
#endif
  Directory at;
  Calls calls;
  std::string polling;
  // A limit of open files takes inotify away; the event descriptor has the last one.
  const int lowest = dup(0);
  close(lowest);
  struct rlimit before = {};
  getrlimit(RLIMIT_NOFILE, &before);
  struct rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest) + 1;
  setrlimit(RLIMIT_NOFILE, &tight);
  auto watch = FileWatch::start({at.rules.string()}, {10ms, 20ms, true}, calls.counter(),
                                [&](const std::string& why) { polling = why; });
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_EQ(polling, "cannot be told of changes: Too many open files");
  ASSERT_TRUE(calls.reach(1));
  Directory::write(at.rules / "a.weir", "one");
  EXPECT_TRUE(calls.reach(2));
}

}  // namespace
}  // namespace weir::reload
