// What a session does with events that come late, twice, or from the future: by event type.
#pragma once

#include <cstdint>

namespace weir::engine {

struct EventPolicy {
  // How far behind the newest event of its type an event may be and still count.
  int64_t lateness_nanos = 0;
  // A time further ahead of the newest moves the clock only once a second event in a row has reached it.
  int64_t max_ahead_nanos = INT64_MAX;
  // A second event with an id that came within so long before is ignored. 0: ids are not looked at.
  int64_t duplicates_nanos = 0;
};

}  // namespace weir::engine
