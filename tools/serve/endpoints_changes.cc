// What people change while events are served, and look at: labels, lists, snoozes, limits.
#include <fmt/format.h>

#include "runtime/engine/inspect.h"
#include "runtime/engine/state.h"
#include "runtime/io/change_json.h"
#include "tools/serve/body.h"
#include "tools/serve/endpoints.h"
#include "tools/serve/problem.h"
#include "tools/serve/service.h"

namespace weir::serve {
namespace {

// Which members a change's body has, beside "reason" and "time".
struct ChangeBody {
  std::vector<std::string_view> required;  // texts
  std::vector<std::string_view> optional;  // texts
  bool values = false;
};

// `list`: of the path. Made of the body by the reader of `weir run --changes`, so that both mean the same.
void change(Exchange& exchange, engine::ChangeKind kind, const ChangeBody& body, std::string_view list,
            Response* response) {
  Members members(exchange);
  tools::Json json = {{"change", engine::change_name(kind)}, {"by", exchange.principal->name}};
  if (!list.empty()) json["list"] = list;
  for (const std::string_view name : body.required) json[std::string(name)] = members.required_text(name);
  for (const std::string_view name : {std::string_view("reason"), std::string_view("time")})
    if (const auto text = members.text(name)) json[std::string(name)] = *text;
  for (const std::string_view name : body.optional)
    if (const auto text = members.text(name)) json[std::string(name)] = *text;
  if (body.values) json["values"] = members.required_texts("values");
  if (!members.finish(response)) return;
  auto placed = io::parse_change(tools::json_text(json));
  if (!placed.ok()) return set_problem(response, placed.status());
  uint64_t after_events = 0;
  engine::StateChange made;
  auto applied = exchange.service.deciders().apply(placed->change, &made, &after_events);
  if (!applied.ok()) {
    // Of no more labels, not of the server.
    set_problem(response, absl::IsResourceExhausted(applied.status()) ? 422 : http_status(applied.status()),
                std::string(applied.status().message()));
    return;
  }
  const absl::Status written = exchange.service.audit().append(made, after_events, applied->before, applied->after);
  if (!written.ok()) {
    return set_problem(response, 500,
                       fmt::format("the change is made, but not in the audit log: {}", std::string(written.message())));
  }
  answer(200, {{"before", applied->before}, {"after", applied->after}}, response);
}

tools::Json list_json(const ir::List& declared, const match::ListVersion& version) {
  return {{"name", declared.name},
          {"entries", version.values().size()},
          {"version", version.number()},
          {"hash", version.hash()}};
}

constexpr std::string_view kNone;

}  // namespace

void labels(Exchange& exchange, Response* response) {
  const std::string entity = query_value(exchange.request, "entity"), key = query_value(exchange.request, "key");
  if (entity.empty() || key.empty()) return set_problem(response, 422, "`entity` and `key` are to stand in the query");
  exchange.service.deciders().with_current(
      exchange.worker.index, [&](const Generation& generation, engine::Session& session, Store*) {
        const ir::Program& program = *generation.set->program;
        const int index = program.find_entity(entity);
        if (index < 0) return set_problem(response, 404, fmt::format("the rules declare no entity `{}`", entity));
        const value::Value k = engine::entity_key(program, static_cast<uint32_t>(index), key);
        if (k.is_missing())
          return set_problem(response, 422, fmt::format("key `{}` is not an int, as the entity is", key));
        const engine::State& state = *session.state();
        tools::Json out = {{"entity", entity}, {"key", key}, {"labels", tools::Json::array()}};
        for (const engine::LabelView& l : engine::labels_of(state, static_cast<uint32_t>(index), k, state.newest())) {
          tools::Json label = {{"label", program.labels[l.label].name}, {"set", wall_text(l.mark.set_at)}};
          if (l.mark.expires != INT64_MAX) label["until"] = wall_text(l.mark.expires);
          label["by_hand"] = l.mark.from.by_hand();
          label["rule"] = engine::rule_id_of(state, l.mark);
          label["origin"] = l.mark.from.origin();
          label["generation"] = l.mark.from.generation();
          out["labels"].push_back(std::move(label));
        }
        answer(200, out, response);
      });
}

void set_label(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kSetLabel, {{"label", "key"}, {"until"}}, kNone, response);
}

void unset_label(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kClearLabel, {{"label", "key"}, {}}, kNone, response);
}

void lists(Exchange& exchange, Response* response) {
  exchange.service.deciders().with_current(
      exchange.worker.index, [&](const Generation& generation, engine::Session& session, Store*) {
        tools::Json out = {{"lists", tools::Json::array()}};
        const auto& declared = generation.set->program->lists;
        for (uint32_t i = 0; i < declared.size(); ++i)
          out["lists"].push_back(list_json(declared[i], *session.state()->lists().current(i)));
        answer(200, out, response);
      });
}

void list(Exchange& exchange, Response* response) {
  exchange.service.deciders().with_current(
      exchange.worker.index, [&](const Generation& generation, engine::Session& session, Store*) {
        const auto& declared = generation.set->program->lists;
        for (uint32_t i = 0; i < declared.size(); ++i) {
          if (declared[i].name != exchange.parameter) continue;
          return answer(200, list_json(declared[i], *session.state()->lists().current(i)), response);
        }
        set_problem(response, 404, fmt::format("the rules have no list `{}`", exchange.parameter));
      });
}

void add_to_list(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kAddToList, {{}, {}, true}, exchange.parameter, response);
}

void remove_from_list(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kRemoveFromList, {{}, {}, true}, exchange.parameter, response);
}

void replace_list(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kReplaceList, {{}, {}, true}, exchange.parameter, response);
}

void snoozes(Exchange& exchange, Response* response) {
  exchange.service.deciders().with_current(exchange.worker.index,
                                           [&](const Generation& generation, engine::Session& session, Store*) {
                                             const engine::State& state = *session.state();
                                             const int64_t now = state.newest();
                                             tools::Json out = {{"snoozes", tools::Json::array()}};
                                             for (const engine::Snooze& s : state.snoozes().current()->all()) {
                                               if (s.until_nanos <= now) continue;
                                               tools::Json item = {{"rule", generation.set->program->rules[s.rule].id}};
                                               if (s.has_key) item["key"] = s.key;
                                               item["since"] = wall_text(s.since_nanos);
                                               if (s.until_nanos != INT64_MAX) item["until"] = wall_text(s.until_nanos);
                                               item["by"] = s.by;
                                               item["reason"] = s.reason;
                                               out["snoozes"].push_back(std::move(item));
                                             }
                                             answer(200, out, response);
                                           });
}

void snooze(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kSnooze, {{"rule"}, {"key", "until"}}, kNone, response);
}

void end_snooze(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kEndSnooze, {{"rule"}, {"key"}}, kNone, response);
}

void reset_limit(Exchange& exchange, Response* response) {
  change(exchange, engine::ChangeKind::kResetLimit, {{"rule"}, {}}, kNone, response);
}

void snapshot(Exchange& exchange, Response* response) {
  const absl::Status taken = exchange.service.deciders().snapshot();
  if (!taken.ok()) return set_problem(response, taken);
  answer(200, {{"snapshot", true}}, response);
}

}  // namespace weir::serve
