// The rules' circuit breakers: faults by rule, and which rules are out of service.
//
// Part of the state: what trips a rule is counted in event time, by errors and steps and never by the clock, so that a
// replay trips the same rules at the same events, in any tier. Errors for want of steps are not counted: how far an
// event's budget gets depends on the tier.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/engine/protection.h"
#include "runtime/state/codec.h"
#include "runtime/state/repeat_guard.h"

namespace weir::engine {

enum class TripCause : uint8_t { kNone, kErrors, kOverruns };
std::string_view trip_cause_name(TripCause cause);  // "errors", "overruns"

// Thread-safe.
class Trips {
 public:
  // By rule; rules that are not there are not protected.
  Trips(const ir::Program& program, const std::vector<Protection>& protections);

  const Protection& protection(uint32_t rule) const { return rule < protections_.size() ? protections_[rule] : none_; }
  // Takes note of a fault; true if it trips the rule, from the next event on.
  bool error(uint32_t rule, int64_t time) { return note(errors_, rule, time); }
  bool overrun(uint32_t rule, int64_t time) { return note(overruns_, rule, time); }

  TripCause tripped(uint32_t rule, int64_t time) const;
  struct Status {
    TripCause cause = TripCause::kNone;
    int64_t tripped_at = 0, until = 0;  // if it is tripped
    int64_t errors = 0, overruns = 0;   // within their windows, else
  };
  Status status(uint32_t rule, int64_t time) const;
  void reset(uint32_t rule);

  // Moves whenever a rule trips or is reset: what was looked up before is still right until then, but for the time.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // Rules that have tripped, whether or not their time is over.
  std::vector<uint32_t> ever_tripped() const;

  // Of a rule with faults: what its breaker belongs to over reloads. A rule that was changed starts with none.
  bool has_faults(uint32_t rule) const;
  ir::Identity identity(const ir::Program& program, uint32_t rule) const;
  void take(uint32_t rule, Trips& from, uint32_t from_rule);
  void save(uint32_t rule, state::Writer& out) const;
  bool load(uint32_t rule, state::Reader& in);

 private:
  using Guards = std::vector<std::unique_ptr<state::LimitGuard>>;  // by rule; null if it has no such budget
  bool note(Guards& guards, uint32_t rule, int64_t time);
  void moved() { generation_.fetch_add(1, std::memory_order_release); }

  const std::vector<Protection> protections_;
  const Protection none_;
  Guards errors_, overruns_;
  std::atomic<uint64_t> generation_{1};
};

}  // namespace weir::engine
