#include "runtime/engine/snoozes.h"

#include <utility>

#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::engine {

std::string to_text(const Snooze& s) {
  std::string out = "snoozed";
  if (s.until_nanos != INT64_MAX) out += " until " + value::to_text(state::from_nanos(s.until_nanos));
  if (!s.by.empty()) out += " by " + s.by;
  if (!s.reason.empty()) out += ": " + s.reason;
  return out;
}

std::vector<Snooze> SnoozeSet::all() const {
  std::vector<Snooze> out;
  for (const auto& of_rule : by_rule_) out.insert(out.end(), of_rule.begin(), of_rule.end());
  return out;
}

std::shared_ptr<const SnoozeSet> Snoozes::current(uint64_t* generation) const {
  const std::lock_guard lock(mutex_);
  if (generation != nullptr) *generation = generation_.load(std::memory_order_relaxed);
  return current_;
}

void Snoozes::set(const Snooze& snooze, int64_t now) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<SnoozeSet>(*current_);
  std::vector<Snooze>& of_rule = next->by_rule_[snooze.rule];
  std::erase_if(of_rule, [&](const Snooze& s) {
    return s.until_nanos <= now || (s.has_key == snooze.has_key && s.key == snooze.key);
  });
  of_rule.push_back(snooze);
  current_ = std::move(next);
  generation_.fetch_add(1, std::memory_order_release);
}

void Snoozes::end(uint32_t rule, bool has_key, std::string_view key) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<SnoozeSet>(*current_);
  std::erase_if(next->by_rule_[rule], [&](const Snooze& s) { return s.has_key == has_key && s.key == key; });
  current_ = std::move(next);
  generation_.fetch_add(1, std::memory_order_release);
}

}  // namespace weir::engine
