// Whether a candidate takes over: what is asked of it, and the answer.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/rollout/diff.h"

namespace weir::rollout {

// What is 0 is not asked.
struct Conditions {
  uint64_t events = 0;          // decided after so many; 0: people decide
  double max_alert_change = 0;  // |candidate's alerts - live alerts| / live alerts
  double min_overlap = 0;       // Figures::overlap
  double min_precision = 0;     // of the candidate's labelled alerts
  uint64_t min_labelled = 100;  // of these, before the precision is judged
  double max_error_rate = 0;    // errors of the candidate's own rules an event
  uint64_t max_events = 0;      // without labels enough by then it is rolled back; 0: ten times `events`
};

enum class Decision : uint8_t { kPending, kPromote, kRollBack };

struct Judgement {
  Decision decision = Decision::kPending;
  std::string why;  // each condition with what was found
};

Judgement judge(const Conditions& conditions, const Figures& figures);

}  // namespace weir::rollout
