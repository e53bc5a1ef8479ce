// What people changed and is still in force beside labels: snoozes, and lists that are not as loaded. As bytes, for
// snapshots and for a state that goes on under other rules.
#pragma once

#include <memory>

#include "runtime/engine/snoozes.h"
#include "runtime/engine/state.h"
#include "runtime/match/list_table.h"
#include "runtime/state/codec.h"

namespace weir::engine {

struct ByHand {
  match::ListTable::Snapshot lists;
  std::shared_ptr<const SnoozeSet> snoozes;
};
ByHand by_hand_of(const State& state);
void save_by_hand(const ir::Program& program, const ByHand& by_hand, state::Writer& out);
// What the rules of `state` do not have any more is left out, and so is a list whose entries as loaded are others now:
// then its author has changed it since, and that counts. False: the reader has failed.
bool load_by_hand(State& state, state::Reader& in);

}  // namespace weir::engine
