// Rules that people have told to be quiet for a while.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace weir::engine {

struct Snooze {
  uint32_t rule = 0;
  bool has_key = false;     // false: whatever the key
  std::string key;          // numbers as decimal text
  int64_t since_nanos = 0;  // event time
  int64_t until_nanos = 0;  // event time, exclusive; INT64_MAX: until it is ended
  std::string by, reason;
  friend bool operator==(const Snooze&, const Snooze&) = default;
};

// "snoozed until 2026-03-02T00:00:00Z by ann: a campaign of our own".
std::string to_text(const Snooze& snooze);

// All snoozes at one moment: by rule, in the order they were made. Immutable.
class SnoozeSet {
 public:
  explicit SnoozeSet(size_t rules) : by_rule_(rules) {}
  const std::vector<Snooze>& of(uint32_t rule) const { return by_rule_[rule]; }
  std::vector<Snooze> all() const;

 private:
  friend class Snoozes;
  std::vector<std::vector<Snooze>> by_rule_;
};

// Thread-safe. Readers keep the set they have until they ask again: see ListTable.
class Snoozes {
 public:
  explicit Snoozes(size_t rules) : current_(std::make_shared<const SnoozeSet>(rules)) {}

  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  std::shared_ptr<const SnoozeSet> current(uint64_t* generation = nullptr) const;
  // In place of one of the same rule and key. What ended before `now` goes.
  void set(const Snooze& snooze, int64_t now);
  void end(uint32_t rule, bool has_key, std::string_view key);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const SnoozeSet> current_;
  std::atomic<uint64_t> generation_{1};
};

}  // namespace weir::engine
