// What a backtest found, and its two forms: for people, and for programs (docs/backtest-report.schema.json).
#pragma once

#include <string>
#include <vector>

#include "runtime/backtest/tally.h"
#include "runtime/engine/engine.h"
#include "tools/weir/json.h"

namespace weir::tools {

struct SampledEvent {
  std::string id, file, record;
  uint64_t line = 0;
  std::string verdict;
  backtest::Label label = backtest::Label::kNone;
  std::vector<std::pair<std::string, std::string>> because;  // rule, its filled template
  struct Field {
    std::string name, value;
    bool is_text;
  };
  std::vector<Field> fields;  // those the event has, texts first; for people
};

struct BacktestReport {
  const ir::Program* program = nullptr;
  std::string rule_set;  // name or path
  std::vector<std::string> logs;
  std::string label, entity;  // as given or chosen; label empty if there is none
  bool as_live = false;
  std::string tier;

  backtest::Figures all;
  std::string where;  // empty: no subset
  backtest::Figures subset;
  uint64_t where_undecided = 0;  // events on which --where ended in an error or missing: not in the subset

  std::vector<engine::RuleCounters> counters;
  std::vector<engine::Session::Cause> causes;
  std::vector<std::string> cause_texts;  // parallel to causes, for people
  uint64_t late_events = 0, duplicate_events = 0, ahead_events = 0;
  size_t state_bytes = 0;
  Json state;                               // state_json()
  std::string state_table, state_shortage;  // for people; the table only with --state-stats
  double seconds = 0;
  std::string sample_of;
  uint64_t sample_population = 0;
  std::vector<SampledEvent> sample;
  Json rejects;
};

Json to_json(const BacktestReport& report);
std::string to_text(const BacktestReport& report);

}  // namespace weir::tools
