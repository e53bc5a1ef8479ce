// Files and directories that are watched for changes, and one call when they have changed and come to rest.
//
// What has changed is decided by looking (names, sizes, times and inodes of all files); notifications (inotify) only
// say when to look. So no pattern of writing has to be understood: files replaced by rename, written in place, swapped
// through symbolic links as Kubernetes does it for ConfigMaps, taken away and put back. Where notifications cannot be
// had, as on network file systems or beyond the system's limit of watches, it looks every now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace weir::reload {

struct WatchOptions {
  // Files must have been at rest for so long; while they change all the time, ten times this is waited. It is also what
  // lies between a change and the call at least.
  std::chrono::milliseconds settle{200};
  // How often to look without notifications. With them, ten times as long: for what they do not tell.
  std::chrono::milliseconds poll{1000};
  bool notifications = true;  // false: polling only
};

class FileWatch {
 public:
  // `changed` is called on the watch's own thread, once for any number of changes: first at once, for what is there
  // when the watch begins, so that nothing between a load and a watch is missed. `polling`, if given, is called when
  // notifications cannot be had, with why; on that thread or in start(). Neither may throw. Paths need not exist.
  // Directories are watched with all below them, hidden files (.name) left out. Error: no thread.
  static absl::StatusOr<std::unique_ptr<FileWatch>> start(std::vector<std::string> paths, const WatchOptions& options,
                                                          std::function<void()> changed,
                                                          std::function<void(const std::string&)> polling = {});
  // Waits for a call under way. Must not be called from it.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  FileWatch();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::reload
