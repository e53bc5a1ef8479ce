// weir timeline: what one entity did, and what the rules made of it, from a log.
#include "tools/weir/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/types/schema.h"
#include "runtime/engine/state.h"
#include "runtime/explain/failure_text.h"
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

struct TimelineOptions {
  std::vector<std::string> rules;
  EventInput events;
  std::string entity, from, to, format = "text";
  bool hits_only = false;
  std::string changes;
};

std::string text_of(const Value& v) { return v.ok() ? value::to_text(v) : v.is_missing() ? "-" : "(error)"; }

// "2017-08-24" or RFC 3339; complains if it is neither.
bool parse_instant(const char* option, const std::string& text, int64_t* nanos) {
  if (text.empty()) return true;
  Value v;
  const bool day = text.size() == 10;
  if (value::parse_timestamp(day ? text + "T00:00:00Z" : text, &v) != value::ParseResult::kOk) {
    complain(fmt::format("{}: `{}` is no time; write it as 2017-08-24 or 2017-08-24T18:30:00Z", option, text));
    return false;
  }
  *nanos = state::to_nanos(v);
  return true;
}

class Timeline {
 public:
  Timeline(const ir::Program& program, engine::Session& session, EntityRef entity)
      : program_(program), session_(session), entity_(std::move(entity)) {
    for (const ir::Event& event : program.events) slots_.push_back(entity_slots(event, program, entity_.entity));
  }

  // The moments up to and with this event, in their order.
  void add(const io::Record& record, std::vector<Moment>* out) {
    const engine::EventResult& result = session_.evaluate(record.event, record.row);
    const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
    if (result.duplicate) return;  // it changed nothing
    newest_ = std::max(newest_, time);
    const ir::Event& event = program_.events[record.event];
    Moment m;
    m.roles = roles(event, slots_[record.event], record.row, entity_.value());
    label_changes(result, time, &m);
    if (m.roles.empty() && m.labels.empty()) return;
    expire(time, out);
    m.time_nanos = time;
    m.event = event.schema.name;
    m.id = value::to_text(record.row[types::EventSchema::kIdSlot]);
    m.file = record.file;
    m.line = record.line;
    m.verdict = ir::verdict_name(result.verdict);
    m.score = result.score;
    for (size_t slot = types::EventSchema::kIdSlot + 1; slot < event.schema.fields.size(); ++slot) {
      const Value& v = record.row[slot];
      if (v.ok()) m.fields.push_back({event.schema.fields[slot].name, value::to_text(v), json_of(v)});
    }
    // Filling templates and reading features evaluates; what is told comes first, from a copy.
    const std::vector<engine::Hit> hits = result.hits;
    const std::vector<uint32_t> alerts = result.alerts;
    for (const engine::Hit& hit : hits) m.hits.push_back(told(hit, record.event, alerts));
    features(record.event, &m);
    bear(m);
    out->push_back(std::move(m));
  }

  // Labels that ended before the last event of the log.
  void end(std::vector<Moment>* out) { expire(newest_, out); }

  std::map<std::string, bool> many_roles() const {
    std::map<std::string, bool> out;
    for (size_t e = 0; e < slots_.size(); ++e)
      out[program_.events[e].schema.name] =
          slots_[e].size() > 1 || std::any_of(slots_[e].begin(), slots_[e].end(), [](auto& s) { return s.list; });
    return out;
  }

 private:
  struct Borne {
    int64_t expires, set_at;
  };

  void label_changes(const engine::EventResult& result, int64_t time, Moment* m) {
    for (const engine::AppliedEffect& applied : result.effects) {
      const ir::Effect& effect = *applied.effect;
      const bool set = effect.kind == ir::EffectKind::kLabel;
      if (!set && effect.kind != ir::EffectKind::kUnlabel) continue;
      const ir::Label& label = program_.labels[effect.label];
      if (label.entity != entity_.entity || !value::equal(applied.key, entity_.value())) continue;
      const ir::Rule& rule = program_.rules[applied.rule];
      int64_t expires = state::LabelStore::expiry(label, time, effect.duration_nanos);
      if (const auto it = borne_.find(label.name); it != borne_.end() && it->second.expires > time)
        expires = std::max(expires, it->second.expires);
      m->labels.push_back({label.name, rule.name, rule.id, set, expires});
    }
  }

  void bear(const Moment& m) {
    for (const Moment::LabelChange& l : m.labels) {
      if (l.set) {
        borne_[l.label] = {l.expires, m.time_nanos};
      } else {
        borne_.erase(l.label);
      }
    }
  }

  void expire(int64_t now, std::vector<Moment>* out) {
    const size_t first = out->size();
    for (auto it = borne_.begin(); it != borne_.end();) {
      if (it->second.expires > now) {
        ++it;
        continue;
      }
      Moment& m = out->emplace_back();
      m.time_nanos = it->second.expires;
      m.expired = it->first;
      m.set_at_nanos = it->second.set_at;
      it = borne_.erase(it);
    }
    std::sort(out->begin() + static_cast<ptrdiff_t>(first), out->end(),
              [](const Moment& a, const Moment& b) { return a.time_nanos < b.time_nanos; });
  }

  Moment::Hit told(const engine::Hit& hit, uint32_t event, const std::vector<uint32_t>& alerts) {
    const ir::Rule& rule = program_.rules[hit.rule];
    const bool failed = hit.outcome == engine::Outcome::kError || hit.outcome == engine::Outcome::kMissing;
    return {rule.name,
            rule.id,
            std::string(ir::mode_name(rule.mode)),
            std::string(engine::outcome_name(hit.outcome)),
            failed                  ? explain::outcome_text(program_, event, hit.cause)
            : hit.snooze != nullptr ? engine::to_text(*hit.snooze)
                                    : session_.because(hit.rule),
            hit.applied,
            std::find(alerts.begin(), alerts.end(), hit.rule) != alerts.end(),
            hit.score};
  }

