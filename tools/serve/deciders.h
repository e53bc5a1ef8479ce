// Who decides about events: the current generation of rules, and sessions of them, one for each thread that serves.
//
// A lane is a session and its lock. Several lanes share one state (engine::State), so an event on one is seen by rules
// on all; each connection belongs to one thread and so to one lane, which keeps its events in their order. With a store
// there is one lane: then inputs have one order, the log has it, and a replay gives the same verdicts.
//
// A new generation is compiled beside the old one. Publishing holds all lanes between two requests, moves the state
// over by identity (carry_over.h) and gives each lane a session of the new rules: so a verdict, and a batch of them, is
// of one generation, and nothing is evaluated twice. What has to be freed is freed afterwards.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/engine/apply_change.h"
#include "tools/serve/kept_rules.h"
#include "tools/serve/live_rollout.h"
#include "tools/serve/rule_set.h"
#include "tools/serve/store.h"

namespace weir::serve {

// A published rule set. Immutable.
struct Generation : Account {
  std::shared_ptr<const RuleSet> set;
  std::shared_ptr<LiveRollout> rollout;  // under way; usually null. Told of each event
};

// What a rule did, of all lanes and generations so far.
struct RuleTotals {
  std::string id, name;
  engine::RuleCounters counters;
};

struct EventTotals {
  uint64_t events = 0, late = 0, duplicate = 0, ahead = 0, expired = 0;
};

class Deciders {
 public:
  // `store` may be null; with one, `state` is what it recovered and there is one lane.
  Deciders(std::shared_ptr<const Generation> first, std::shared_ptr<engine::State> state, std::unique_ptr<Store> store,
           size_t lanes);
  ~Deciders();

  size_t lanes() const { return lanes_.size(); }
  std::shared_ptr<const Generation> current() const;
  uint64_t number() const { return number_.load(std::memory_order_acquire); }

  // Calls `body(session, store)` while the lane is the caller's. False, and it was not called, if another generation
  // decides by now: ask for current() again.
  template <typename Body>
  bool with_session(size_t lane, const Generation* generation, Body&& body) {
    Lane& mine = *lanes_[lane % lanes_.size()];
    const std::lock_guard lock(mine.mutex);
    if (mine.generation.get() != generation) return false;
    body(*mine.session, store_.get());
    return true;
  }
  // `body(generation, session, store)` of whatever decides.
  template <typename Body>
  void with_current(size_t lane, Body&& body) {
    Lane& mine = *lanes_[lane % lanes_.size()];
    const std::lock_guard lock(mine.mutex);
    body(*mine.generation, *mine.session, store_.get());
  }

  // It decides when this returns. One caller at a time, as with apply().
  absl::Status publish(std::shared_ptr<const Generation> next);
  // A change by hand, in its place among the inputs: after so many events. *made is the change with its time, which is
  // the state's if it names none.
  absl::StatusOr<engine::Applied> apply(const engine::StateChange& change, engine::StateChange* made,
                                        uint64_t* after_events);

  // Generations that no longer decide are kept until nobody uses them, so that no serving thread has to free one.
  bool has_unused() const;
  void free_unused();

  // Tells each lane how far the others are, and takes snapshots that are due.
  void tick();
  absl::Status snapshot();
  // Why no verdict can be given any more; OK as long as all is well.
  absl::Status failure();

  EventTotals event_totals();
  std::vector<RuleTotals> rule_totals();
  size_t state_bytes();
  std::vector<std::string> warming();
  std::vector<uint64_t> lane_generations();  // that each lane decides by

 private:
  struct Lane {
    std::mutex mutex;
    std::shared_ptr<const Generation> generation;
    std::unique_ptr<engine::Session> session;
  };
  std::vector<std::unique_lock<std::mutex>> lock_all() const;

  mutable std::mutex current_mutex_;
  std::shared_ptr<const Generation> current_;
  std::vector<std::shared_ptr<const Generation>> retired_;
  std::atomic<uint64_t> number_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Store> store_;  // under the lock of its one lane

  // Of sessions that have ended. Whoever reads them together with those of the lanes holds all lanes' locks first, or
  // would count a session that ends meanwhile twice or not at all.
  std::mutex totals_mutex_;
  EventTotals events_;
  std::map<std::string, RuleTotals> rules_;  // by id
};

}  // namespace weir::serve
