#include "embed-api/src/keeper.h"

namespace weir::embed {

absl::Status Keeper::remember(absl::Status status) {
  if (failure_.ok()) failure_ = status;
  return status;
}

Keeper::Inputs::Inputs(Keeper* keeper) : keeper_(keeper) {
  if (keeper != nullptr) between_ = std::shared_lock(keeper->between_);
}

absl::Status Keeper::Inputs::append(std::span<const engine::Session::EventRow> events) {
  if (keeper_ == nullptr) return absl::OkStatus();
  const std::lock_guard lock(keeper_->log_mutex_);
  for (const auto& [event, row] : events) {
    if (!keeper_->failure_.ok()) return keeper_->failure_;
    if (absl::Status s = keeper_->remember(keeper_->directory_->append_event(event, row)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Keeper::Inputs::append(const engine::StateChange& change) {
  if (keeper_ == nullptr) return absl::OkStatus();
  const std::lock_guard lock(keeper_->log_mutex_);
  if (!keeper_->failure_.ok()) return keeper_->failure_;
  return keeper_->remember(keeper_->directory_->append_change(change));
}

absl::Status Keeper::Inputs::commit() {
  if (keeper_ == nullptr) return absl::OkStatus();
  const std::lock_guard lock(keeper_->log_mutex_);
  if (!keeper_->failure_.ok()) return keeper_->failure_;
  return keeper_->remember(keeper_->directory_->commit());
}

absl::Status Keeper::set_rules(const std::shared_ptr<const engine::Rules>& rules, uint64_t generation) {
  if (rules == rules_) return absl::OkStatus();
  rules_ = rules;
  const std::lock_guard lock(log_mutex_);
  return remember(directory_->set_rules(rules, generation));
}

absl::Status Keeper::snapshot(std::shared_ptr<engine::State> state) {
  const std::lock_guard one_at_a_time(snapshot_mutex_);
  {
    const auto held = hold_inputs();
    const std::lock_guard lock(log_mutex_);
    if (!failure_.ok()) return failure_;
    if (absl::Status s = directory_->snapshot(std::move(state)); !s.ok()) return s;
  }
  return directory_->wait();
}

}  // namespace weir::embed
