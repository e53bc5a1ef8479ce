// A directory that keeps the state of one stream of events over restarts and crashes.
//
//   snapshot-SEQUENCE.weir   snapshot_file.h; the last few are kept
//   log-SEQUENCE.weir        log_file.h: the inputs from that number on, back to the oldest snapshot kept
//   lock                     held while a process uses the directory
// Recovery takes the newest snapshot that is whole, and evaluates the inputs logged after it again. A broken snapshot
// is reported and the one before it is used, with its longer log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/durable/event_record.h"
#include "runtime/durable/file.h"
#include "runtime/durable/log_file.h"
#include "runtime/durable/snapshot_file.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/state.h"
#include "runtime/engine/state_change.h"
#include "runtime/engine/state_image.h"

namespace weir::durable {

struct DirectoryOptions {
  bool log = true;  // false: a crash loses what came after the last snapshot
  SyncPolicy sync;
  size_t keep_snapshots = 2;
};

// What recovery found.
struct Recovery {
  uint64_t sequence = 0;  // of the last input that is in the state; 0: it is empty
  std::string snapshot;   // path of the one used; empty if there was none
  uint64_t snapshot_sequence = 0;
  uint64_t replayed = 0;                          // inputs of the log
  uint64_t refused = 0;                           // of them, those that do not fit the rules of today
  std::vector<engine::StateChange> last_changes;  // in the log after the last event of the state
  uint64_t cut_bytes = 0;                         // of a record that a crash cut off
  std::vector<std::string> warnings;              // snapshots that could not be used, and why
  engine::RestoreReport restored;
};

// Not thread-safe; the writing of a snapshot goes on in a thread of its own.
class StateDirectory {
 public:
  // Made if it is not there. Aborted: another process uses it.
  static absl::StatusOr<std::unique_ptr<StateDirectory>> open(std::string path, const DirectoryOptions& options);
  ~StateDirectory();  // waits for a snapshot under way

  // Makes sessions from a state that is restored, or empty. It replays on a session of its own, which has ended when
  // this returns. DataLoss: the log is damaged, or inputs between snapshot and log are missing; the state is then as of
  // the last input before that and *recovery says which, but nothing may be appended.
  absl::StatusOr<std::shared_ptr<engine::State>> recover(std::shared_ptr<const engine::Rules> rules,
                                                         const engine::SessionOptions& options, Recovery* recovery);

  // The same to look at, without the lock: it changes nothing in the directory, and a process that uses it goes on.
  // State is then as of what that process has committed.
  static absl::StatusOr<std::shared_ptr<engine::State>> inspect(const std::string& path,
                                                                const std::shared_ptr<const engine::Rules>& rules,
                                                                const engine::SessionOptions& options,
                                                                Recovery* recovery);

  // Inputs, in the order in which they come into force: an event before it is evaluated, a change once it is made.
  // Nothing that they led to may be shown to others before commit().
  absl::Status append_event(uint32_t event, const value::Value* row);
  absl::Status append_change(const engine::StateChange& change);
  absl::Status commit();
  // The rules are others from now on: the next input begins a new segment.
  absl::Status set_rules(std::shared_ptr<const engine::Rules> rules, uint64_t generation);

  // Takes a snapshot as of now, between two events; a thread copies (state_copy.h) and writes it. Waits for the one
  // before, if it is still being written.
  absl::Status snapshot(std::shared_ptr<engine::State> state);
  // Until the snapshot under way is on the disk; what went wrong with it.
  absl::Status wait();

  uint64_t sequence() const { return next_ - 1; }
  const std::string& path() const { return path_; }

 private:
  StateDirectory(std::string path, const DirectoryOptions& options, File lock);

  struct Names {
    std::vector<uint64_t> snapshots, segments;  // ascending
    std::vector<std::string> unfinished;        // snapshots that a crash cut off
  };
  absl::StatusOr<Names> names() const;
  std::string snapshot_path(uint64_t sequence) const;
  std::string segment_path(uint64_t first) const;
  absl::Status replay(const std::vector<uint64_t>& segments, engine::Session& session, Recovery* recovery);
  absl::Status begin_segment();
  absl::Status prune() const;

  const std::string path_;
  const DirectoryOptions options_;
  const File lock_;
  bool read_only_ = false;
  std::shared_ptr<const engine::Rules> rules_;
  uint64_t generation_ = 0;
  uint64_t next_ = 1;  // number of the next input
  bool segment_begun_ = false;
  std::string record_;
  LogWriter log_;
  std::thread writer_;
  absl::Status written_;  // of the thread
};

}  // namespace weir::durable
