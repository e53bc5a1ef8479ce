// weir state: what a rule set remembers after a log, as JSON lines; and the check of audit logs.
#include "runtime/engine/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/types/schema.h"
#include "runtime/engine/inspect.h"
#include "runtime/io/audit_log.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "runtime/value/text.h"
#include "tools/weir/change_input.h"
#include "tools/weir/entity_ref.h"
#include "tools/weir/event_input.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

using value::Value;

struct StateOptions {
  std::vector<std::string> rules;
  EventInput events;
  std::string changes, feature, entity;
  std::vector<std::string> key;
  std::string audit_file, head;
};

Json time_json(int64_t nanos) {
  return nanos == INT64_MAX ? Json(nullptr) : Json(value::to_text(state::from_nanos(nanos)));
}

void line(const Json& json) { print(json_text(json) + "\n"); }

void print_features(const engine::State& state) {
  for (uint32_t f = 0; f < state.features(); ++f) {
    const state::FeatureStore& store = state.feature(f);
    const state::FeatureCounters counters = store.counters();
    const size_t keys = store.keys(), bytes = store.bytes();
    line({{"kind", "feature"},
          {"name", state.program().features[f].name},
          {"keys", keys},
          {"bytes", bytes},
          {"bytes_per_key", keys == 0 ? 0.0 : static_cast<double>(bytes) / static_cast<double>(keys)},
          {"added", counters.added},
          {"late", counters.late},
          {"errors", counters.errors},
          {"evicted", counters.evicted}});
  }
}

void print_by_hand(engine::State& state) {
  const ir::Program& program = state.program();
  const int64_t now = state.newest();
  for (const engine::LimitView& limit : engine::limits_of(state, now)) {
    const ir::Rule& rule = program.rules[limit.rule];
    Json out = {{"kind", "limit"},
                {"rule", rule.name},
                {"id", rule.id},
                {"count", limit.status.count},
                {"seconds", static_cast<double>(limit.status.per) / 1e9},
                {"tripped", limit.status.tripped}};
    if (limit.status.tripped) {
      out["since"] = time_json(limit.status.tripped_at);
      out["until"] = time_json(limit.status.until);
    } else {
      out["fires"] = limit.status.fires;
    }
    line(out);
  }
  for (const engine::Snooze& s : state.snoozes().current()->all()) {
    if (s.until_nanos <= now) continue;
    Json out = {{"kind", "snooze"}, {"rule", program.rules[s.rule].name}, {"id", program.rules[s.rule].id}};
    if (s.has_key) out["key"] = s.key;
    out["since"] = time_json(s.since_nanos);
    out["until"] = time_json(s.until_nanos);
    out["by"] = s.by;
    out["reason"] = s.reason;
    line(out);
  }
  for (uint32_t l = 0; l < program.lists.size(); ++l) {
    const auto version = state.lists().current(l);
    line({{"kind", "list"},
          {"name", program.lists[l].name},
          {"version", version->number()},
          {"entries", version->values().size()},
          {"hash", version->hash()}});
  }
}

void print_labels(const engine::State& state, const EntityRef& entity) {
  for (const engine::LabelView& l : engine::labels_of(state, entity.entity, entity.value(), state.newest())) {
    const state::Provenance& from = l.mark.from;
    Json out = {{"kind", "label"},
                {"entity", state.program().entities[entity.entity].name},
                {"key", entity.key},
                {"label", state.program().labels[l.label].name},
                {"set_at", time_json(l.mark.set_at)},
                {"expires", time_json(l.mark.expires)}};
    if (from.by_hand()) {
      out["by"] = from.origin();
    } else {
      out["rule"] = engine::rule_id_of(state, l.mark);
      out["generation"] = from.generation();
      out["event"] = from.origin();
    }
    line(out);
  }
}

// A key's parts from the command line, of the kinds that the feature's keys have; complains if they do not fit.
bool print_value(engine::State& state, const StateOptions& options) {
  const auto& features = state.program().features;
  const auto at = std::find_if(features.begin(), features.end(), [&](auto& f) { return f.name == options.feature; });
  if (at == features.end()) {
    complain(fmt::format("--feature: there is no feature `{}`", options.feature));
    return false;
  }
  if (at->keys.size() != options.key.size()) {
    complain(
        fmt::format("--key: `{}` has {}, and {} given", at->name, counted(at->keys.size(), "key"), options.key.size()));
    return false;
  }
  std::vector<Value> parts;
  for (size_t i = 0; i < at->keys.size(); ++i) {
    const types::Type* type = state.program().module.node(at->keys[i]).type;
    int64_t number = 0;
    const bool is_number = type->is(types::Kind::kInt) || type->is(types::Kind::kUint);
    if (is_number && value::parse_int(options.key[i], &number) != value::ParseResult::kOk) {
      complain(fmt::format("--key: `{}` is not an int", options.key[i]));
      return false;
    }
    parts.push_back(is_number                      ? Value::integer(number)
                    : type->is(types::Kind::kBool) ? Value::boolean(options.key[i] == "true")
                                                   : Value::string(options.key[i]));
  }
  value::Arena arena;
  const int64_t now = state.newest(at->event);
  const Value v = engine::feature_value(state, static_cast<uint32_t>(at - features.begin()), parts, now, arena);
  line({{"kind", "value"},
        {"feature", at->name},
        {"key", options.key},
        {"time", time_json(now)},
        {"value", json_of(v)}});
  return true;
}

