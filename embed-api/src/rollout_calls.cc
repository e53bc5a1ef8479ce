// Rollouts as hosts see them.
#include <fmt/format.h>

#include <iterator>

#include "embed-api/src/rollout.h"
#include "runtime/io/json_text.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

struct weir_rollout {
  std::shared_ptr<weir::embed::Rollout> state;
};

struct weir_rollout_report {
  weir::embed::Rollout::Report at;
  std::string json;
};

namespace weir::embed {
namespace {

constexpr std::string_view kStates[] = {"running", "promoted", "rolled_back", "overtaken"};

void text_member(std::string_view name, std::string_view text, std::string* out) {
  if (out->back() != '{') *out += ',';
  *out += fmt::format("\"{}\":", name);
  io::append_json_quoted(text, out);
}

void texts_member(std::string_view name, const std::vector<std::string>& texts, std::string* out) {
  *out += fmt::format(",\"{}\":[", name);
  for (const std::string& text : texts) {
    if (out->back() != '[') *out += ',';
    io::append_json_quoted(text, out);
  }
  *out += ']';
}

void append_rule(const rollout::RuleFigures& rule, std::string* out) {
  if (out->back() != '[') *out += ',';
  *out += '{';
  text_member("id", rule.id, out);
  text_member("name", rule.name, out);
  text_member("change", rollout::rule_change_name(rule.change), out);
  *out += fmt::format(",\"live\":{},\"candidate\":{},\"both\":{},\"candidate_errors\":{}}}", rule.live, rule.candidate,
                      rule.both, rule.candidate_errors);
}

void append_sample(const rollout::Sample& sample, std::string* out) {
  if (out->back() != '[') *out += ',';
  *out += '{';
  text_member("id", sample.id, out);
  text_member("event", sample.event, out);
  text_member("time", value::to_text(state::from_nanos(sample.time_nanos)), out);
  text_member("live", ir::verdict_name(sample.live), out);
  text_member("candidate", ir::verdict_name(sample.candidate), out);
  texts_member("only_live", sample.only_live, out);
  texts_member("only_candidate", sample.only_candidate, out);
  *out += '}';
}

std::string to_json(const Rollout::Report& report) {
  const rollout::Figures& f = report.figures;
  std::string out = "{";
  text_member("state", kStates[report.state], &out);
  out += fmt::format(",\"generation\":{}", report.generation);
  text_member("why", report.why, &out);
  out += fmt::format(
      ",\"events\":{},\"changed\":{},\"stricter\":{},\"milder\":{},\"live_alerts\":{},\"candidate_alerts\":{},"
      "\"both_alerts\":{},\"candidate_errors\":{},\"transitions\":[",
      f.events, f.changed, f.stricter, f.milder, f.live_alerts, f.candidate_alerts, f.both_alerts, f.candidate_errors);
  for (const auto& row : f.transitions) {
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), "[{},{},{},{}]", row[0], row[1], row[2], row[3]);
  }
  out += "],\"rules\":[";
  for (const rollout::RuleFigures& rule : f.rules)
    if (rule.change != rollout::RuleChange::kSame) append_rule(rule, &out);
  out += "],\"samples\":[";
  for (const rollout::Sample& sample : f.samples) append_sample(sample, &out);
  out += "]}";
  return out;
}

weir_status read_rollout_options(const weir_rollout_options* options, const driver::Manifest& candidate,
                                 Rollout::Options* out, weir_error* err) {
  weir_rollout_options given;
  if (weir_status s = read_options(options, &given, "weir_rollout_options", err)) return s;
  WEIR_REQUIRE_TEXT(given.by, err);
  WEIR_REQUIRE_TEXT(given.reason, err);
  for (const double share : {given.max_alert_change, given.min_overlap, given.min_precision, given.max_error_rate})
    if (!(share >= 0)) return fail(err, WEIR_E_ARG, "weir_rollout_options: {} is no share", share);
  out->diff.as_live = given.as_live != 0;
  out->diff.samples = given.samples != 0 ? given.samples : 20;
  out->diff.remembered = given.remembered != 0 ? given.remembered : 100'000;
  out->by = view(given.by);
  out->reason = view(given.reason);
  if (given.events == 0) {
    out->conditions = candidate.promotion;
    return WEIR_OK;
  }
  rollout::Conditions& asked = out->conditions;
  asked.events = given.events;
  asked.max_alert_change = given.max_alert_change;
  asked.min_overlap = given.min_overlap;
  asked.min_precision = given.min_precision;
  if (given.min_labelled != 0) asked.min_labelled = given.min_labelled;
  asked.max_error_rate = given.max_error_rate;
  asked.max_events = given.max_events;
  return WEIR_OK;
}

}  // namespace
}  // namespace weir::embed

