// From when on a feature that begins late can be believed.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/engine/state.h"

namespace weir::engine {

// The features at `fresh` have seen no event of a state whose newest event is at `time` (State::newest): they are
// warming from then on, or from when those they read have warmed up. Nothing happens to a state that has seen no
// events.
void begin_warming(State& state, const std::vector<uint32_t>& fresh, int64_t time);

}  // namespace weir::engine
