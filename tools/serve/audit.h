// Who changed what: the audit log (runtime/io/audit_log.h) of a server.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/io/audit_log.h"

namespace weir::serve {

// Thread-safe.
class Audit {
 public:
  // Without a path nothing can be changed.
  static absl::StatusOr<std::unique_ptr<Audit>> open(const std::string& path);

  bool kept() const { return log_ != nullptr; }
  absl::Status append(const engine::StateChange& change, uint64_t after_events, std::string_view before,
                      std::string_view after);
  // In the life of the rules.
  absl::Status append_step(const io::AuditStep& step, uint64_t after_events);
  uint64_t records();

 private:
  std::mutex mutex_;
  std::unique_ptr<io::AuditLog> log_;
};

int64_t wall_nanos();
std::string wall_text(int64_t nanos);  // RFC 3339

}  // namespace weir::serve
