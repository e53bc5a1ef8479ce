#pragma once

#include <cstdint>

#include "runtime/state/time.h"

namespace weir::embed {

// Nanoseconds since 1970 as weir.h has them; INT64_MAX, for ever, stays that.
inline void split_time(int64_t nanos, int64_t* seconds, int32_t* rest) {
  constexpr int64_t kNanosASecond = 1'000'000'000;
  *seconds = nanos == INT64_MAX ? INT64_MAX : state::floor_div(nanos, kNanosASecond);
  *rest = nanos == INT64_MAX ? 0 : static_cast<int32_t>(nanos - *seconds * kNanosASecond);
}

}  // namespace weir::embed
