// What the sessions of one rule set remember together: features, labels, once and limits, and how far time has come.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/engine/event_policy.h"
#include "runtime/engine/gate.h"
#include "runtime/engine/snoozes.h"
#include "runtime/engine/trips.h"
#include "runtime/engine/turn.h"
#include "runtime/match/list_table.h"
#include "runtime/state/event_clock.h"
#include "runtime/state/feature_store.h"
#include "runtime/state/id_store.h"
#include "runtime/state/label_store.h"
#include "runtime/state/repeat_guard.h"

namespace weir::engine {

struct StateOptions {
  std::vector<EventPolicy> events;  // by event type; EventPolicy() for those that are not there
  // Of features, labels and once keys. Labels may take half of it, then new ones are refused; once keys a quarter, then
  // the oldest go; ids of events a sixteenth, likewise; features the rest, least recently touched keys go first. All
  // are counted.
  size_t max_bytes = size_t{4} << 30;
  std::vector<Protection> protections = {};  // by rule; rules that are not there have none
};

// A session's place in the state: where it is in time. Only its session writes it.
struct Seat {
  explicit Seat(size_t events) : newest(events) {}
  Gate::Pass pass;
  std::vector<state::EventClock> clocks;     // by event type, moved by the events the session has seen
  std::vector<std::atomic<int64_t>> newest;  // what they say, for other sessions to read
};

// Used by sessions, between enter() and leave(), and by whoever holds pause(). With one session it is neither divided
// nor locked; when a second one takes a seat it is, for good.
class State {
 public:
  State(std::shared_ptr<const ir::Program> program, const StateOptions& options);

  const ir::Program& program() const { return *program_; }
  const StateOptions& options() const { return options_; }

  // The parts. Thread-safe once the state is shared, or while it is paused.
  size_t features() const { return features_.size(); }
  state::FeatureStore& feature(uint32_t f) { return *features_[f]; }
  const state::FeatureStore& feature(uint32_t f) const { return *features_[f]; }
  state::LabelStore& labels() { return labels_; }
  const state::LabelStore& labels() const { return labels_; }
  // By rule; null if it has none.
  state::OnceGuard* once(uint32_t rule) { return once_[rule].get(); }
  state::LimitGuard* limit(uint32_t rule) { return limit_[rule].get(); }
  // By hand (apply_change.h); thread-safe always.
  match::ListTable& lists() { return lists_; }
  const match::ListTable& lists() const { return lists_; }
  Snoozes& snoozes() { return snoozes_; }
  const Snoozes& snoozes() const { return snoozes_; }
  Trips& trips() { return trips_; }
  const Trips& trips() const { return trips_; }
  state::IdStore& ids() { return ids_; }
  const state::IdStore& ids() const { return ids_; }
  EventPolicy policy(uint32_t event) const {
    return event < options_.events.size() ? options_.events[event] : EventPolicy();
  }

  // Events evaluated by all sessions.
  uint64_t clock() const { return clock_.load(std::memory_order_relaxed); }
  // Time of the newest event of a type that any session has seen.
  int64_t newest(uint32_t event) const;
  // Of any type: what "now" means to the state. kBeforeAll: it has seen no event.
  int64_t newest() const;
  static constexpr int64_t kBeforeAll = INT64_MIN + 1;

  // A feature that is new to a state which has seen events is warming: missing for whoever reads it, until what it can
  // know reaches back a window. kNever if it is not; INT64_MAX if only a backfill can end it.
  int64_t warming_since(uint32_t f) const { return warming_since_[f]; }
  void set_warming_since(uint32_t f, int64_t time) { warming_since_[f] = time; }
  // Whether reads at the newest time may still find it so: of `last N` and sessions that is a matter of each key.
  bool warming(uint32_t f) const;

  // The state that has taken this one's place, if one has (carry_over.h): asked between enter() and leave(), written
  // while paused.
  const std::shared_ptr<State>& successor() const { return successor_; }
  void set_successor(std::shared_ptr<State> state) { successor_ = std::move(state); }

