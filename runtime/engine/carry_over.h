// State that goes on under other rules, in the process that keeps it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/engine/state.h"

namespace weir::engine {

// A state for `program` (with these options) with what `from` holds of the same identity (compiler/ir/identity.h),
// moved and not copied; features that are new are warming, labels and guards that are new are empty. `from` is spent:
// sessions on it evaluate nothing more (EventResult::moved) and go over one by one. Whoever asks for the same program
// gets the same state. Safe while other threads' sessions evaluate on `from`: they are paused for it.
std::shared_ptr<State> carry_over(const std::shared_ptr<State>& from, std::shared_ptr<const ir::Program> program,
                                  const StateOptions& options);

// Ends the warming of `to`'s features with those of `from`, a state of the same program that has seen the log from its
// beginning to where `to` stands. Neither has a session. Returns which.
std::vector<uint32_t> take_warm(State& from, State& to);

}  // namespace weir::engine
