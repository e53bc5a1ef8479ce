// What holds a rule back: `once per KEY every W` and `limit N per W`. Times are event times in nanoseconds.
#pragma once

#include <cstdint>
#include <deque>

#include "runtime/state/key.h"
#include "runtime/state/key_table.h"
#include "runtime/state/time.h"

namespace weir::state {

// Holds a rule back for a key until `every` has passed since it last fired for it.
class OnceGuard {
 public:
  explicit OnceGuard(int64_t every) : every_(every) {}

  bool holds_back(const Key& key, int64_t time) const {
    const Fire* fire = fires_.peek(key);
    return fire != nullptr && saturating_sub(time, fire->time) < every_;
  }
  void fired(const Key& key, int64_t time, uint64_t clock) {
    for (int i = 0; i < 2 && !fires_.empty() && saturating_sub(time, fires_.oldest().state.time) >= every_; ++i) {
      fires_.erase_oldest();
    }
    fires_.find_or_add(key, clock).time = time;
  }
  size_t bytes() const { return fires_.bytes(); }

 private:
  struct Fire {
    int64_t time = kNever;
  };
  int64_t every_;
  KeyTable<Fire> fires_;
};

// At most `count` fires in any (t - per, t]. The one after trips the rule, which stays tripped until `per` has passed.
class LimitGuard {
 public:
  LimitGuard(int64_t count, int64_t per) : count_(count), per_(per) {}

  bool tripped(int64_t time) const { return tripped_at_ != kNever && saturating_sub(time, tripped_at_) < per_; }
  // Takes note of a fire of a rule that is not tripped. False if it is one too many: the rule is tripped now.
  bool admit(int64_t time) {
    if (tripped_at_ != kNever) {
      tripped_at_ = kNever;
      fires_.clear();
    }
    while (!fires_.empty() && saturating_sub(time, fires_.front()) >= per_) fires_.pop_front();
    if (static_cast<int64_t>(fires_.size()) >= count_) {
      tripped_at_ = time;
      return false;
    }
    fires_.push_back(time);
    return true;
  }
  void reset() {
    tripped_at_ = kNever;
    fires_.clear();
  }

 private:
  int64_t count_, per_;
  int64_t tripped_at_ = kNever;
  std::deque<int64_t> fires_;
};

}  // namespace weir::state