  // The parts of a state that is restored (state_image.h) or carried over (carry_over.h), before its first session.
  std::unique_ptr<state::FeatureStore>& feature_part(uint32_t f) { return features_[f]; }
  std::unique_ptr<state::OnceGuard>& once_part(uint32_t rule) { return once_[rule]; }
  std::unique_ptr<state::LimitGuard>& limit_part(uint32_t rule) { return limit_[rule]; }
  void share();        // as if it had had two sessions
  void count_parts();  // after parts were put in
  // Before the first session only (a state that is restored).
  void set_clock(uint64_t clock) { clock_.store(clock, std::memory_order_relaxed); }
  void set_newest(uint32_t event, const state::EventClock& clock) {
    clocks_[event] = clock;
    newest_[event] = clock.now();
  }
  // Where time stands for an event type: the clock of the session that has seen the newest.
  state::EventClock event_clock(uint32_t event) const;

  // For one copy (state_copy.h) at a time, and none while parts move to another state. Taken before pause().
  Turn& copying() { return copying_; }
  // Waits until no session evaluates, and keeps it so.
  using Pause = Gate::Pause;
  [[nodiscard]] Pause pause() { return Pause(gate_); }

  // Approximately what the parts take.
  size_t bytes() const;
  // To be told by whoever changes feature stores other than through a session.
  void grow_features(ptrdiff_t bytes) {
    if (bytes != 0) feature_bytes_.fetch_add(static_cast<size_t>(bytes), std::memory_order_relaxed);
  }
  // Gives up keys until the budget is kept. Before the state is shared, values read from it become invalid.
  void keep_budget();

  // For sessions.
  Seat* take_seat();
  void leave_seat(Seat* seat);
  bool shared() const { return shared_; }
  void enter(Seat& seat) { gate_.enter(seat.pass); }
  static void leave(Seat& seat) { Gate::leave(seat.pass); }
  uint64_t next_clock() {
    if (shared_) return clock_.fetch_add(1, std::memory_order_relaxed) + 1;
    const uint64_t clock = clock_.load(std::memory_order_relaxed) + 1;
    clock_.store(clock, std::memory_order_relaxed);
    return clock;
  }
  // The least of newest(event) over the sessions: none of them will look further back than a window before it.
  int64_t slowest(uint32_t event) const;
  // The same for the newest event of any type.
  int64_t slowest() const;

 private:
  // Gives up the least recently touched key of several stores. A store's oldest touch only grows, so the last one seen
  // is a bound below, and the store at the head of a heap of bounds is nearly always the right one.
  template <typename Store>
  class Eviction {
   public:
    // Null stores have no keys. Returns the bytes freed; 0 if there is no key.
    size_t evict_one(const std::vector<std::unique_ptr<Store>>& stores, uint64_t clock);
    void reset() { heap_.clear(); }

   private:
    struct Head {
      uint64_t bound;
      uint32_t store, shard;
    };
    std::vector<Head> heap_;
  };

  const std::shared_ptr<const ir::Program> program_;
  const StateOptions options_;
  std::vector<std::unique_ptr<state::FeatureStore>> features_;
  state::LabelStore labels_;
  std::vector<std::unique_ptr<state::OnceGuard>> once_;
  std::vector<std::unique_ptr<state::LimitGuard>> limit_;
  state::IdStore ids_;
  match::ListTable lists_;
  Snoozes snoozes_;
  Trips trips_;
  std::vector<int64_t> warming_since_;
  std::atomic<uint64_t> clock_{0};
  std::atomic<size_t> feature_bytes_{0};

  Turn copying_;
  Gate gate_;
  mutable std::recursive_mutex seats_mutex_;  // after gate_: those inside ask slowest()
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<int64_t> newest_;            // of sessions that have left
  std::vector<state::EventClock> clocks_;  // likewise
  bool shared_ = false;                    // written while paused
  std::shared_ptr<State> successor_;

  std::mutex eviction_mutex_;
  Eviction<state::FeatureStore> feature_eviction_;
  Eviction<state::OnceGuard> once_eviction_;
};

}  // namespace weir::engine
