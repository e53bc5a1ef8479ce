// A candidate that is watched beside the rules that serve, on their traffic, until it is decided about.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "runtime/rollout/diff.h"
#include "runtime/rollout/promotion.h"

namespace weir::rollout {

// Thread-safe. What comes of it is its owner's to carry out.
class Trial {
 public:
  Trial(const ir::Merged& merged, const DiffOptions& options, const Conditions& conditions)
      : conditions_(conditions), diff_(merged.program, merged.candidate, options) {}

  // Of an event on the merged rules. Passed over once the trial is closed: sessions that have not gone over yet.
  Judgement add(uint32_t event, const value::Value* row, const engine::EventResult& result) {
    const std::lock_guard lock(mutex_);
    if (!closed_) diff_.add(event, row, result);
    return judge_locked();
  }
  // False if the event is not remembered.
  bool label(std::string_view event_id, bool positive) {
    const std::lock_guard lock(mutex_);
    return diff_.label(event_id, positive);
  }
  // Pending as long as people are to decide, or there were too few events.
  Judgement judgement() const {
    const std::lock_guard lock(mutex_);
    return judge_locked();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  const Conditions& conditions() const { return conditions_; }
  Figures figures() const {
    const std::lock_guard lock(mutex_);
    return diff_.figures();
  }

 private:
  Judgement judge_locked() const {
    if (closed_ || conditions_.events == 0 || diff_.figures().events < conditions_.events) return {};
    return judge(conditions_, diff_.figures());
  }

  const Conditions conditions_;
  mutable std::mutex mutex_;
  Diff diff_;
  bool closed_ = false;
};

}  // namespace weir::rollout
