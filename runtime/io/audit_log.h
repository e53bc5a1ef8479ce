// The audit log: who changed runtime data, when, why, and what was there before and after.
//
// One JSON object a line, only ever appended to, on disk before append() returns:
//   {"seq":1,"wall":"…","after_events":1200,"change":"snooze","rule":"R-0001",…,"before":"…","after":"…",
//    "prev":"<64 hex digits>","hash":"<64 hex digits>"}
// `hash` is the SHA-256 of the line up to the comma before it; `prev` is the hash of the line before, 64 zeros in the
// first. Whoever alters, takes out or inserts a line must rewrite all after it, so who keeps the newest hash elsewhere
// sees it. The members of a change are those of change_json.h: a log replays with `weir run --changes`. What the engine
// does by itself (a rule that trips, a rollout), and what people do with rules, is a step: "step", "of", "by",
// "proposed_by", "reason" and "text", those that say something, in place of the change and what was before and after. A
// replay passes steps over, as it takes them again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/engine/state_change.h"

namespace weir::io {

struct AuditSummary {
  uint64_t records = 0;
  std::string head;         // hash of the last line; 64 zeros of an empty log
  uint64_t bytes = 0;       // of whole lines
  bool broken_off = false;  // what follows them is the start of a line: a write that was not completed
};

// NotFound, or DataLoss with the line at which the chain breaks.
absl::StatusOr<AuditSummary> verify_audit_log(const std::string& path);

// Members that are empty are left out; "step", "of" and "text" are always there.
struct AuditStep {
  std::string_view step, of, text;
  std::string_view by = {};           // who took it; empty: nobody did
  std::string_view proposed_by = {};  // of rules: somebody else, where two people must agree
  std::string_view reason = {};       // as they gave it
};

// Not thread-safe.
class AuditLog {
 public:
  // Creates the file if there is none; else verifies it and goes on, after cutting off an incomplete last line.
  // DataLoss: the log was altered. One process at a time: the file is locked.
  static absl::StatusOr<std::unique_ptr<AuditLog>> open(const std::string& path);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // On an error nothing is known to be written, and the log takes no more.
  absl::Status append(const engine::StateChange& change, int64_t wall_nanos, uint64_t after_events,
                      std::string_view before, std::string_view after);
  absl::Status append_step(const AuditStep& step, int64_t wall_nanos, uint64_t after_events);
  const std::string& head() const { return head_; }
  uint64_t records() const { return records_; }

 private:
  absl::Status append_line(std::string_view members, int64_t wall_nanos, uint64_t after_events);

  AuditLog(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
  std::string head_;
  uint64_t records_ = 0;
  bool failed_ = false;
};

}  // namespace weir::io
