#include "tools/weir/figures_json.h"

#include <string>

#include "compiler/ir/program.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::tools {
namespace {

constexpr ir::Verdict kVerdicts[] = {ir::Verdict::kAllow, ir::Verdict::kReview, ir::Verdict::kChallenge,
                                     ir::Verdict::kBlock};

size_t index(ir::Verdict verdict) { return static_cast<size_t>(verdict); }

}  // namespace

Json to_json(const rollout::Figures& f) {
  Json out = {
      {"events", f.events},
      {"verdicts",
       {{"changed", f.changed}, {"stricter", f.stricter}, {"milder", f.milder}, {"transitions", Json::object()}}},
      {"alerts",
       {{"live", f.live_alerts},
        {"candidate", f.candidate_alerts},
        {"both", f.both_alerts},
        {"overlap", f.overlap().defined() ? Json(f.overlap().value()) : Json()}}},
      {"candidate_errors", f.candidate_errors}};
  for (const ir::Verdict from : kVerdicts) {
    Json row = Json::object();
    for (const ir::Verdict to : kVerdicts)
      row[std::string(ir::verdict_name(to))] = f.transitions[index(from)][index(to)];
    out["verdicts"]["transitions"][std::string(ir::verdict_name(from))] = std::move(row);
  }
  out["rules"] = Json::array();
  for (const rollout::RuleFigures& r : f.rules) {
    out["rules"].push_back({{"id", r.id},
                            {"name", r.name},
                            {"change", rollout::rule_change_name(r.change)},
                            {"live", r.live},
                            {"candidate", r.candidate},
                            {"both", r.both},
                            {"live_errors", r.live_errors},
                            {"candidate_errors", r.candidate_errors}});
  }
  out["samples"] = Json::array();
  for (const rollout::Sample& s : f.samples) {
    out["samples"].push_back({{"id", s.id},
                              {"event", s.event},
                              {"time", value::to_text(state::from_nanos(s.time_nanos))},
                              {"live", ir::verdict_name(s.live)},
                              {"candidate", ir::verdict_name(s.candidate)},
                              {"only_live", s.only_live},
                              {"only_candidate", s.only_candidate}});
  }
  return out;
}

}  // namespace weir::tools
