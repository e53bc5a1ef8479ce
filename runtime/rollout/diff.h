// What a candidate would have decided otherwise, event by event, while the live rules serve.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/ir/merge.h"
#include "compiler/ir/program.h"
#include "runtime/backtest/proportion.h"
#include "runtime/backtest/reservoir.h"
#include "runtime/engine/engine.h"

namespace weir::rollout {

enum class RuleChange : uint8_t { kSame, kMode, kChanged, kAdded, kRemoved };
std::string_view rule_change_name(RuleChange change);  // "same", "mode", "changed", "added", "removed"

struct RuleFigures {
  RuleChange change = RuleChange::kSame;
  std::string id, name;                        // the candidate's name, if it has the rule
  uint64_t live = 0, candidate = 0, both = 0;  // events on which it fired: there, here, in both
  uint64_t live_errors = 0, candidate_errors = 0;
};

// An event whose verdict differs.
struct Sample {
  std::string id, event;
  int64_t time_nanos = 0;
  ir::Verdict live = ir::Verdict::kAllow, candidate = ir::Verdict::kAllow;
  std::vector<std::string> only_live, only_candidate;  // ids of the rules that fired
};

struct Figures {
  uint64_t events = 0;
  uint64_t changed = 0, stricter = 0, milder = 0;                   // verdicts
  uint64_t live_alerts = 0, candidate_alerts = 0, both_alerts = 0;  // verdicts stricter than allow
  std::array<std::array<uint64_t, 4>, 4> transitions{};             // [live][candidate], by ir::Verdict
  uint64_t candidate_errors = 0;                                    // of rules that only the candidate has
  uint64_t labelled = 0;
  backtest::Proportion live_precision, candidate_precision;  // of labelled alerts
  std::vector<RuleFigures> rules;                            // the live ones in order, then those added
  std::vector<Sample> samples;                               // a fair sample of the changed ones

  // Alerts that both raise, of all that either does.
  backtest::Proportion overlap() const { return {both_alerts, live_alerts + candidate_alerts - both_alerts}; }
};

struct DiffOptions {
  bool as_live = false;  // compare verdicts as if shadow rules were live
  size_t samples = 20;
  size_t remembered = 0;  // the last so many events can be labelled
};

// One caller at a time. Memory is bounded by the options and the number of rules.
class Diff {
 public:
  Diff(std::shared_ptr<const ir::Program> merged, std::shared_ptr<const ir::Candidate> candidate,
       const DiffOptions& options);

  // Events that are ignored (duplicates) or expired tell nothing and are passed over.
  void add(uint32_t event, const value::Value* row, const engine::EventResult& result);
  // Whether the event was what the rules look for. False if it is not remembered.
  bool label(std::string_view event_id, bool positive);

  const Figures& figures() const { return totals_; }

 private:
  void count_rules(const engine::EventResult& result);
  void sample(uint32_t event, const value::Value* row, const engine::EventResult& result, ir::Verdict live,
              ir::Verdict candidate);
  void remember(const value::Value& id, bool live_alert, bool candidate_alert);

  const std::shared_ptr<const ir::Program> program_;
  const std::shared_ptr<const ir::Candidate> candidate_;
  const DiffOptions options_;
  Figures totals_;
  std::vector<uint32_t> row_of_;  // by rule of the merged program: in totals_.rules
  backtest::Reservoir reservoir_;
  struct Decision {
    bool live = false, candidate = false, labelled = false;
  };
  std::unordered_map<uint64_t, Decision> decisions_;  // by hash of the event's id
  std::deque<uint64_t> order_;
};

}  // namespace weir::rollout
