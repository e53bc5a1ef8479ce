// State that outlives the process (runtime/durable), for `weir serve` and `weir run --state`.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/durable/state_directory.h"

namespace weir::serve {

struct StoreOptions {
  std::string directory;
  durable::DirectoryOptions how;
  uint64_t every_events = 0;               // a snapshot after so many; 0: not by number
  std::chrono::nanoseconds every_time{0};  // or after so long; 0: not by time
};

// One caller at a time, whoever has the lane's lock.
class Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> open(const StoreOptions& options);

  // Once, before anything else. What was found goes to *recovery.
  absl::StatusOr<std::shared_ptr<engine::State>> recover(std::shared_ptr<const engine::Rules> rules,
                                                         const engine::SessionOptions& options,
                                                         durable::Recovery* recovery);
  // An event before it is evaluated; a change once it is made.
  absl::Status log(uint32_t event, const value::Value* row);
  absl::Status log(const engine::StateChange& change);
  // Before anybody is told.
  absl::Status commit();
  absl::Status set_rules(std::shared_ptr<const engine::Rules> rules, uint64_t generation);
  // Takes a snapshot if one is due.
  absl::Status tick(const std::shared_ptr<engine::State>& state);
  // Takes one now, and waits until it is on the disk.
  absl::Status snapshot(const std::shared_ptr<engine::State>& state);
  // Until the one under way is on the disk.
  absl::Status wait() { return keep(directory_->wait()); }

  // The first thing that went wrong. From then on nothing is logged, and so nothing is decided.
  const absl::Status& failure() const { return failure_; }
  uint64_t sequence() const { return directory_->sequence(); }
  const std::string& path() const { return directory_->path(); }

 private:
  explicit Store(const StoreOptions& options) : options_(options) {}
  absl::Status keep(absl::Status status);

  const StoreOptions options_;
  std::unique_ptr<durable::StateDirectory> directory_;
  absl::Status failure_;
  uint64_t at_snapshot_ = 0;  // sequence
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace weir::serve
