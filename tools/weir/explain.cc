// weir explain: why did, or did not, this rule fire on this event?
#include "runtime/explain/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/base/diagnostics.h"
#include "compiler/types/schema.h"
#include "runtime/engine/state.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "tools/weir/change_input.h"
#include "tools/weir/event_input.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct ExplainOptions {
  std::vector<std::string> rules;
  EventInput events;
  std::string id, rule, format = "text", changes;
};

std::vector<uint32_t> rules_to_explain(const ir::Program& program, const ExplainOptions& options, uint32_t event,
                                       const engine::EventResult& result) {
  std::vector<uint32_t> out;
  if (!options.rule.empty()) {
    out.push_back(static_cast<uint32_t>(program.find_rule(options.rule)));
    return out;
  }
  // Without --rule: those that did something.
  for (const engine::Hit& hit : result.hits)
    if (program.rules[hit.rule].event == event) out.push_back(hit.rule);
  return out;
}

int run_explain(const ExplainOptions& options) {
  int exit_code = kOk;
  auto rules = load_checked_rules(options.rules, &exit_code);
  if (!rules) return exit_code;
  const ir::Program& program = rules->program();
  if (!options.rule.empty() && program.find_rule(options.rule) < 0) {
    std::vector<std::string_view> names;
    for (const ir::Rule& rule : program.rules) names.push_back(rule.name);
    std::vector<std::string_view> words = names;
    for (const ir::Rule& rule : program.rules) words.push_back(rule.id);
    std::string_view close = base::did_you_mean(options.rule, words);
    constexpr size_t kMostListed = 10;
    bool more = names.size() > kMostListed;
    if (more) names.resize(kMostListed);
    complain(fmt::format("no rule `{}`; {}", options.rule,
                         close.empty() ? fmt::format("there are {}{}", fmt::join(names, ", "), more ? ", ..." : "")
                                       : fmt::format("did you mean `{}`?", close)));
    return kUsage;
  }
  auto compiled = make_rules(*rules, engine::Tier::kInterpreter);
  if (!compiled) return kInternal;
  auto reader = open_events(options.events, *rules, {});
  if (!reader) return kUsage;
  engine::Session session(compiled, session_options(*rules));
  auto changes = ChangeInput::read(options.changes);
  if (!changes) return kUsage;
  io::Record record;
  for (uint64_t events = 0; reader->next(&record); ++events) {
    const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
    if (!changes->apply_before(time, events, {session.state().get()})) return kUsage;
    const engine::EventResult& result = session.evaluate(record.event, record.row);
    if (result.duplicate || value::to_text(record.row[types::EventSchema::kIdSlot]) != options.id) continue;
    // Evaluating nodes must not disturb the result that is being told about.
    engine::EventResult told = result;
    Json out;
    out["id"] = options.id;
    out["event"] = program.events[record.event].schema.name;
    out["verdict"] = std::string(ir::verdict_name(told.verdict));
    out["score"] = told.score;
    out["rules"] = Json::array();
    bool json = options.format == "json";
    if (!json)
      print(fmt::format("{} {} ({}:{}): verdict {}, score {}\n", program.events[record.event].schema.name,
                        styled(options.id, Style::kBold), record.file, record.line, ir::verdict_name(told.verdict),
                        told.score));
    std::vector<uint32_t> chosen = rules_to_explain(program, options, record.event, told);
    if (!json && chosen.empty()) print("no rule fired; name one with --rule to see why not\n");
    for (uint32_t rule : chosen) {
      if (program.rules[rule].event != record.event) {
        complain(fmt::format("rule `{}` is on event `{}`, not on `{}`", program.rules[rule].name,
                             program.events[program.rules[rule].event].schema.name,
                             program.events[record.event].schema.name));
        return kUsage;
      }
      explain::Why why = explain::explain(program, rule, [&](ir::NodeId node) { return session.eval(node); });
      std::string snoozed;
      for (const engine::Hit& hit : told.hits)
        if (hit.rule == rule && hit.snooze != nullptr) snoozed = engine::to_text(*hit.snooze);
      if (json) {
        out["rules"].push_back(Json::parse(explain::to_json(program, why), nullptr, false));
        if (!snoozed.empty()) out["rules"].back()["snoozed"] = snoozed;
        continue;
      }
      print("\n" + explain::to_text(program, why));
      if (!snoozed.empty()) print(printable(snoozed, 300) + "\n");
      if (why.outcome == explain::Truth::kTrue && !program.rules[rule].because.empty())
        print(fmt::format("because: {}\n", printable(session.because(rule), 300)));
    }
    if (json) print(json_text(out, 2) + "\n");
    return kOk;
  }
  exit_code = finish_events(*reader, options.events, false);
  complain(fmt::format("no event has the id `{}`", options.id));
  return exit_code == kOk ? kFindings : exit_code;
}

}  // namespace

void add_explain(CLI::App& app, Action* action) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* verb = app.add_subcommand("explain", "Why a rule did or did not fire on one event of a log");
  add_rules_option(verb, &options->rules)->required();
  add_event_options(verb, &options->events);
  // `--event` is the id here, not a type: one verb looks for one event.
  verb->remove_option(verb->get_option("--event"));
  verb->add_option("--event", options->id, "The event's id")->required()->type_name("ID");
  verb->add_option("--rule", options->rule, "The rule, by name or id (default: those that fired)")->type_name("NAME");
  add_changes_option(verb, &options->changes);
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(The log is replayed up to the event, so that windows and labels are as they were.
`=>` marks the smallest set of sub-expressions that settled the outcome.

Examples:
  weir explain --rules rules/ --events log.jsonl.zst --event ira0289577 --rule copy_ring
  weir explain --rules rules/ --events log.jsonl.zst --event ira0289577
)");
  verb->callback([options, action] { *action = [options] { return run_explain(*options); }; });
}

}  // namespace weir::tools
