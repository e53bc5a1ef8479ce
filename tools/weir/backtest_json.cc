// The backtest report as JSON: docs/backtest-report.schema.json says what each key means.
#include <algorithm>

#include "tools/weir/backtest_report.h"

namespace weir::tools {
namespace {

using backtest::Confusion;
using backtest::Figures;
using backtest::Proportion;
using backtest::RuleFigures;

Json share(const Proportion& p) {
  Json out;
  out["value"] = p.defined() ? Json(p.value()) : Json(nullptr);
  out["low"] = p.defined() ? Json(p.low()) : Json(nullptr);
  out["high"] = p.defined() ? Json(p.high()) : Json(nullptr);
  out["part"] = p.part;
  out["whole"] = p.whole;
  return out;
}

Json judged(const Confusion& c) {
  Json out;
  out["precision"] = share(c.precision());
  out["recall"] = share(c.recall());
  out["confusion"] = {{"true_positive", c.true_positive},
                      {"false_positive", c.false_positive},
                      {"false_negative", c.false_negative},
                      {"true_negative", c.true_negative}};
  return out;
}

double per_1000(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 1000.0 * static_cast<double>(part) / static_cast<double>(whole);
}

Json overall(const Figures& f) {
  Json out;
  out["events"] = f.events;
  out["labelled"] = f.labelled;
  out["positive"] = f.positive;
  out["alerts"] = f.alerts;
  out["alerts_per_1000"] = per_1000(f.alerts, f.events);
  Json verdicts, by_label;
  for (size_t v = 0; v < 4; ++v) {
    std::string name(ir::verdict_name(static_cast<ir::Verdict>(v)));
    verdicts[name] = f.verdicts[v];
    by_label[name] = {{"unlabelled", f.verdicts_by_label[v][0]},
                      {"negative", f.verdicts_by_label[v][1]},
                      {"positive", f.verdicts_by_label[v][2]}};
  }
  out["verdicts"] = verdicts;
  out["verdicts_by_label"] = by_label;
  out["event"] = judged(f.event);
  out["entity"] = judged(f.entity);
  out["entity"]["count"] = f.entities;
  out["entity"]["alerted"] = f.alerted_entities;
  return out;
}

Json rule_json(const BacktestReport& report, const Figures& figures, size_t r, bool whole_log) {
  const ir::Rule& rule = report.program->rules[r];
  const RuleFigures& f = figures.rules[r];
  Json out;
  out["name"] = rule.name;
  out["id"] = rule.id;
  out["event"] = report.program->events[rule.event].schema.name;
  out["mode"] = std::string(ir::mode_name(rule.mode));
  out["owner"] = rule.owner;
  out["fires"] = f.fires;
  out["alerts_per_1000"] = per_1000(f.fires, figures.events);
  out["entities"] = f.entities;
  out["precision"] = share(f.event.precision());
  out["recall"] = share(f.event.recall());
  out["entity"] = judged(f.entity);
  out["unique"] = f.unique;
  out["unique_positive"] = f.unique_positive;
  out["suppressed"] = f.suppressed;
  out["snoozed"] = f.snoozed;
  out["tripped"] = f.tripped;
  out["missing"] = f.missing;
  out["errors"] = f.errors;
  Json overlaps = Json::array();
  for (const backtest::Overlap& o : f.overlaps)
    overlaps.push_back({{"rule", report.program->rules[o.rule].name},
                        {"events", o.both},
                        {"share", f.fires == 0 ? 0 : static_cast<double>(o.both) / static_cast<double>(f.fires)}});
  out["overlaps"] = overlaps;
  if (!whole_log) return out;

  Json causes = Json::array();
  for (size_t i = 0; i < report.causes.size(); ++i) {
    const auto& cause = report.causes[i];
    if (cause.rule == r)
      causes.push_back(
          {{"kind", cause.missing ? "missing" : "error"}, {"text", report.cause_texts[i]}, {"count", cause.count}});
  }
  out["causes"] = causes;
  uint64_t total = 0;
  for (const auto& c : report.counters) total += c.cost_ns;
  const auto& counter = report.counters[r];
  out["cost"] = {{"share", total == 0 ? 0 : static_cast<double>(counter.cost_ns) / static_cast<double>(total)},
                 {"ns_per_event", counter.cost_samples == 0 ? 0
                                                            : static_cast<double>(counter.cost_ns) /
                                                                  static_cast<double>(counter.cost_samples)}};
  return out;
}

Json rules_json(const BacktestReport& report, const Figures& figures, bool whole_log) {
  Json out = Json::array();
  for (size_t r = 0; r < figures.rules.size(); ++r) out.push_back(rule_json(report, figures, r, whole_log));
  return out;
}

}  // namespace

Json to_json(const BacktestReport& report) {
  Json out;
  out["schema"] = "weir-backtest-report/1";
  out["rule_set"] = report.rule_set;
  out["logs"] = report.logs;
  out["label"] = report.label.empty() ? Json(nullptr) : Json(report.label);
  out["entity_field"] = report.entity.empty() ? Json(nullptr) : Json(report.entity);
  out["as_live"] = report.as_live;
  out["tier"] = report.tier;
  out["overall"] = overall(report.all);
  out["rules"] = rules_json(report, report.all, true);
  if (!report.where.empty())
    out["where"] = {{"expression", report.where},
                    {"undecided", report.where_undecided},
                    {"overall", overall(report.subset)},
                    {"rules", rules_json(report, report.subset, false)}};
  if (!report.sample_of.empty()) {
    Json events = Json::array();
    for (const SampledEvent& e : report.sample) {
      Json because = Json::array();
      for (const auto& [rule, text] : e.because) because.push_back({{"rule", rule}, {"because", text}});
      events.push_back(
          {{"id", e.id},
           {"file", e.file},
           {"line", e.line},
           {"verdict", e.verdict},
           {"label", e.label == backtest::Label::kNone ? Json(nullptr) : Json(e.label == backtest::Label::kPositive)},
           {"because", because},
           {"record", e.record}});
    }
    out["sample"] = {{"of", report.sample_of}, {"population", report.sample_population}, {"events", events}};
  }
  out["input"] = {{"rejected", report.rejects},
                  {"late_events", report.late_events},
                  {"duplicate_events", report.duplicate_events},
                  {"ahead_events", report.ahead_events}};
  out["run"] = {{"seconds", report.seconds},
                {"events_per_second", report.seconds > 0 ? static_cast<double>(report.all.events) / report.seconds : 0},
                {"state_bytes", report.state_bytes}};
  out["state"] = report.state;
  return out;
}

}  // namespace weir::tools
