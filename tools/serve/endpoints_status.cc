// How the server is: for load balancers, Prometheus and people.
#include <fmt/format.h>

#include "compiler/ir/identity.h"
#include "tools/serve/endpoints.h"
#include "tools/serve/problem.h"
#include "tools/serve/service.h"

namespace weir::serve {
namespace {

constexpr char kOpenApi[] =
#include "data/openapi.inc"
    ;

std::string_view native_name(engine::TierStatus::Native native) {
  switch (native) {
    case engine::TierStatus::Native::kNone:
      return "none";
    case engine::TierStatus::Native::kWaiting:
      return "waiting";
    case engine::TierStatus::Native::kCompiling:
      return "compiling";
    case engine::TierStatus::Native::kReady:
      return "ready";
    case engine::TierStatus::Native::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace

void live(Exchange&, Response* response) { answer(200, {{"live", true}}, response); }

void ready(Exchange& exchange, Response* response) {
  if (exchange.service.draining()) return set_problem(response, 503, "the server is shutting down");
  if (absl::Status s = exchange.service.deciders().failure(); !s.ok())
    return set_problem(response, 503, fmt::format("events cannot be logged: {}", std::string(s.message())));
  answer(200, {{"ready", true}, {"generation", exchange.service.deciders().number()}}, response);
}

void metrics(Exchange& exchange, Response* response) {
  response->content_type = "text/plain; version=0.0.4; charset=utf-8";
  response->body = render_metrics(exchange.service);
}

void openapi(Exchange&, Response* response) { response->body = kOpenApi; }

void server_status(Exchange& exchange, Response* response) {
  Service& service = exchange.service;
  Deciders& deciders = service.deciders();
  const std::shared_ptr<const Generation> now = deciders.current();
  const bundle::Contents& contents = now->set->bundle.contents();
  const engine::TierStatus tier = now->set->rules->tier_status();
  const EventTotals events = deciders.event_totals();
  tools::Json out;
  out["version"] = service.version();
  out["started"] = wall_text(service.started());
  out["generation"] = now->number;
  out["published"] = wall_text(now->wall_nanos);
  out["step"] = now->step;
  out["proposed_by"] = now->proposed_by;
  out["published_by"] = now->by;
  out["reason"] = now->reason;
  out["rules"] = {{"name", contents.name},
                  {"digest", now->set->bundle.digest()},
                  {"hash", now->set->files_hash},
                  {"release", contents.sequence},
                  {"count", contents.rules.size()}};
  out["tier"] = {{"in_use", tier.tier == engine::Tier::kNative ? "native" : "interpreter"},
                 {"native", native_name(tier.native)},
                 {"units", tier.units},
                 {"units_done", tier.units_done},
                 {"note", tier.note}};
  out["events"] = {{"evaluated", events.events},
                   {"late", events.late},
                   {"duplicate", events.duplicate},
                   {"ahead", events.ahead},
                   {"expired", events.expired}};
  out["state"] = {{"bytes", deciders.state_bytes()}, {"warming", deciders.warming()}};
  out["lanes"] = deciders.lanes();
  out["deciding"] = deciders.lane_generations();
  const Beginning& beginning = service.publisher().beginning();
  out["began_with"] = {
      {"generation", beginning.first->number}, {"from", beginning.kept ? "kept" : "rules"}, {"notes", beginning.notes}};
  out["rollout"] = nullptr;
  if (const auto& rollout = now->rollout; rollout != nullptr) {
    out["rollout"] = {{"proposal", rollout->proposal},
                      {"candidate", rollout->candidate->bundle.digest()},
                      {"proposed_by", rollout->proposed_by},
                      {"started_by", rollout->by}};
  }
  out["load_failures"] = service.publisher().load_failures();
  out["last_load_error"] = nullptr;
  if (const std::optional<LoadError> error = service.publisher().last_error()) {
    out["last_load_error"] = {{"time", wall_text(error->wall_nanos)},
                              {"by", error->by},
                              {"message", error->failure.message},
                              {"diagnostics", error->failure.diagnostics},
                              {"generation", error->still}};
  }
  answer(200, out, response);
}

void rules(Exchange& exchange, Response* response) {
  Deciders& deciders = exchange.service.deciders();
  const std::shared_ptr<const Generation> now = deciders.current();
  std::map<std::string, engine::RuleCounters> counters;
  for (RuleTotals& t : deciders.rule_totals()) counters.emplace(std::move(t.id), t.counters);
  tools::Json out = {{"generation", now->number}, {"rules", tools::Json::array()}};
  for (const bundle::RuleVersion& r : now->set->bundle.contents().rules) {
    const engine::RuleCounters c = counters[r.id];
    out["rules"].push_back({{"id", r.id},
                            {"name", r.name},
                            {"mode", r.mode},
                            {"version", r.version},
                            {"fired", c.fired},
                            {"suppressed", c.suppressed},
                            {"tripped", c.tripped},
                            {"errors", c.errors},
                            {"missing", c.missing},
                            {"snoozed", c.snoozed},
                            {"quarantined", c.quarantined}});
  }
  answer(200, out, response);
}

}  // namespace weir::serve
