#include "runtime/reload/file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "runtime/reload/file_stamp.h"

namespace weir::reload {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr int kPatience = 10;  // settle times until files that never rest are loaded
constexpr int kRarer = 10;     // looks without need are so much rarer with notifications
constexpr uint32_t kInteresting = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

std::string failed(std::string_view what) { return fmt::format("cannot {}: {}", what, strerror(errno)); }

}  // namespace

struct FileWatch::Impl {
  std::vector<std::string> paths;
  WatchOptions options;
  std::function<void()> changed;
  int stop_fd = -1, notify_fd = -1;
  std::function<void(const std::string&)> polling;
  std::thread thread;

  ~Impl() {
    for (const int fd : {stop_fd, notify_fd}) {
      if (fd >= 0) close(fd);
    }
  }

  void run();
  void poll_from_now_on(const std::string& why);
  FileStamp look();
  // False when the watch is to end; else after this long, or sooner if something may have changed.
  bool wait(Milliseconds longest, bool notified) const;
  void forget_notifications() const;
};

void FileWatch::Impl::poll_from_now_on(const std::string& why) {
  if (notify_fd >= 0) close(notify_fd);
  notify_fd = -1;
  if (polling) polling(why);
}

// Directories are watched before they are looked at, so that what changes after the look is notified.
FileStamp FileWatch::Impl::look() {
  FileStamp stamp = stamp_files(paths);
  if (notify_fd < 0) return stamp;
  for (const std::string& directory : stamp.directories) {
    if (inotify_add_watch(notify_fd, directory.c_str(), kInteresting) >= 0) continue;
    if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) continue;  // its parent is watched, or it is looked at
    poll_from_now_on(failed(fmt::format("watch {}", directory)));
    return stamp;
  }
  return stamp_files(paths);
}

bool FileWatch::Impl::wait(Milliseconds longest, bool notified) const {
  pollfd fds[] = {{stop_fd, POLLIN, 0}, {notified ? notify_fd : -1, POLLIN, 0}};
  poll(fds, 2, static_cast<int>(longest.count()));
  return fds[0].revents == 0;
}

void FileWatch::Impl::forget_notifications() const {
  alignas(inotify_event) char buffer[4096];
  while (notify_fd >= 0 && read(notify_fd, buffer, sizeof buffer) > 0) {
  }
}

void FileWatch::Impl::run() {
  FileStamp now = look();
  for (;;) {
    changed();
    const std::string loaded = std::move(now.seen);
    for (bool different = false; !different;) {
      if (!wait(notify_fd >= 0 ? options.poll * kRarer : options.poll, true)) return;
      forget_notifications();
      now = look();
      if (now.seen == loaded) continue;
      for (int patience = kPatience; patience > 0; --patience) {
        if (!wait(options.settle, false)) return;
        FileStamp later = look();
        const bool rests = later.seen == now.seen;
        now = std::move(later);
        if (rests) break;
      }
      different = now.seen != loaded;
    }
  }
}

FileWatch::FileWatch() : impl_(std::make_unique<Impl>()) {}

absl::StatusOr<std::unique_ptr<FileWatch>> FileWatch::start(std::vector<std::string> paths, const WatchOptions& options,
                                                            std::function<void()> changed,
                                                            std::function<void(const std::string&)> polling) {
  std::unique_ptr<FileWatch> watch(new FileWatch());
  Impl& impl = *watch->impl_;
  impl.paths = std::move(paths);
  impl.options = options;
  impl.options.settle = std::max(options.settle, Milliseconds(10));  // coarser than the clock of file times
  impl.options.poll = std::max(options.poll, Milliseconds(10));
  impl.changed = std::move(changed);
  impl.polling = std::move(polling);
  impl.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (impl.stop_fd < 0) return absl::ResourceExhaustedError(failed("make an event descriptor"));
  if (!options.notifications) {
    impl.poll_from_now_on("asked to");
  } else {
    impl.notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (impl.notify_fd < 0) impl.poll_from_now_on(failed("be told of changes"));
  }
  try {
    impl.thread = std::thread([&impl] { impl.run(); });
  } catch (const std::system_error& e) {
    return absl::ResourceExhaustedError(fmt::format("cannot start a thread: {}", e.what()));
  }
  return watch;
}

FileWatch::~FileWatch() {
  if (!impl_->thread.joinable()) return;
  const uint64_t one = 1;
  while (write(impl_->stop_fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
  impl_->thread.join();
}

}  // namespace weir::reload
