// A proposal beside the rules that decide.
#include <fmt/format.h>

#include "tools/serve/body.h"
#include "tools/serve/endpoints.h"
#include "tools/serve/problem.h"
#include "tools/serve/service.h"
#include "tools/weir/figures_json.h"

namespace weir::serve {
namespace {

constexpr uint64_t kMostSamples = 1000;
constexpr size_t kMostLabels = 10'000;  // of a request

tools::Json to_json(const rollout::Conditions& c) {
  return {{"events", c.events},
          {"max_alert_change", c.max_alert_change},
          {"min_overlap", c.min_overlap},
          {"min_precision", c.min_precision},
          {"min_labelled", c.min_labelled},
          {"max_error_rate", c.max_error_rate},
          {"max_events", c.max_events}};
}

tools::Json to_json(const RolloutReport& report) {
  const LiveRollout& what = *report.what;
  const rollout::Figures figures = what.trial.figures();
  tools::Json out = {{"stage", stage_name(report.stage)},
                     {"generation", report.generation},
                     {"proposal", what.proposal},
                     {"live", what.live->bundle.digest()},
                     {"candidate", what.candidate->bundle.digest()},
                     {"proposed_by", what.proposed_by},
                     {"started_by", what.by},
                     {"reason", what.reason},
                     {"started", wall_text(what.wall_nanos)},
                     {"ended_by", report.ended_by},
                     {"why", report.why},
                     {"conditions", to_json(what.trial.conditions())},
                     {"labelled", figures.labelled}};
  out["figures"] = tools::to_json(figures);
  // The same rules, doing the same, are most of them.
  tools::Json& rules = out["figures"]["rules"];
  tools::Json others = tools::Json::array();
  for (tools::Json& rule : rules)
    if (rule["change"] != "same") others.push_back(std::move(rule));
  rules = std::move(others);
  return out;
}

void answer_report(Exchange& exchange, Response* response) {
  const std::optional<RolloutReport> report = exchange.service.publisher().last_rollout();
  if (!report) return set_problem(response, 404, "there was no rollout since the server was started");
  answer(200, to_json(*report), response);
}

// What is asked of the candidate, if the body says so.
void read_conditions(Members& members, RolloutOptions* out) {
  rollout::Conditions asked;
  const std::optional<uint64_t> events = members.count("events");
  const std::optional<double> change = members.share("max_alert_change"), overlap = members.share("min_overlap"),
                              precision = members.share("min_precision"), errors = members.share("max_error_rate");
  const std::optional<uint64_t> labelled = members.count("min_labelled"), most = members.count("max_events");
  if (!events) {
    if (change || overlap || precision || errors || labelled || most)
      members.wrong("events", "is absent: after how many is it to be decided?");
    return;
  }
  asked.events = *events;
  asked.max_alert_change = change.value_or(0);
  asked.min_overlap = overlap.value_or(0);
  asked.min_precision = precision.value_or(0);
  asked.max_error_rate = errors.value_or(0);
  asked.min_labelled = labelled.value_or(asked.min_labelled);
  asked.max_events = most.value_or(0);
  out->conditions = asked;
}

void end(Exchange& exchange, bool promote, Response* response) {
  Members members(exchange);
  const std::string reason = members.text_or_empty("reason");
  if (!members.finish(response)) return;
  const absl::Status done = exchange.service.publisher().end_rollout(promote, exchange.principal->name, reason);
  if (!done.ok()) return set_problem(response, done);
  answer_report(exchange, response);
}

}  // namespace

void start_rollout(Exchange& exchange, Response* response) {
  uint64_t id = 0;
  if (!read_id(exchange, &id, response)) return;
  Members members(exchange);
  const std::string reason = members.text_or_empty("reason");
  RolloutOptions options;
  read_conditions(members, &options);
  options.diff.as_live = members.flag("as_live");
  if (const auto samples = members.count("samples")) {
    options.diff.samples = *samples;
    if (*samples > kMostSamples) members.wrong("samples", fmt::format("is more than {}", kMostSamples));
  }
  if (!members.finish(response)) return;
  Publisher& publisher = exchange.service.publisher();
  const absl::Status started = publisher.start_rollout(id, exchange.principal->name, reason, options);
  if (!started.ok()) return set_problem(response, started);
  answer_report(exchange, response);
}

void rollout(Exchange& exchange, Response* response) { answer_report(exchange, response); }

void promote_rollout(Exchange& exchange, Response* response) { end(exchange, true, response); }

void roll_back_rollout(Exchange& exchange, Response* response) { end(exchange, false, response); }

void label_rollout(Exchange& exchange, Response* response) {
  Members members(exchange);
  const tools::Json labels = members.array("labels");
  if (!members.finish(response)) return;
  if (labels.size() > kMostLabels)
    return set_problem(response, 422, fmt::format("`labels` has more than {} entries", kMostLabels));
  for (const tools::Json& label : labels) {
    const bool good = label.is_object() && label.size() == 2 && label.contains("event") && label.contains("positive") &&
                      label["event"].is_string() && label["positive"].is_boolean();
    if (!good)
      return set_problem(response, 422, "`labels` has an entry that is not {\"event\": its id, \"positive\": bool}");
  }
  std::vector<std::pair<std::string, bool>> read;
  for (const tools::Json& label : labels) read.emplace_back(label["event"], label["positive"].get<bool>());
  auto forgotten = exchange.service.publisher().label_rollout(read, exchange.principal->name);
  if (!forgotten.ok()) return set_problem(response, forgotten.status());
  answer(200, {{"taken", read.size() - forgotten->size()}, {"not_remembered", *forgotten}}, response);
}

}  // namespace weir::serve
