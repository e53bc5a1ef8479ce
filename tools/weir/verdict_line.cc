#include "tools/weir/verdict_line.h"

#include <fmt/format.h>

#include "compiler/types/schema.h"
#include "runtime/explain/failure_text.h"
#include "runtime/io/json_text.h"
#include "runtime/value/operations.h"

namespace weir::tools {
namespace {

void field(std::string* out, std::string_view name) {
  if (out->back() != '{') out->push_back(',');
  out->push_back('"');
  out->append(name);
  out->append("\":");
}

void text_field(std::string* out, std::string_view name, std::string_view text) {
  field(out, name);
  io::append_json_quoted(text, out);
}

void number_field(std::string* out, std::string_view name, double x) {
  field(out, name);
  io::append_json(value::Value::dbl(x), out);
}

void append_hit(const engine::Hit& hit, uint32_t event, engine::Session& session, std::string* out) {
  const ir::Rule& rule = session.rules().program().rules[hit.rule];
  out->push_back('{');
  text_field(out, "rule", rule.name);
  text_field(out, "id", rule.id);
  text_field(out, "mode", ir::mode_name(rule.mode));
  text_field(out, "outcome", engine::outcome_name(hit.outcome));
  field(out, "applied");
  out->append(hit.applied ? "true" : "false");
  if (hit.outcome == engine::Outcome::kError || hit.outcome == engine::Outcome::kMissing) {
    text_field(out, "cause", explain::outcome_text(session.rules().program(), event, hit.cause));
  } else if (hit.snooze != nullptr) {
    text_field(out, "cause", engine::to_text(*hit.snooze));
  } else if (!rule.because.empty()) {
    text_field(out, "because", session.because(hit.rule));
  }
  out->push_back('}');
}

void append_effect(const engine::AppliedEffect& applied, const ir::Program& program, std::string* out) {
  const ir::Effect& effect = *applied.effect;
  out->push_back('{');
  text_field(out, "rule", program.rules[applied.rule].name);
  switch (effect.kind) {
    case ir::EffectKind::kLabel:
    case ir::EffectKind::kUnlabel:
      text_field(out, "kind", effect.kind == ir::EffectKind::kLabel ? "label" : "unlabel");
      field(out, "key");
      io::append_json(applied.key, out);
      text_field(out, "label", program.labels[effect.label].name);
      text_field(out, "entity", program.entities[program.labels[effect.label].entity].name);
      if (effect.kind == ir::EffectKind::kLabel && effect.duration_nanos > 0)
        number_field(out, "seconds", static_cast<double>(effect.duration_nanos) / 1e9);
      break;
    case ir::EffectKind::kVerdict:
      text_field(out, "kind", "verdict");
      text_field(out, "verdict", ir::verdict_name(effect.verdict));
      break;
    case ir::EffectKind::kAction: {
      text_field(out, "kind", "action");
      const ir::Action& action = program.actions[effect.action];
      text_field(out, "action", action.name);
      field(out, "args");
      out->push_back('{');
      for (size_t i = 0; i < applied.args.size() && i < action.params.size(); ++i) {
        field(out, action.params[i]);
        io::append_json(applied.args[i], out);
      }
      out->push_back('}');
      break;
    }
    case ir::EffectKind::kCase:
      text_field(out, "kind", "case");
      text_field(out, "queue", effect.queue);
      field(out, "key");
      io::append_json(applied.key, out);
      break;
  }
  out->push_back('}');
}

}  // namespace

void append_verdict_line(const engine::EventResult& result, const io::Record& record, engine::Session& session,
                         std::string* out) {
  const ir::Program& program = session.rules().program();
  out->push_back('{');
  field(out, "id");
  io::append_json(record.row[types::EventSchema::kIdSlot], out);
  text_field(out, "event", program.events[record.event].schema.name);
  field(out, "time");
  io::append_json(record.row[types::EventSchema::kTimeSlot], out);
  text_field(out, "verdict", ir::verdict_name(result.verdict));
  number_field(out, "score", result.score);
  if (result.shadow_verdict != result.verdict)
    text_field(out, "shadow_verdict", ir::verdict_name(result.shadow_verdict));
  if (result.shadow_score != result.score) number_field(out, "shadow_score", result.shadow_score);
  if (result.duplicate) {
    field(out, "duplicate");
    out->append("true");
  }
  if (result.expired) {
    field(out, "expired");
    out->append("true");
  }
  field(out, "hits");
  out->push_back('[');
  for (size_t i = 0; i < result.hits.size(); ++i) {
    if (i > 0) out->push_back(',');
    append_hit(result.hits[i], record.event, session, out);
  }
  out->append("]");
  field(out, "effects");
  out->push_back('[');
  for (size_t i = 0; i < result.effects.size(); ++i) {
    if (i > 0) out->push_back(',');
    append_effect(result.effects[i], program, out);
  }
  out->push_back(']');
  if (!result.alerts.empty() || !result.trips.empty()) {
    field(out, "alerts");
    out->push_back('[');
    const auto alert = [&](uint32_t rule, std::string_view what) {
      if (out->back() != '[') out->push_back(',');
      io::append_json_quoted(fmt::format("{}: {}", program.rules[rule].name, what), out);
    };
    for (const uint32_t rule : result.alerts) alert(rule, "over its limit");
    for (const uint32_t rule : result.trips) alert(rule, "out of service");
    out->push_back(']');
  }
  out->append("}\n");
}

}  // namespace weir::tools
