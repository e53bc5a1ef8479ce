// A state as of one moment, copied while its sessions go on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/engine/by_hand.h"
#include "runtime/engine/state.h"
#include "runtime/engine/state_image.h"
#include "runtime/engine/turn.h"

namespace weir::engine {

// Sessions are paused while it is noted where everything stands, and go on while it is copied: an event that changes
// what is not copied yet copies it first, a chunk of 128 keys in each table that it touches. A state that one session
// has to itself has no locks to make that safe: it stays paused for the whole copy.
class StateCopy {
 public:
  // Waits for another copy of the state, if one is under way, and for the sessions' events under way.
  explicit StateCopy(std::shared_ptr<State> state);
  ~StateCopy();
  StateCopy(const StateCopy&) = delete;
  StateCopy& operator=(const StateCopy&) = delete;

  uint64_t clock() const { return clock_; }  // State::clock() at that moment
  // Once, on any thread.
  std::vector<StateSection> finish();

 private:
  // A section to be, `n` of its kind.
  struct Part {
    SectionKind kind;
    uint32_t n;
    state::Writer payload;
    bool complete;
  };
  Part& begin(SectionKind kind, uint32_t n, bool complete);
  void begin_all();
  void complete_all();
  ir::Identity identity(const Part& part) const;

  const std::shared_ptr<State> state_;
  std::optional<Turn::Held> turn_;
  std::vector<Part> parts_;
  ByHand by_hand_;
  uint64_t clock_ = 0;
};

std::vector<StateSection> save_state(const std::shared_ptr<State>& state);

}  // namespace weir::engine
