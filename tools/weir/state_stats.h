// What the state takes: keys and bytes of each feature, and what was given up for want of memory.
#pragma once

#include <string>

#include "runtime/engine/state.h"
#include "tools/weir/json.h"

namespace weir::tools {

Json state_json(engine::State& state);
// A table for people.
std::string state_text(engine::State& state);
// A line for each thing that did not get the memory it wanted; empty if all did.
std::string state_shortage(engine::State& state);

}  // namespace weir::tools
