// The point where rules are swapped: a pointer and its generation under one lock, held for a few instructions; and the
// account of what was tried.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "embed-api/src/compile.h"
#include "embed-api/src/diags.h"
#include "embed-api/src/handles.h"
#include "runtime/io/audit_log.h"

namespace weir::embed {

// A load or publish that changed nothing.
struct LoadFailure {
  weir_status status = WEIR_OK;  // WEIR_OK: there was none
  int64_t wall_nanos = 0;
  uint64_t generation = 0;  // that went on
  std::string source;       // what was tried: a path, or as the host called it
  std::string message;
  std::shared_ptr<const weir_diags> diags;  // null if the compiler did not run
};

// What a slot was like at one moment.
struct SlotStatus {
  uint64_t generation = 0;
  std::shared_ptr<const RulesetState> current;
  std::string source;          // what it was loaded from; empty if the host published it
  int64_t published_wall = 0;  // nanoseconds
  uint64_t publishes = 0, failures = 0, conflicts = 0;
  bool failing = false;  // nothing was published since the failure
  LoadFailure failure;
  uint32_t watch = WEIR_WATCH_NONE;
  std::string watch_note;
  std::string audit_note;  // why steps are not in the audit log
};

// Thread-safe.
class Slot {
 public:
  // The events a host sends. They keep the rule set they were read from.
  struct Expected {
    std::shared_ptr<const RulesetState> ruleset;
    uint32_t event = 0;
    const Shape& shape() const { return ruleset->shapes[event]; }
  };
  Slot(std::shared_ptr<const EngineState> engine, std::vector<Expected> events)
      : engine_(std::move(engine)), events_(std::move(events)) {}

  const std::shared_ptr<const EngineState>& engine() const { return engine_; }
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  std::shared_ptr<const RulesetState> current(uint64_t* generation) const;

  // weir_slot_publish. `source` is noted; *now is the generation after it.
  weir_status publish(std::shared_ptr<const RulesetState> rules, std::string_view source, uint64_t expected,
                      uint64_t* now, weir_error* err);
  // What failed elsewhere: a compilation. `error` has a status and a message.
  void note_failure(std::string_view source, const weir_error& error, std::shared_ptr<const weir_diags> diags);
  // A load that came to what is current: nothing fails any more.
  void note_same();
  void set_watch(uint32_t watch, std::string note);
  // From now on steps go into the log; those of the slot are publishes and failures.
  weir_status audit(const std::string& path, weir_error* err);
  // A log that fails takes no more, and the status says so.
  void audit_step(const io::AuditStep& step);
  SlotStatus status() const;

 private:
  void audit_step_locked(const io::AuditStep& step);
  weir_status check_fit(const RulesetState& rules, weir_error* err) const;
  void note_failure_locked(std::string_view source, weir_status status, std::string_view message,
                           std::shared_ptr<const weir_diags> diags);

  const std::shared_ptr<const EngineState> engine_;
  const std::vector<Expected> events_;
  mutable std::mutex mutex_;
  SlotStatus status_;                    // under mutex_
  std::atomic<uint64_t> generation_{0};  // written under mutex_
  std::mutex audit_mutex_;               // before mutex_: the log has steps in the order they were taken
  std::unique_ptr<io::AuditLog> audit_;  // null: none is kept
};

// Compiles what is at the paths and publishes it if `expected` is still current; a failure is noted in the slot. A rule
// set of the same texts as the current one is not published if `unless_same`.
weir_status load_into(Slot& slot, const std::vector<std::string>& paths, const CompileRequest& request,
                      uint64_t expected, bool unless_same, uint64_t* now, std::shared_ptr<const weir_diags>* diags,
                      weir_error* err);

}  // namespace weir::embed

struct weir_slot {
  std::shared_ptr<weir::embed::Slot> state;
};
