// The accounting of a backtest: what every rule and the whole set did over a log, against its labels. No printing.
//
// An event is an alert if its verdict is stricter than allow; for one rule, if the rule fired. An entity (an account)
// is positive if any of its events is labelled positive, and alerted if any of its events alerted.
//
// Memory grows with the number of distinct entities (each once, and once per rule that fired for it) and of pairs of
// rules that fired together, never with the number of events.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "compiler/ir/program.h"
#include "runtime/backtest/label.h"
#include "runtime/backtest/proportion.h"
#include "runtime/engine/engine.h"

namespace weir::backtest {

using EntityId = uint32_t;
inline constexpr EntityId kNoEntity = UINT32_MAX;

// Names of entities to numbers; shared by the tallies of one run.
class EntityTable {
 public:
  // Two kinds of entity may have the same key: `kind` tells them apart.
  EntityId intern(uint32_t kind, std::string_view key);
  size_t size() const { return ids_.size(); }

 private:
  absl::flat_hash_map<std::string, EntityId> ids_;
  std::string scratch_;
};

struct Confusion {
  uint64_t true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;
  Proportion precision() const { return {true_positive, true_positive + false_positive}; }
  Proportion recall() const { return {true_positive, true_positive + false_negative}; }
};

struct Overlap {
  uint32_t rule = 0;
  uint64_t both = 0;  // events on which both fired
};

struct RuleFigures {
  uint64_t fires = 0;       // shadow rules too
  uint64_t suppressed = 0;  // held back by `once`
  uint64_t snoozed = 0;     // held back by hand
  uint64_t tripped = 0;     // of the fires: over the rule's limit
  uint64_t errors = 0, missing = 0;
  uint64_t entities = 0;          // distinct entities it fired for
  Confusion event, entity;        // over labelled events, and entities with a labelled event
  uint64_t unique = 0;            // events on which it alone fired
  uint64_t unique_positive = 0;   // of them, labelled positive: lost if the rule goes
  std::vector<Overlap> overlaps;  // most shared first
};

struct Figures {
  uint64_t events = 0, labelled = 0, positive = 0;
  uint64_t alerts = 0;
  std::array<uint64_t, 4> verdicts{};                          // by ir::Verdict
  std::array<std::array<uint64_t, 3>, 4> verdicts_by_label{};  // by ir::Verdict, Label
  uint64_t entities = 0, alerted_entities = 0;
  Confusion event, entity;
  std::vector<RuleFigures> rules;  // as Program::rules
};

class Tally {
 public:
  explicit Tally(size_t rules) : rules_(rules), rule_entities_(rules) { totals_.rules.resize(rules); }

  // `verdict` is the one that counts: the live one, or as if shadow rules were live.
  void add(const engine::EventResult& result, ir::Verdict verdict, Label label, EntityId entity);
  Figures figures() const;

 private:
  struct Entity {
    bool seen = false, labelled = false, positive = false, alerted = false;
  };

  size_t rules_;
  Figures totals_;
  std::vector<Entity> entities_;  // by EntityId
  std::vector<absl::flat_hash_set<EntityId>> rule_entities_;
  absl::flat_hash_map<uint64_t, uint64_t> both_;  // (smaller rule << 32 | larger): events
  std::vector<uint32_t> fired_;                   // of the event being added
};

}  // namespace weir::backtest
