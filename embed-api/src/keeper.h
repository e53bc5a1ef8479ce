// A state directory (runtime/durable) behind the sessions that share a state: weir_session_keep.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>

#include "runtime/durable/state_directory.h"
#include "runtime/engine/engine.h"

namespace weir::embed {

// Thread-safe.
class Keeper {
 public:
  Keeper(std::unique_ptr<durable::StateDirectory> directory, std::shared_ptr<const engine::Rules> rules)
      : directory_(std::move(directory)), rules_(std::move(rules)) {}

  // Inputs of one call, from before they are logged until what they led to may be shown. Snapshots and other rules come
  // between inputs, never in the middle of one.
  class Inputs {
   public:
    // keeper may be null: nothing is logged then.
    explicit Inputs(Keeper* keeper);
    // Before they are evaluated. Fails, and so does every call after it, once the log could not be written: the state
    // must not get ahead of what a restart would find.
    absl::Status append(std::span<const engine::Session::EventRow> events);
    // Once it is made.
    absl::Status append(const engine::StateChange& change);
    absl::Status commit();

   private:
    Keeper* const keeper_;
    std::shared_lock<std::shared_mutex> between_;
  };

  // Waits for the inputs under way, and holds up new ones until it is destroyed.
  [[nodiscard]] std::unique_lock<std::shared_mutex> hold_inputs() { return std::unique_lock(between_); }
  // While they are held.
  absl::Status set_rules(const std::shared_ptr<const engine::Rules>& rules, uint64_t generation);

  // Returns when it is on the disk; inputs are held up for its beginning only (engine::StateCopy).
  absl::Status snapshot(std::shared_ptr<engine::State> state);

 private:
  absl::Status remember(absl::Status status);  // of the log, which is locked

  const std::unique_ptr<durable::StateDirectory> directory_;
  std::mutex snapshot_mutex_;  // before between_
  std::shared_mutex between_;
  std::mutex log_mutex_;  // after between_
  std::shared_ptr<const engine::Rules> rules_;
  absl::Status failure_;
};

}  // namespace weir::embed