using weir::embed::call;
using weir::embed::str;
using weir::embed::view;

weir_status weir_rollout_start(weir_slot* slot, const weir_ruleset* candidate, const weir_rollout_options* options,
                               weir_rollout** rollout_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(rollout_out, err);
    *rollout_out = nullptr;
    WEIR_REQUIRE(slot, err);
    WEIR_REQUIRE(candidate, err);
    weir::embed::Rollout::Options how;
    if (weir_status s = weir::embed::read_rollout_options(options, candidate->state->manifest, &how, err)) return s;
    auto rollout = std::make_unique<weir_rollout>();
    if (weir_status s =
            weir::embed::Rollout::start(slot->state, candidate->state, std::move(how), &rollout->state, err))
      return s;
    *rollout_out = rollout.release();
    return WEIR_OK;
  });
}

weir_status weir_rollout_label(weir_rollout* rollout, weir_str event_id, int32_t positive, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(rollout, err);
    WEIR_REQUIRE_TEXT(event_id, err);
    if (rollout->state->label(view(event_id), positive != 0)) return WEIR_OK;
    return weir::embed::fail(err, WEIR_E_DATA, "event `{}` is not remembered", view(event_id));
  });
}

weir_status weir_rollout_end(weir_rollout* rollout, int32_t promote, weir_str by, weir_str reason, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(rollout, err);
    WEIR_REQUIRE_TEXT(by, err);
    WEIR_REQUIRE_TEXT(reason, err);
    return rollout->state->end(promote != 0, std::string(view(by)), std::string(view(reason)), err);
  });
}

void weir_rollout_release(weir_rollout* rollout) { delete rollout; }

weir_status weir_rollout_get_report(const weir_rollout* rollout, weir_rollout_report** report_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(report_out, err);
    *report_out = nullptr;
    WEIR_REQUIRE(rollout, err);
    auto out = std::make_unique<weir_rollout_report>();
    out->at = rollout->state->report();
    out->json = weir::embed::to_json(out->at);
    *report_out = out.release();
    return WEIR_OK;
  });
}

weir_status weir_rollout_report_get(const weir_rollout_report* report, weir_rollout_info* info) {
  if (report == nullptr) return WEIR_E_ARG;
  const weir::rollout::Figures& f = report->at.figures;
  weir_rollout_info full = {};
  full.state = report->at.state;
  full.generation = report->at.generation;
  full.events = f.events;
  full.changed = f.changed;
  full.stricter = f.stricter;
  full.milder = f.milder;
  full.live_alerts = f.live_alerts;
  full.candidate_alerts = f.candidate_alerts;
  full.both_alerts = f.both_alerts;
  full.candidate_errors = f.candidate_errors;
  full.labelled = f.labelled;
  full.live_true = f.live_precision.part;
  full.live_labelled_alerts = f.live_precision.whole;
  full.candidate_true = f.candidate_precision.part;
  full.candidate_labelled_alerts = f.candidate_precision.whole;
  full.rule_count = f.rules.size();
  full.sample_count = f.samples.size();
  full.why = str(report->at.why);
  return weir::embed::write_out(full, info);
}

weir_status weir_rollout_report_rule(const weir_rollout_report* report, size_t i, weir_rollout_rule* rule) {
  if (report == nullptr || i >= report->at.figures.rules.size()) return WEIR_E_ARG;
  const weir::rollout::RuleFigures& r = report->at.figures.rules[i];
  weir_rollout_rule full = {};
  static_assert(static_cast<int>(weir::rollout::RuleChange::kRemoved) == WEIR_RULE_REMOVED);
  full.change = static_cast<uint32_t>(r.change);
  full.id = str(r.id);
  full.name = str(r.name);
  full.live = r.live;
  full.candidate = r.candidate;
  full.both = r.both;
  full.live_errors = r.live_errors;
  full.candidate_errors = r.candidate_errors;
  return weir::embed::write_out(full, rule);
}

weir_str weir_rollout_report_json(const weir_rollout_report* report) {
  return report == nullptr ? weir_str{nullptr, 0} : str(report->json);
}

void weir_rollout_report_release(weir_rollout_report* report) { delete report; }
