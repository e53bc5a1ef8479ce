// What one session does for the rules' protections: it leaves out rules that are out of service, and measures the
// others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/engine/session_view.h"
#include "runtime/engine/state.h"

namespace weir::engine {

class SessionProtection {
 public:
  SessionProtection(const Rules& rules, State& state);

  // Which rules of the event are out of service at that time: asked first. False: none, as nearly always.
  bool begin(uint32_t event, int64_t time);
  // Then, by position among the event's active rules: out of service for its cost, and so not to be evaluated; or for
  // its errors, and so only to be quiet, which costs the others nothing.
  std::span<const uint8_t> left_out() const { return left_out_; }
  bool costly() const { return costly_; }
  const std::vector<uint32_t>& rules() const { return out_of_service_; }

  // Evaluates some of the rules alone, by the interpreter, on a few of the events: which, and which rules, depends on
  // the event's time and id only. Adds to `tripped` whom that trips. Leaves no trace in the context but an epoch.
  void measure(uint32_t event, int64_t time, SessionView& view, value::EvalContext& ctx,
               std::vector<uint32_t>* tripped);

 private:
  void look_up();
  const std::vector<uint32_t>& measured(uint32_t event);

  const Rules& rules_;
  Trips& trips_;
  uint64_t generation_ = 0;
  struct Suspect {
    uint32_t rule, position;
  };
  std::vector<std::vector<Suspect>> suspects_;  // by event: rules that have tripped
  std::vector<uint8_t> left_out_;
  std::vector<uint32_t> out_of_service_;
  bool costly_ = false;
  struct Measured {
    bool known = false;
    std::vector<uint32_t> rules;
  };
  std::vector<Measured> measured_;  // by event: rules that have a budget of steps and can spend any
};

}  // namespace weir::engine
