#include "tools/serve/audit.h"

#include <chrono>

#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::serve {

absl::StatusOr<std::unique_ptr<Audit>> Audit::open(const std::string& path) {
  auto out = std::make_unique<Audit>();
  if (path.empty()) return out;
  auto log = io::AuditLog::open(path);
  if (!log.ok()) return log.status();
  out->log_ = *std::move(log);
  return out;
}

absl::Status Audit::append(const engine::StateChange& change, uint64_t after_events, std::string_view before,
                           std::string_view after) {
  const std::lock_guard lock(mutex_);
  if (log_ == nullptr) return absl::FailedPreconditionError("no audit log is kept");
  return log_->append(change, wall_nanos(), after_events, before, after);
}

absl::Status Audit::append_step(const io::AuditStep& step, uint64_t after_events) {
  const std::lock_guard lock(mutex_);
  if (log_ == nullptr) return absl::FailedPreconditionError("no audit log is kept");
  return log_->append_step(step, wall_nanos(), after_events);
}

uint64_t Audit::records() {
  const std::lock_guard lock(mutex_);
  return log_ == nullptr ? 0 : log_->records();
}

int64_t wall_nanos() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count();
}

std::string wall_text(int64_t nanos) { return value::to_text(state::from_nanos(nanos)); }

}  // namespace weir::serve
