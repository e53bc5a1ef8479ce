// weir diff: two versions of a rule set over one log, in one pass: which verdicts change, and which rules do it.
#include "runtime/rollout/diff.h"

#include <fmt/format.h>

#include <memory>

#include "compiler/driver/merge_rule_sets.h"
#include "runtime/rollout/promotion.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "tools/weir/event_input.h"
#include "tools/weir/figures_json.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

using rollout::Figures;
using rollout::RuleChange;
using rollout::RuleFigures;

struct DiffVerbOptions {
  std::vector<std::string> rules;
  EventInput events;
  TierChoice tier = TierChoice::kAuto;
  rollout::DiffOptions diff;
  std::string format = "text";
};

constexpr ir::Verdict kVerdicts[] = {ir::Verdict::kAllow, ir::Verdict::kReview, ir::Verdict::kChallenge,
                                     ir::Verdict::kBlock};

size_t index(ir::Verdict verdict) { return static_cast<size_t>(verdict); }

bool differs(const RuleFigures& rule) {
  return rule.change != RuleChange::kSame || rule.live != rule.candidate || rule.live != rule.both;
}

std::string time_text(int64_t nanos) { return value::to_text(state::from_nanos(nanos)); }

std::string transitions_text(const Figures& f) {
  Table table;
  table.column("live \\ candidate", Table::Align::kLeft);
  for (const ir::Verdict to : kVerdicts) table.column(std::string(ir::verdict_name(to)), Table::Align::kRight);
  for (const ir::Verdict from : kVerdicts) {
    std::vector<Table::Cell> cells = {std::string(ir::verdict_name(from))};
    for (const ir::Verdict to : kVerdicts) {
      const uint64_t n = f.transitions[index(from)][index(to)];
      cells.emplace_back(with_commas(n), n > 0 && from != to ? Style::kYellow : Style::kPlain);
    }
    table.row(std::move(cells));
  }
  return section("Verdicts", "events by what the live rules decided, and what the candidate would have") +
         table.render();
}

std::string rules_text(const Figures& f) {
  Table table;
  for (const char* title : {"id", "rule", "change"}) table.column(title, Table::Align::kLeft);
  for (const char* title : {"live", "candidate", "both", "errors"}) table.column(title, Table::Align::kRight);
  size_t rows = 0;
  for (const RuleFigures& r : f.rules) {
    if (!differs(r)) continue;
    ++rows;
    table.row({printable(r.id, 32), printable(r.name, 40), std::string(rollout::rule_change_name(r.change)),
               with_commas(r.live), with_commas(r.candidate), with_commas(r.both), with_commas(r.candidate_errors)});
  }
  if (rows == 0) return "";
  return section("Rules", "that differ: events on which they fired, in each version and in both") + table.render();
}

std::string list_text(std::string_view title, const std::vector<std::string>& ids) {
  std::string out;
  for (const std::string& id : ids) out += (out.empty() ? fmt::format(", only {}: ", title) : " ") + printable(id, 32);
  return out;
}

std::string samples_text(const Figures& f) {
  if (f.samples.empty()) return "";
  std::string out = section("Samples", "of the events whose verdict changes");
  for (const rollout::Sample& s : f.samples) {
    out += fmt::format("{} {} {}: {} -> {}{}{}\n", time_text(s.time_nanos), s.event, printable(s.id, 40),
                       ir::verdict_name(s.live), ir::verdict_name(s.candidate), list_text("live", s.only_live),
                       list_text("candidate", s.only_candidate));
  }
  return out;
}

