// The newest event time of one event type, which says what is late and what may be forgotten.
//
// One wrong time must not make every later event late for ever. A time further ahead than `max_ahead` therefore moves
// the clock only when the next event has reached it too: the first event after a pause of the log does not, the second
// one does, and a stray one never does. An event that is ahead counts like any other; only the clock waits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/state/codec.h"
#include "runtime/state/time.h"

namespace weir::state {

class EventClock {
 public:
  explicit EventClock(int64_t max_ahead = INT64_MAX) : max_ahead_(max_ahead) {}

  // Takes note of an event. True if it is further ahead than is believed at once.
  bool advance(int64_t time) {
    if (now_ == kUnset) {
      now_ = time;
      alone_ = true;
      return false;
    }
    if (saturating_sub(time, now_) > max_ahead_) {
      // Two events in a row agree on no less than the earlier of them.
      if (waiting_ != kUnset) now_ = std::min(waiting_, time);
      waiting_ = std::max(waiting_, time);
      if (saturating_sub(waiting_, now_) <= max_ahead_) {
        now_ = waiting_;
        waiting_ = kUnset;
      }
      alone_ = false;
      return true;
    }
    waiting_ = kUnset;
    if (alone_ && saturating_sub(now_, time) > max_ahead_) {
      now_ = time;  // the very first event was the stray one
      return true;
    }
    alone_ = false;
    now_ = std::max(now_, time);
    return false;
  }
  // Before the first event, a time before all others.
  int64_t now() const { return now_; }
  // Of what it has taken note of, times that are not believed yet included.
  int64_t latest() const { return std::max(now_, waiting_); }
  // Goes on from a time that was believed.
  void resume(int64_t now) {
    now_ = now;
    waiting_ = kUnset;
    alone_ = false;
  }
  void set_max_ahead(int64_t max_ahead) { max_ahead_ = max_ahead; }

  // Where it stands, doubts included.
  void save(Writer& out) const {
    out.zigzag(now_);
    out.zigzag(waiting_);
    out.u8(alone_);
  }
  bool load(Reader& in) {
    now_ = in.zigzag();
    waiting_ = in.zigzag();
    alone_ = in.u8() != 0;
    return in.ok();
  }

 private:
  static constexpr int64_t kUnset = INT64_MIN + 1;
  int64_t max_ahead_;
  int64_t now_ = kUnset;
  int64_t waiting_ = kUnset;  // the latest time ahead that no second event has reached
  bool alone_ = false;        // now_ rests on the first event
};

}  // namespace weir::state
