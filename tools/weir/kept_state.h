// `--state DIR`: state that outlives the process (runtime/durable).
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tools/serve/store.h"
#include "tools/weir/rule_input.h"

namespace weir::tools {

struct StateOptions {
  std::string directory;       // empty: state is gone with the process
  std::string snapshot_every;  // events, or a duration
  std::string sync = "100ms";  // "commit", "system", or a duration
  bool no_log = false;
  uint32_t keep = 2;
};
void add_state_options(CLI::App* command, StateOptions* options);
// What is wrong with the options; nothing if they can be used.
std::optional<std::string> read_state_options(const StateOptions& options, serve::StoreOptions* out);
// What was found, on standard error.
void tell_recovery(const durable::Recovery& recovery, const std::string& directory);

class KeptState {
 public:
  // Recovers what the directory holds, and says on standard error what that was. Complains, gives null and an exit code
  // if it cannot.
  static std::unique_ptr<KeptState> open(const StateOptions& options, std::shared_ptr<const engine::Rules> rules,
                                         const engine::SessionOptions& session, int* exit_code);

  const std::shared_ptr<engine::State>& state() const { return state_; }
  const durable::Recovery& recovery() const { return recovery_; }

  // False, and complained about, if the disk fails. Order: log() an event, evaluate it, then, before anybody is shown
  // what came of it, commit(); between two events evaluated(), which takes the snapshots that are due. A change by hand
  // is made, then logged.
  bool log(uint32_t event, const value::Value* row);
  bool log(const engine::StateChange& change);
  bool commit();
  bool evaluated();
  // The rules are others from now on, and so is the state, between two events (engine/carry_over.h).
  bool set_rules(std::shared_ptr<const engine::Rules> rules, std::shared_ptr<engine::State> state, uint64_t generation);
  // A last snapshot, on the disk when this returns.
  bool finish();

 private:
  KeptState() = default;
  static bool good(const absl::Status& status);

  std::unique_ptr<serve::Store> store_;
  std::shared_ptr<engine::State> state_;
  durable::Recovery recovery_;
  bool by_number_ = false;  // snapshots are taken after so many events
  uint64_t events_ = 0;
};

}  // namespace weir::tools
