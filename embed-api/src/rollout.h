// A candidate that is watched beside the rules of a slot, until it takes over or is given up.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "embed-api/src/handles.h"
#include "embed-api/src/slot.h"
#include "runtime/rollout/trial.h"

namespace weir::embed {

// The rule set of both together points to it; sessions on that tell it of each event. Thread-safe.
class Rollout {
 public:
  struct Options {
    rollout::DiffOptions diff;
    rollout::Conditions conditions;
    std::string by, reason;
  };
  Rollout(const std::shared_ptr<Slot>& slot, std::shared_ptr<const RulesetState> live,
          std::shared_ptr<const RulesetState> candidate, const ir::Merged& merged, Options options);

  // Publishes the two together.
  static weir_status start(const std::shared_ptr<Slot>& slot, std::shared_ptr<const RulesetState> candidate,
                           Options options, std::shared_ptr<Rollout>* out, weir_error* err);

  // May end the rollout, if it decides by itself.
  void add(uint32_t event, const value::Value* row, const engine::EventResult& result);
  bool label(std::string_view event_id, bool positive);
  // WEIR_E_CONFLICT: it has ended, or somebody else has published. `by` is empty where nobody asked for it.
  weir_status end(bool promote, const std::string& by, const std::string& why, weir_error* err);

  struct Report {
    uint32_t state = WEIR_ROLLOUT_RUNNING;
    uint64_t generation = 0;  // of the two together; then of what came after
    std::string why;
    rollout::Figures figures;
  };
  Report report() const;

 private:
  void decide(const rollout::Judgement& judgement);
  weir_status end_locked(bool promote, const std::string& by, const std::string& why, weir_error* err);

  const std::weak_ptr<Slot> slot_;  // which may point here
  const std::shared_ptr<const RulesetState> live_, candidate_;
  const std::string by_, reason_;  // it was started
  rollout::Trial trial_;
  mutable std::mutex mutex_;  // of what follows
  uint32_t state_ = WEIR_ROLLOUT_RUNNING;
  uint64_t generation_ = 0;
  std::string why_;
};

}  // namespace weir::embed
