// weir state: what a rule set remembers, after a log or in a state directory, as JSON lines; and the check of audit
// logs.
#include "runtime/engine/state.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "compiler/types/schema.h"
#include "runtime/durable/state_directory.h"
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
  std::string directory, changes, feature, entity;
  std::vector<std::string> key;
  bool everything = false;
  std::string format = "json";
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
  for (uint32_t r = 0; r < program.rules.size(); ++r) {
    const engine::Trips::Status status = state.trips().status(r, now);
    if (!state.trips().has_faults(r)) continue;
    Json out = {{"kind", "protection"},
                {"rule", program.rules[r].name},
                {"id", program.rules[r].id},
                {"tripped", status.cause != engine::TripCause::kNone}};
    if (status.cause != engine::TripCause::kNone) {
      out["by"] = engine::trip_cause_name(status.cause);
      out["since"] = time_json(status.tripped_at);
      out["until"] = time_json(status.until);
    } else {
      out["errors"] = status.errors;
      out["overruns"] = status.overruns;
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

std::string hash_text(const state::Key& key) { return fmt::format("{:016x}{:016x}", key.hi, key.lo); }

void add_origin(const engine::State& state, const state::LabelStore::Mark& mark, Json* out) {
  const state::Provenance& from = mark.from;
  (*out)["set_at"] = time_json(mark.set_at);
  (*out)["expires"] = time_json(mark.expires);
  if (from.by_hand()) {
    (*out)["by"] = from.origin();
  } else {
    (*out)["rule"] = engine::rule_id_of(state, mark);
    (*out)["generation"] = from.generation();
    (*out)["event"] = from.origin();
  }
}

void print_labels(const engine::State& state, const EntityRef& entity) {
  for (const engine::LabelView& l : engine::labels_of(state, entity.entity, entity.value(), state.newest())) {
    Json out = {{"kind", "label"},
                {"entity", state.program().entities[entity.entity].name},
                {"key", entity.key},
                {"label", state.program().labels[l.label].name}};
    add_origin(state, l.mark, &out);
    line(out);
  }
}

void print_all_labels(const engine::State& state) {
  const int64_t now = state.newest();
  for (uint32_t l = 0; l < state.program().labels.size(); ++l) {
    const ir::Label& label = state.program().labels[l];
    state.labels().for_each(l, now, [&](const state::Key& key, const state::LabelStore::Mark& mark) {
      Json out = {{"kind", "label"},
                  {"entity", state.program().entities[label.entity].name},
                  {"hash", hash_text(key)},
                  {"label", label.name}};
      add_origin(state, mark, &out);
      line(out);
    });
  }
}

// One line a key that has a value, or only that of `only`, which `key` names as the command line did.
void print_values(engine::State& state, uint32_t feature, const std::optional<state::Key>& only, const Json& key) {
  const std::string& name = state.program().features[feature].name;
  const auto print_one = [&](const state::Key& hash, const Value& value, std::span<const state::Part> parts) {
    Json out = {{"kind", "value"}, {"feature", name}};
    if (only) {
      out["key"] = key;
    } else {
      out["hash"] = hash_text(hash);
    }
    out["time"] = time_json(state.newest(state.program().features[feature].event));
    out["value"] = json_of(value);
    Json made_of = Json::array();
    for (const state::Part& part : parts)
      made_of.push_back(
          {{"from", time_json(part.from)}, {"until", time_json(part.until)}, {"value", json_of(part.value)}});
    out["parts"] = std::move(made_of);
    line(out);
  };
  bool found = false;
  engine::visit_feature(state, feature, only, [&](const state::Key& hash, const Value& value, auto parts) {
    print_one(hash, value, parts);
    found = true;
  });
  if (found || !only) return;
  value::Arena arena;
  print_one(*only, engine::feature_value(state, feature, *only, arena), {});
}

// The entity alone is the key.
bool is_keyed_by(const ir::Program& program, const ir::Feature& feature, uint32_t entity) {
  if (feature.keys.size() != 1) return false;
  const types::Type* type = program.module.node(feature.keys[0]).type;
  return type->is(types::Kind::kEntity) && type->name() == program.entities[entity].name;
}

std::optional<uint32_t> find_feature(const ir::Program& program, const std::string& name) {
  for (uint32_t f = 0; f < program.features.size(); ++f) {
    if (program.features[f].name == name) return f;
  }
  complain(fmt::format("--feature: there is no feature `{}`", name));
  return std::nullopt;
}

// A key's parts from the command line, of the kinds that the feature's keys have; complains if they do not fit.
std::optional<state::Key> read_key(const ir::Program& program, const ir::Feature& feature,
                                   const std::vector<std::string>& given) {
  if (feature.keys.size() != given.size()) {
    complain(fmt::format("--key: `{}` has {}, and {} given", feature.name, counted(feature.keys.size(), "key"),
                         given.size()));
    return std::nullopt;
  }
  std::vector<Value> parts;
  for (size_t i = 0; i < given.size(); ++i) {
    const types::Type* type = program.module.node(feature.keys[i]).type;
    if (type->is(types::Kind::kEntity)) {
      parts.push_back(engine::entity_key(program, static_cast<uint32_t>(program.find_entity(type->name())), given[i]));
    } else if (type->is(types::Kind::kInt) || type->is(types::Kind::kUint)) {
      int64_t number = 0;
      const bool fits = value::parse_int(given[i], &number) == value::ParseResult::kOk;
      parts.push_back(fits ? Value::integer(number) : Value::missing());
    } else {
      parts.push_back(type->is(types::Kind::kBool) ? Value::boolean(given[i] == "true") : Value::string(given[i]));
    }
    if (!parts.back().is_missing()) continue;
    complain(fmt::format("--key: `{}` is not an int", given[i]));
    return std::nullopt;
  }
  return parts.empty() ? state::Key() : state::make_key(parts.data(), parts.size());
}

bool print_feature(engine::State& state, const StateOptions& options, const std::optional<EntityRef>& entity) {
  const ir::Program& program = state.program();
  const auto feature = find_feature(program, options.feature);
  if (!feature) return false;
  const ir::Feature& f = program.features[*feature];
  if (entity) {
    if (!is_keyed_by(program, f, entity->entity)) {
      complain(fmt::format("--feature: `{}` is not kept by `{}` alone", f.name, program.entities[entity->entity].name));
      return false;
    }
    print_values(state, *feature, state::make_key(entity->value()), Json::array({entity->key}));
    return true;
  }
  if (options.key.empty() && !f.keys.empty()) {
    print_values(state, *feature, std::nullopt, nullptr);
    return true;
  }
  const auto key = read_key(program, f, options.key);
  if (key) print_values(state, *feature, *key, options.key);
  return key.has_value();
}

void print_entity(engine::State& state, const EntityRef& entity) {
  for (uint32_t f = 0; f < state.features(); ++f) {
    if (is_keyed_by(state.program(), state.program().features[f], entity.entity))
      print_values(state, f, state::make_key(entity.value()), Json::array({entity.key}));
  }
  print_labels(state, entity);
}

void print_everything(engine::State& state) {
  for (uint32_t f = 0; f < state.features(); ++f) print_values(state, f, std::nullopt, nullptr);
  print_all_labels(state);
  for (uint32_t l = 0; l < state.program().lists.size(); ++l) {
    for (const std::string& entry : state.lists().current(l)->values())
      line({{"kind", "list_entry"}, {"list", state.program().lists[l].name}, {"value", entry}});
  }
}

bool print_state(engine::State& state, const StateOptions& options, const std::optional<EntityRef>& entity,
                 Json summary) {
  if (!options.feature.empty()) return print_feature(state, options, entity);
  if (entity) {
    print_entity(state, *entity);
    return true;
  }
  summary["bytes"] = state.bytes();
  line(summary);
  print_features(state);
  print_by_hand(state);
  if (options.everything) print_everything(state);
  return true;
}

Json summary_of(const engine::State& state) {
  return {{"kind", "state"},
          {"events", state.clock()},
          {"time", state.clock() == 0 ? Json(nullptr) : time_json(state.newest())}};
}

int show_directory(const StateOptions& options, const RuleSet& rules, std::shared_ptr<const engine::Rules> compiled,
                   const std::optional<EntityRef>& entity) {
  durable::Recovery recovery;
  const auto state =
      durable::StateDirectory::inspect(options.directory, std::move(compiled), session_options(rules), &recovery);
  for (const std::string& warning : recovery.warnings) complain(warning);
  if (!state.ok()) {
    complain(std::string(state.status().message()));
    return kUsage;
  }
  Json summary = summary_of(**state);
  summary["inputs"] = recovery.sequence;
  summary["snapshot"] = recovery.snapshot.empty() ? Json(nullptr) : Json(recovery.snapshot);
  summary["from_log"] = recovery.replayed;
  summary["warming"] = recovery.restored.warming;
  return print_state(**state, options, entity, std::move(summary)) ? kOk : kUsage;
}

int show_replayed(const StateOptions& options, const RuleSet& rules, std::shared_ptr<const engine::Rules> compiled,
                  const std::optional<EntityRef>& entity) {
  auto reader = open_events(options.events, rules, {});
  auto changes = ChangeInput::read(options.changes);
  if (!reader || !changes) return kUsage;
  engine::Session session(std::move(compiled), session_options(rules));
  engine::State& state = *session.state();
  io::Record record;
  while (reader->next(&record)) {
    const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
    if (!changes->apply_before(time, session.events(), {&state})) return kUsage;
    session.evaluate(record.event, record.row);
  }
  if (!changes->apply_before(INT64_MAX, session.events(), {&state})) return kUsage;
  Json summary = summary_of(state);
  summary["late_events"] = session.late_events();
  summary["duplicate_events"] = session.duplicate_events();
  summary["ahead_events"] = session.ahead_events();
  if (!print_state(state, options, entity, std::move(summary))) return kUsage;
  return finish_events(*reader, options.events, false);
}

int run_state(const StateOptions& options) {
  int exit_code = kOk;
  auto rules = load_checked_rules(options.rules, &exit_code);
  if (!rules) return exit_code;
  std::optional<EntityRef> entity;
  if (!options.entity.empty()) {
    entity = parse_entity(rules->program(), options.entity);
    if (!entity) return kUsage;
  }
  auto compiled = make_rules(*rules, engine::Tier::kAuto);
  if (!compiled) return kInternal;
  return options.directory.empty() ? show_replayed(options, *rules, std::move(compiled), entity)
                                   : show_directory(options, *rules, std::move(compiled), entity);
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
  CLI::App* verb = app.add_subcommand(
      "state", "What rules remember, after a log or in a state directory, as JSON lines; checks audit logs");
  add_rules_option(verb, &options->rules);
  add_event_options(verb, &options->events);
  verb->get_option("--events")->required(false);
  add_changes_option(verb, &options->changes);
  verb->add_option("--state", options->directory, "The state that `weir run --state DIR` keeps; only looked at")
      ->type_name("DIR")
      ->excludes("--events")
      ->excludes("--changes");
  verb->add_option("--feature", options->feature,
                   "Only this feature: its value at --key or --entity, else at every key")
      ->type_name("NAME");
  CLI::Option* key = verb->add_option("--key", options->key, "The key, one value a part")->type_name("KEY…");
  key->needs("--feature");
  verb->add_option("--entity", options->entity, "Only this entity: its features and its labels, and who set them")
      ->type_name("ENTITY=KEY")
      ->excludes(key);
  verb->add_flag("--export", options->everything, "Also every key of every feature, every label, every list entry");
  verb->add_option("--format", options->format, "json: the only one")->check(CLI::IsMember({"json"}));
  CLI::App* audit = verb->add_subcommand("audit", "Audit logs of changes by hand");
  CLI::App* verify = audit->add_subcommand("verify", "Whether a log is as it was written");
  audit->require_subcommand(1);
  verify->add_option("file", options->audit_file, "The log")->required()->type_name("FILE");
  verify->add_option("--head", options->head, "The last hash it must have")->type_name("HASH");
  verb->footer(
      R"(Keys are kept as hashes: a value can be looked up by its key; where all are listed, they are told apart by hash.

Examples:
  weir state --rules rules/ --events log.jsonl.zst
  weir state --rules rules/ --events log.jsonl --feature same_text --key u19
  weir state --rules rules/ --events log.jsonl --entity Account=u19
  weir state --rules rules/ --state state/ --entity Account=u19
  weir state --rules rules/ --state state/ --export > state.jsonl
  weir state audit verify audit.jsonl
)");
  verify->callback([options, action] { *action = [options] { return verify_audit(*options); }; });
  verb->callback([options, action, audit] {
    if (audit->parsed()) return;
    if (options->rules.empty()) throw CLI::RequiredError("--rules");
    if (options->events.paths.empty() && options->directory.empty()) throw CLI::RequiredError("--events or --state");
    *action = [options] { return run_state(*options); };
  });
}

}  // namespace weir::tools