  // Those keyed by the entity alone, and those of this event whose key it is a part of.
  void features(uint32_t event, Moment* m) {
    for (uint32_t f = 0; f < program_.features.size(); ++f) {
      const ir::Feature& feature = program_.features[f];
      if (feature.key_entities.size() == 1 && feature.key_entities[0] == static_cast<int>(entity_.entity)) {
        const Value key = entity_.value();
        const Value v = session_.feature_at(f, {&key, 1});
        m->features.push_back({feature.name, text_of(v), json_of(v)});
        continue;
      }
      if (feature.event != event || feature.each_list != ir::kNoNode) continue;
      std::vector<Value> parts;
      bool mine = false, ok = true;
      for (size_t k = 0; k < feature.keys.size(); ++k) {
        const Value part = session_.eval(feature.keys[k]);
        ok = ok && part.ok();
        mine = mine || (part.ok() && feature.key_entities[k] == static_cast<int>(entity_.entity) &&
                        value::equal(part, entity_.value()));
        parts.push_back(part);
      }
      if (!mine || !ok) continue;
      std::string name = feature.name + "[";
      for (size_t k = 0; k < parts.size(); ++k) name += (k == 0 ? "" : ", ") + value::to_text(parts[k]);
      const Value v = session_.feature_at(f, parts);
      m->features.push_back({name + "]", text_of(v), json_of(v)});
    }
  }

  const ir::Program& program_;
  engine::Session& session_;
  EntityRef entity_;
  std::vector<std::vector<EntitySlot>> slots_;  // by event
  std::map<std::string, Borne> borne_;          // by label
  int64_t newest_ = INT64_MIN + 1;
};

int run_timeline(const TimelineOptions& options) {
  int exit_code = kOk;
  auto rules = load_checked_rules(options.rules, &exit_code);
  if (!rules) return exit_code;
  const ir::Program& program = rules->program();
  auto entity = parse_entity(program, options.entity);
  int64_t from = INT64_MIN, to = INT64_MAX;
  if (!entity || !parse_instant("--from", options.from, &from) || !parse_instant("--to", options.to, &to))
    return kUsage;
  auto compiled = make_rules(*rules, engine::Tier::kInterpreter);
  if (!compiled) return kInternal;
  auto reader = open_events(options.events, *rules, {});
  if (!reader) return kUsage;

  engine::Session session(compiled, session_options(*rules));
  Timeline timeline(program, session, *entity);
  TimelineText text(entity->key, timeline.many_roles());
  const bool json = options.format == "json";
  auto changes = ChangeInput::read(options.changes);
  if (!changes) return kUsage;
  uint64_t events = 0, shown = 0;
  std::vector<Moment> moments;
  const auto tell = [&] {
    for (const Moment& m : moments) {
      if (m.time_nanos < from || m.time_nanos >= to) continue;
      const bool quiet = m.expired.empty() && m.labels.empty() &&
                         std::none_of(m.hits.begin(), m.hits.end(), [](auto& h) { return h.outcome != "missing"; });
      if (options.hits_only && quiet) continue;
      shown += m.expired.empty();
      print(json ? json_text(to_json(m)) + "\n" : text.text(m));
    }
    moments.clear();
  };
  io::Record record;
  while (reader->next(&record)) {
    const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
    if (!changes->apply_before(time, events, {session.state().get()})) return kUsage;
    ++events;
    timeline.add(record, &moments);
    tell();
  }
  timeline.end(&moments);
  tell();
  if (!json)
    print(fmt::format("{}{}: {} of {}\n", shown > 0 ? "\n" : "", printable(options.entity, 60), counted(shown, "event"),
                      with_commas(events)));
  return finish_events(*reader, options.events, json);
}

}  // namespace

void add_timeline(CLI::App& app, Action* action) {
  auto options = std::make_shared<TimelineOptions>();
  CLI::App* verb = app.add_subcommand("timeline", "What one entity did in a log, and what the rules made of it");
  add_rules_option(verb, &options->rules)->required();
  add_event_options(verb, &options->events);
  verb->add_option("--entity", options->entity, "Whose, such as Account=u19")->required()->type_name("ENTITY=KEY");
  verb->add_option("--from", options->from, "Show from this time on, such as 2017-08-24 or 2017-08-24T18:30:00Z")
      ->type_name("TIME");
  verb->add_option("--to", options->to, "Show what is before this time")->type_name("TIME");
  add_changes_option(verb, &options->changes);
  verb->add_flag("--hits-only", options->hits_only, "Only events on which a rule did something");
  verb->add_option("--format", options->format, "text, or json: one object a line")
      ->check(CLI::IsMember({"text", "json"}));
  verb->footer(
      R"(Shown are the events that have the entity in a field, or in a list, and those on which a rule set one of its labels:
their fields, the features kept for the entity with their values after the event, the rules that did something, the
labels set; and between them the labels that expired. The whole log is replayed, whatever --from and --to say.

Examples:
  weir timeline --rules rules/ --events log.jsonl.zst --entity Account=u19
  weir timeline --rules rules/ --events log.jsonl --entity Account=u19 --from 2017-08-24 --to 2017-08-26 --hits-only
  weir timeline --rules rules/ --events log.jsonl --entity Ip=192.0.2.7 --format=json | jq .features
)");
  verb->callback([options, action] { *action = [options] { return run_timeline(*options); }; });
}

}  // namespace weir::tools
