#include "tools/serve/store.h"

namespace weir::serve {

absl::StatusOr<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  std::unique_ptr<Store> out(new Store(options));
  auto directory = durable::StateDirectory::open(options.directory, options.how);
  if (!directory.ok()) return directory.status();
  out->directory_ = *std::move(directory);
  return out;
}

absl::Status Store::keep(absl::Status status) {
  if (!status.ok() && failure_.ok()) failure_ = status;
  return status;
}

absl::StatusOr<std::shared_ptr<engine::State>> Store::recover(std::shared_ptr<const engine::Rules> rules,
                                                              const engine::SessionOptions& options,
                                                              durable::Recovery* recovery) {
  auto state = directory_->recover(std::move(rules), options, recovery);
  if (state.ok()) at_snapshot_ = recovery->snapshot_sequence;
  return state;
}

absl::Status Store::log(uint32_t event, const value::Value* row) {
  return failure_.ok() ? keep(directory_->append_event(event, row)) : failure_;
}

absl::Status Store::log(const engine::StateChange& change) {
  return failure_.ok() ? keep(directory_->append_change(change)) : failure_;
}

absl::Status Store::commit() { return failure_.ok() ? keep(directory_->commit()) : failure_; }

absl::Status Store::set_rules(std::shared_ptr<const engine::Rules> rules, uint64_t generation) {
  return failure_.ok() ? keep(directory_->set_rules(std::move(rules), generation)) : failure_;
}

absl::Status Store::tick(const std::shared_ptr<engine::State>& state) {
  const uint64_t inputs = sequence() - at_snapshot_;
  if (inputs == 0) return failure_;
  const auto now = std::chrono::steady_clock::now();
  const bool due = (options_.every_events > 0 && inputs >= options_.every_events) ||
                   (options_.every_time.count() > 0 && now - last_ >= options_.every_time);
  if (!due) return failure_;
  at_snapshot_ = sequence();
  last_ = now;
  return keep(directory_->snapshot(state));
}

absl::Status Store::snapshot(const std::shared_ptr<engine::State>& state) {
  at_snapshot_ = sequence();
  last_ = std::chrono::steady_clock::now();
  if (absl::Status s = keep(directory_->snapshot(state)); !s.ok()) return s;
  return keep(directory_->wait());
}

}  // namespace weir::serve
