// The state of one session as expressions see it, and its update by each event's features.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/state/feature_store.h"
#include "runtime/state/label_store.h"
#include "runtime/value/context.h"

namespace weir::engine {

class SessionState final : public value::StateView {
 public:
  SessionState(const Rules& rules, const SessionOptions& options);

  // Adds the event in ctx.row to the features on it, in order, and makes its time and keys those that reads go by.
  // row[each_slot] is used and left missing.
  void update(uint32_t event, value::Value* row, int64_t time, uint64_t clock, value::EvalContext& ctx);
  // Gives up the keys touched least recently until the budget is kept. Values read before become invalid.
  void keep_budget();

  value::Value feature(uint32_t feature) override;
  value::Value feature_at(uint32_t feature, const value::Value* keys, uint32_t count) override;
  bool has_label(uint32_t label, const value::Value& key) override;
  bool has_label_named(uint32_t entity, std::string_view label, const value::Value& key) override;
  value::Value labels(uint32_t entity, const value::Value& key, value::Arena& arena) override;
  value::Value list_contains(uint32_t list, const value::Value& v) override;

  state::LabelStore& label_store() { return labels_; }
  const state::FeatureStore& store(uint32_t feature) const { return *stores_[feature]; }
  uint64_t late_events() const { return late_events_; }
  size_t bytes() const;

 private:
  // A key of the current event; if it could not be computed, why.
  struct CurrentKey {
    state::Key key;
    value::Value failure = value::Value::null();
  };

  void update_feature(uint32_t feature, value::Value* row, value::EvalContext& ctx);
  void update_element(uint32_t feature, value::EvalContext& ctx);
  CurrentKey current_key(const ir::Feature& feature, value::EvalContext& ctx);
  value::Value read(uint32_t feature, const state::Key& key);
  bool read_bare(uint32_t feature) const { return read_bare_[feature]; }

  const Rules& rules_;
  const ir::Program& program_;
  const SessionOptions& options_;
  std::vector<std::unique_ptr<state::FeatureStore>> stores_;
  state::LabelStore labels_;
  std::vector<int64_t> newest_;          // by event type
  std::vector<CurrentKey> current_;      // by feature: the key of the event last evaluated
  std::vector<uint64_t> current_clock_;  // the event it is of
  std::vector<bool> read_bare_;          // by feature: whether an expression reads it by name alone
  std::vector<std::vector<uint32_t>> entity_labels_;
  std::vector<value::Value> parts_;
  value::Arena* arena_ = nullptr;
  int64_t time_ = 0;
  uint64_t clock_ = 0;
  uint64_t late_events_ = 0;
  bool late_ = false;
};

}  // namespace weir::engine