std::string to_text(const Figures& f, const rollout::Judgement& judgement) {
  uint64_t changes[5] = {};
  for (const RuleFigures& r : f.rules) ++changes[static_cast<size_t>(r.change)];
  std::string out = fmt::format(
      "{}: verdicts differ on {} ({}), {} stricter and {} milder\n"
      "alerts: {} live, {} candidate, {} in both\n"
      "rules: {} the same, {} in another mode, {} changed, {} added, {} removed\n",
      counted(f.events, "event"), with_commas(f.changed),
      percent(f.events == 0 ? 0 : static_cast<double>(f.changed) / static_cast<double>(f.events), 2),
      with_commas(f.stricter), with_commas(f.milder), with_commas(f.live_alerts), with_commas(f.candidate_alerts),
      with_commas(f.both_alerts), changes[0], changes[1], changes[2], changes[3], changes[4]);
  out += transitions_text(f) + rules_text(f) + samples_text(f);
  if (judgement.decision != rollout::Decision::kPending) {
    out += fmt::format("\n{}: {}\n",
                       judgement.decision == rollout::Decision::kPromote ? "would be promoted" : "would be rolled back",
                       judgement.why);
  }
  return out;
}

int diff(const DiffVerbOptions& options) {
  if (options.rules.size() != 2) {
    complain("two versions are compared: --rules LIVE --rules CANDIDATE");
    return kUsage;
  }
  int exit_code = kOk;
  auto live = load_checked_rules({options.rules[0]}, &exit_code);
  if (!live) return exit_code;
  auto candidate = load_checked_rules({options.rules[1]}, &exit_code);
  if (!candidate) return exit_code;
  auto merged = ir::merge(live->program(), candidate->program());
  if (!merged.ok()) {
    complain(fmt::format("the two cannot read the same events: {}", std::string(merged.status().message())));
    return kUsage;
  }
  RuleSet both;
  both.source.manifest = driver::merge_manifests(live->source.manifest, candidate->source.manifest);
  both.compilation.program = merged->program;
  auto compiled = make_rules(both, engine_tier(options.tier), "", merged->candidate);
  auto reader = compiled == nullptr ? nullptr : open_events(options.events, both, {});
  if (!reader) return compiled == nullptr ? kInternal : kUsage;
  engine::SessionOptions how = session_options(both);
  how.protections = driver::merge_protections(session_options(*live).protections,
                                              session_options(*candidate).protections, *merged->candidate);
  engine::Session session(compiled, how);
  rollout::Diff figures(merged->program, merged->candidate, options.diff);
  io::Record record;
  while (reader->next(&record)) figures.add(record.event, record.row, session.evaluate(record.event, record.row));
  const Figures& found = figures.figures();
  const rollout::Judgement judgement = rollout::judge(candidate->source.manifest.promotion, found);
  if (options.format == "json") {
    Json out = to_json(found);
    if (judgement.decision != rollout::Decision::kPending)
      out["promotion"] = {{"promote", judgement.decision == rollout::Decision::kPromote}, {"why", judgement.why}};
    print(json_text(out, 2) + "\n");
  } else {
    print(to_text(found, judgement));
  }
  exit_code = finish_events(*reader, options.events, false);
  if (exit_code != kOk && exit_code != kPartlyRejected) return exit_code;
  return judgement.decision == rollout::Decision::kRollBack ? kFindings : exit_code;
}

}  // namespace

void add_diff(CLI::App& app, Action* action) {
  auto options = std::make_shared<DiffVerbOptions>();
  CLI::App* verb =
      app.add_subcommand("diff", "Two versions of a rule set over one log: which verdicts change, and why");
  add_rules_option(verb, &options->rules)->required();
  add_event_options(verb, &options->events);
  add_tier_option(verb, &options->tier, false);
  verb->add_flag("--as-live", options->diff.as_live, "Compare verdicts as if shadow rules were live");
  verb->add_option("--samples", options->diff.samples, "How many of the events whose verdict changes to show");
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(
      R"(The first --rules is what serves, the second the candidate. Both are evaluated in one pass: what they share is
computed once. Labels are those that the live rules write. If the candidate's weir.yaml says when it may be promoted
(`rollout`), the report ends with whether it would be, and the exit status is 1 if not.

Examples:
  weir diff --rules live/ --rules candidate/ --events log.jsonl.zst
  weir diff --rules live.bundle --rules candidate/ --events log.jsonl --as-live --format json
)");
  verb->callback([options, action] { *action = [options] { return diff(*options); }; });
}

}  // namespace weir::tools
