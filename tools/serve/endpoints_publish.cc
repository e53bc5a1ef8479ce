// Rules on their way to deciding.
#include <fmt/format.h>

#include "tools/serve/body.h"
#include "tools/serve/endpoints.h"
#include "tools/serve/problem.h"
#include "tools/serve/service.h"

namespace weir::serve {
namespace {

tools::Json to_json(const Proposal& p) {
  tools::Json out = {
      {"id", p.id},
      {"stage", stage_name(p.stage)},
      {"expected_generation", p.expected},
      {"digest", p.digest},
      {"author", p.author},
      {"reason", p.reason},
      {"time", wall_text(p.wall_nanos)},
      {"rules", {{"added", p.changes.added}, {"changed", p.changes.changed}, {"removed", p.changes.removed}}},
      {"warnings", p.warnings}};
  if (p.stage != Proposal::Stage::kOpen) {
    out["decided_by"] = p.decided_by;
    out["decided_reason"] = p.decided_reason;
  }
  if (p.stage == Proposal::Stage::kPublished) out["generation"] = p.generation;
  return out;
}

tools::Json to_json(const PastGeneration& g) {
  return {{"generation", g.number},
          {"time", wall_text(g.wall_nanos)},
          {"step", g.step},
          {"name", g.name},
          {"release", g.sequence},
          {"digest", g.digest},
          {"proposed_by", g.proposed_by},
          {"published_by", g.by},
          {"reason", g.reason},
          {"kept", g.bundle != nullptr}};
}

void propose_failed(const absl::Status& status, const LoadFailure& failure, Response* response) {
  if (failure.message.empty()) return set_problem(response, status);
  tools::Json members = {{"diagnostics", failure.diagnostics}};
  if (!failure.text.empty()) members["rendered"] = failure.text;
  // A bundle that is not trusted is refused, and not the one who sent it.
  set_problem(response, failure.status, failure.message, members);
}

void decide(Exchange& exchange, Response* response,
            absl::StatusOr<Proposal> (Publisher::*how)(uint64_t, std::string_view, std::string_view)) {
  uint64_t id = 0;
  if (!read_id(exchange, &id, response)) return;
  Members members(exchange);
  const std::string reason = members.text_or_empty("reason");
  if (!members.finish(response)) return;
  Publisher& publisher = exchange.service.publisher();
  auto decided = (publisher.*how)(id, exchange.principal->name, reason);
  if (!decided.ok()) return set_problem(response, decided.status());
  answer(200, to_json(*decided), response);
}

}  // namespace

void generations(Exchange& exchange, Response* response) {
  tools::Json out = {{"generation", exchange.service.deciders().number()}, {"generations", tools::Json::array()}};
  for (const PastGeneration& g : exchange.service.publisher().generations()) out["generations"].push_back(to_json(g));
  answer(200, out, response);
}

void proposals(Exchange& exchange, Response* response) {
  tools::Json out = {{"proposals", tools::Json::array()}};
  for (const Proposal& p : exchange.service.publisher().proposals()) out["proposals"].push_back(to_json(p));
  answer(200, out, response);
}

void proposal(Exchange& exchange, Response* response) {
  uint64_t id = 0;
  if (!read_id(exchange, &id, response)) return;
  auto found = exchange.service.publisher().proposal(id);
  if (!found.ok()) return set_problem(response, found.status());
  answer(200, to_json(*found), response);
}

void propose(Exchange& exchange, Response* response) {
  Publisher& publisher = exchange.service.publisher();
  const std::string& author = exchange.principal->name;
  LoadFailure failure;
  absl::StatusOr<Proposal> made = absl::UnknownError("");
  if (exchange.request.content_type.starts_with(kBundle)) {
    uint64_t expected = 0;
    if (!read_number(query_value(exchange.request, "expected_generation"), &expected))
      return set_problem(response, 422, "`expected_generation` is to stand in the query of a bundle's proposal");
    made =
        publisher.propose(exchange.request.body, expected, author, query_value(exchange.request, "reason"), &failure);
  } else {
    Members members(exchange);
    const uint64_t expected = members.required_count("expected_generation");
    const std::string reason = members.text_or_empty("reason");
    const tools::Json given = members.array("files");
    if (!members.finish(response)) return;
    std::vector<RuleFile> files;
    for (const tools::Json& f : given) {
      const bool good = f.is_object() && f.size() == 2 && f.contains("path") && f.contains("text") &&
                        f["path"].is_string() && f["text"].is_string();
      if (!good) return set_problem(response, 422, "`files` has an entry that is not {\"path\", \"text\"}, both texts");
      files.push_back({f["path"].get<std::string>(), f["text"].get<std::string>()});
    }
    made = publisher.propose(std::move(files), expected, author, reason, &failure);
  }
  if (!made.ok()) return propose_failed(made.status(), failure, response);
  response->add_header("Location", fmt::format("/v1/proposals/{}", made->id));
  answer(201, to_json(*made), response);
}

void approve(Exchange& exchange, Response* response) { decide(exchange, response, &Publisher::approve); }

void reject(Exchange& exchange, Response* response) { decide(exchange, response, &Publisher::reject); }

void roll_back(Exchange& exchange, Response* response) {
  Members members(exchange);
  const uint64_t to = members.required_count("generation"), expected = members.required_count("expected_generation");
  const std::string reason = members.text_or_empty("reason");
  if (!members.finish(response)) return;
  auto back = exchange.service.publisher().roll_back(to, expected, exchange.principal->name, reason);
  if (!back.ok()) return set_problem(response, back.status());
  answer(200, to_json(*back), response);
}

}  // namespace weir::serve