int run_state(const StateOptions& options) {
  int exit_code = kOk;
  auto rules = load_checked_rules(options.rules, &exit_code);
  if (!rules) return exit_code;
  std::optional<EntityRef> entity;
  if (!options.entity.empty() && !(entity = parse_entity(rules->program(), options.entity))) return kUsage;
  auto compiled = make_rules(*rules, engine::Tier::kAuto);
  if (!compiled) return kInternal;
  auto reader = open_events(options.events, *rules, {});
  auto changes = ChangeInput::read(options.changes);
  if (!reader || !changes) return kUsage;
  engine::Session session(compiled, session_options(*rules));
  engine::State& state = *session.state();
  io::Record record;
  while (reader->next(&record)) {
    const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
    if (!changes->apply_before(time, session.events(), {&state})) return kUsage;
    session.evaluate(record.event, record.row);
  }
  if (!changes->apply_before(INT64_MAX, session.events(), {&state})) return kUsage;
  if (!options.feature.empty()) {
    if (!print_value(state, options)) return kUsage;
  } else if (entity) {
    print_labels(state, *entity);
  } else {
    line({{"kind", "state"},
          {"events", session.events()},
          {"time", session.events() == 0 ? Json(nullptr) : time_json(state.newest())},
          {"bytes", session.state_bytes()},
          {"late_events", session.late_events()},
          {"duplicate_events", session.duplicate_events()},
          {"ahead_events", session.ahead_events()}});
    print_features(state);
    print_by_hand(state);
  }
  return finish_events(*reader, options.events, false);
}

int verify_audit(const StateOptions& options) {
  const auto summary = io::verify_audit_log(options.audit_file);
  if (!summary.ok()) {
    complain(std::string(summary.status().message()));
    return absl::IsDataLoss(summary.status()) ? kFindings : kUsage;
  }
  if (!options.head.empty() && options.head != summary->head) {
    complain(fmt::format("{}: its last hash is {}, not {}", options.audit_file, summary->head, options.head));
    return kFindings;
  }
  print(fmt::format("ok: {}, last hash {}\n", counted(summary->records, "record"), summary->head));
  if (summary->broken_off) print("the last line breaks off: a write that was not completed\n");
  return kOk;
}

}  // namespace

void add_state(CLI::App& app, Action* action) {
  auto options = std::make_shared<StateOptions>();
  CLI::App* verb = app.add_subcommand("state", "What rules remember after a log, as JSON lines; checks audit logs");
  add_rules_option(verb, &options->rules);
  add_event_options(verb, &options->events);
  verb->get_option("--events")->required(false);
  add_changes_option(verb, &options->changes);
  verb->add_option("--feature", options->feature, "Only the value of this feature, at --key")->type_name("NAME");
  verb->add_option("--key", options->key, "The key, one value a part")->type_name("KEY…");
  verb->add_option("--entity", options->entity, "Only the labels of this entity, and who set them")
      ->type_name("ENTITY=KEY");
  CLI::App* audit = verb->add_subcommand("audit", "Audit logs of changes by hand");
  CLI::App* verify = audit->add_subcommand("verify", "Whether a log is as it was written");
  audit->require_subcommand(1);
  verify->add_option("file", options->audit_file, "The log")->required()->type_name("FILE");
  verify->add_option("--head", options->head, "The last hash it must have")->type_name("HASH");
  verb->footer(R"(Keys are kept as hashes: a value can be looked up by its key, keys cannot be listed.

Examples:
  weir state --rules rules/ --events log.jsonl.zst
  weir state --rules rules/ --events log.jsonl --feature same_text --key u19
  weir state --rules rules/ --events log.jsonl --entity Account=u19
  weir state audit verify audit.jsonl
)");
  verify->callback([options, action] { *action = [options] { return verify_audit(*options); }; });
  verb->callback([options, action, audit] {
    if (audit->parsed()) return;
    if (options->rules.empty()) throw CLI::RequiredError("--rules");
    if (options->events.paths.empty()) throw CLI::RequiredError("--events");
    *action = [options] { return run_state(*options); };
  });
}

}  // namespace weir::tools
