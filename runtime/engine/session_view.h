// The state as one session's expressions see it, and its update by each event's features.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/engine/state.h"
#include "runtime/value/context.h"

namespace weir::engine {

// What one thread keeps for itself beside the shared State: the event at hand, its keys, its time.
class SessionView final : public value::StateView {
 public:
  SessionView(const Rules& rules, State& state, Seat& seat);

  // Makes the event the one at hand: its time is what reads go by, and moves the clock. True if it is further ahead
  // than one event may move it.
  bool begin(uint32_t event, int64_t time, uint64_t clock, value::EvalContext& ctx);
  // The same for an event that is only looked at: it moves no clock and is not added, but reads go by its keys.
  void look_at(uint32_t event, int64_t time, value::EvalContext& ctx);
  // Adds the event at hand, which is ctx.row, to the features on it, in order, and makes its keys those that reads go
  // by. row[each_slot] is used and left missing.
  void update(value::Value* row, value::EvalContext& ctx);
  // Lists are as they are now until let go; else as they are when an event begins.
  void hold_lists(bool hold);
  // Tells the state how much it has grown by this session.
  void settle() {
    state_.grow_features(grown_);
    grown_ = 0;
  }

  // What the event last updated wrote comes into force at once for everybody else; expressions that are evaluated on
  // this event go on seeing the labels as they were.
  void write_label(bool set, uint32_t label, const state::Key& key, int64_t duration, uint32_t rule,
                   const state::Provenance& from);
  // Of an event that came to nothing: the labels it has set that were not there.
  void take_back_labels();
  // The labels as they are now.
  bool has_label_now(uint32_t label, const value::Value& key, int64_t now) const;

  value::Value feature(uint32_t feature) override;
  value::Value feature_at(uint32_t feature, const value::Value* keys, uint32_t count) override;
  bool has_label(uint32_t label, const value::Value& key) override;
  bool has_label_named(uint32_t entity, std::string_view label, const value::Value& key) override;
  value::Value labels(uint32_t entity, const value::Value& key, value::Arena& arena) override;
  value::Value list_contains(uint32_t list, const value::Value& v) override;

  // As long as it lives, reads are for show (because, explain, --where).
  class LookingOn {
   public:
    explicit LookingOn(SessionView& view) : view_(view) { view_.looks_on_ = true; }
    ~LookingOn() { view_.looks_on_ = false; }
    LookingOn(const LookingOn&) = delete;
    LookingOn& operator=(const LookingOn&) = delete;

   private:
    SessionView& view_;
  };

  bool observe(uint32_t event, int64_t time);
  // As this session's clock has it.
  int64_t newest(uint32_t event) const { return seat_.clocks[event].now(); }
  // When labels and once are asked for: the event's time, but not before the horizon that is common to all types of
  // events. So an event that is too late sees them as they were by then, and what had expired then may be freed.
  int64_t now() const { return std::max(time_, horizon_); }
  int64_t keep_from() const { return state_.shared() ? keep_from_ : horizon_; }  // the least horizon_ of all sessions
  uint64_t late_events() const { return late_events_; }

 private:
  // A key of the current event; if it could not be computed, why.
  struct CurrentKey {
    state::Key key;
    value::Value failure = value::Value::null();
  };
  struct LabelBefore {
    uint32_t label;
    state::Key key;
    bool had;
  };

  void find_horizon();
  void refresh_lists();
  void update_feature(uint32_t feature, value::Value* row, value::EvalContext& ctx);
  void update_element(uint32_t feature, value::EvalContext& ctx);
  CurrentKey current_key(const ir::Feature& feature, value::EvalContext& ctx);
  value::Value read(uint32_t feature, const state::Key& key);
  state::Access access(uint32_t feature) const;
  bool had_label(uint32_t label, const state::Key& key) const;
  bool read_bare(uint32_t feature) const { return rules_.read_bare()[feature]; }

  const Rules& rules_;
  const ir::Program& program_;
  State& state_;
  Seat& seat_;
  std::vector<int64_t> lateness_;  // by event type
  int64_t longest_lateness_ = 0;
  std::vector<int64_t> slowest_;         // by event type: of all sessions, as last asked
  std::vector<CurrentKey> current_;      // by feature: the key of the event last evaluated
  std::vector<uint64_t> current_clock_;  // the event it is of
  std::vector<std::vector<uint32_t>> entity_labels_;
  std::vector<LabelBefore> labels_before_;  // of those the event last updated wrote
  match::ListTable::Snapshot lists_;        // as of this event
  uint64_t list_generation_ = 0;
  bool lists_held_ = false;
  std::vector<value::Value> parts_;
  value::Arena* arena_ = nullptr;
  uint32_t event_ = 0;
  int64_t time_ = 0;
  uint64_t clock_ = 0;
  int64_t horizon_ = INT64_MIN + 1;  // newest event of any type less the longest lateness of any
  int64_t keep_from_ = INT64_MIN + 1;
  uint64_t asked_ = 0;  // events since the other sessions were
  ptrdiff_t grown_ = 0;
  uint64_t late_events_ = 0;
  bool late_ = false;
  bool looks_on_ = false;
};

}  // namespace weir::engine
