#include "embed-api/src/verdict.h"

#include <iterator>

#include "runtime/io/json_text.h"

namespace weir::embed {
namespace {

constexpr std::string_view kEffects[] = {"label", "unlabel", "verdict", "action", "case"};

// "name":"text", as a member of an object that has members already.
void member(std::string_view name, std::string_view text, std::string* out) {
  fmt::format_to(std::back_inserter(*out), ",\"{}\":", name);
  io::append_json_quoted(text, out);
}

void number(std::string_view name, double d, std::string* out) {
  fmt::format_to(std::back_inserter(*out), ",\"{}\":", name);
  io::append_json(value::Value::dbl(d), out);
}

void append_hit(const weir_verdict& v, const weir_verdict::Hit& hit, std::string* out) {
  const ir::Rule& rule = v.ruleset->program->rules[hit.rule];
  *out += "{\"rule\":";
  io::append_json_quoted(rule.name, out);
  member("id", rule.id, out);
  member("outcome", engine::outcome_name(static_cast<engine::Outcome>(hit.outcome)), out);
  member("mode", ir::mode_name(rule.mode), out);
  *out += hit.applied ? ",\"applied\":true" : ",\"applied\":false";
  number("score", hit.score, out);
  if (!hit.because.empty()) member("because", hit.because, out);
  if (!hit.cause.empty()) member("cause", hit.cause, out);
  if (hit.alert) *out += ",\"alert\":true";
  *out += '}';
}

void append_effect(const weir_verdict& v, const weir_verdict::Effect& e, std::string* out) {
  *out += "{\"kind\":";
  io::append_json_quoted(kEffects[static_cast<size_t>(e.effect->kind)], out);
  member("rule", v.ruleset->program->rules[e.rule].name, out);
  switch (e.effect->kind) {
    case ir::EffectKind::kLabel:
    case ir::EffectKind::kUnlabel:
      member("label", v.effect_name(e), out);
      member("key", e.key, out);
      if (e.effect->duration_nanos != 0)
        fmt::format_to(std::back_inserter(*out), ",\"for_ns\":{}", e.effect->duration_nanos);
      break;
    case ir::EffectKind::kVerdict:
      member("verdict", ir::verdict_name(e.effect->verdict), out);
      break;
    case ir::EffectKind::kAction:
      member("action", v.effect_name(e), out);
      *out += ",\"args\":";
      *out += e.args;
      break;
    case ir::EffectKind::kCase:
      member("queue", v.effect_name(e), out);
      member("key", e.key, out);
      break;
  }
  *out += '}';
}

std::string to_json(const weir_verdict& v) {
  std::string out = "{\"event\":";
  io::append_json_quoted(v.ruleset->shapes[v.event].name, &out);
  member("id", v.id, &out);
  member("verdict", ir::verdict_name(v.verdict), &out);
  member("shadow_verdict", ir::verdict_name(v.shadow_verdict), &out);
  number("score", v.score, &out);
  number("shadow_score", v.shadow_score, &out);
  fmt::format_to(std::back_inserter(out), ",\"generation\":{}{},\"hits\":[", v.generation,
                 v.duplicate ? ",\"duplicate\":true" : "");
  for (const weir_verdict::Hit& hit : v.hits) {
    if (out.back() != '[') out += ',';
    append_hit(v, hit, &out);
  }
  out += "],\"effects\":[";
  for (const weir_verdict::Effect& effect : v.effects) {
    if (out.back() != '[') out += ',';
    append_effect(v, effect, &out);
  }
  out += "]}";
  return out;
}

}  // namespace
}  // namespace weir::embed

std::string_view weir_verdict::effect_name(const Effect& e) const {
  const weir::ir::Program& program = *ruleset->program;
  switch (e.effect->kind) {
    case weir::ir::EffectKind::kLabel:
    case weir::ir::EffectKind::kUnlabel:
      return program.labels[e.effect->label].name;
    case weir::ir::EffectKind::kAction:
      return program.actions[e.effect->action].name;
    case weir::ir::EffectKind::kCase:
      return e.effect->queue;
    case weir::ir::EffectKind::kVerdict:
      break;
  }
  return {};
}

using weir::embed::str;

weir_status weir_verdict_get(const weir_verdict* verdict, weir_verdict_info* info) {
  if (verdict == nullptr) return WEIR_E_ARG;
  weir_verdict_info full = {};
  full.verdict = static_cast<uint32_t>(verdict->verdict);
  full.shadow_verdict = static_cast<uint32_t>(verdict->shadow_verdict);
  full.generation = verdict->generation;
  full.score = verdict->score;
  full.shadow_score = verdict->shadow_score;
  full.hit_count = verdict->hits.size();
  full.effect_count = verdict->effects.size();
  full.duplicate = verdict->duplicate ? 1 : 0;
  return weir::embed::write_out(full, info);
}

weir_status weir_verdict_hit(const weir_verdict* verdict, size_t i, weir_hit* hit) {
  if (verdict == nullptr || i >= verdict->hits.size()) return WEIR_E_ARG;
  const weir_verdict::Hit& h = verdict->hits[i];
  const weir::ir::Program& program = *verdict->ruleset->program;
  const weir::ir::Rule& rule = program.rules[h.rule];
  const weir::embed::Place at = weir::embed::place_of(program, rule.span);
  weir_hit full = {};
  full.outcome = h.outcome;
  full.mode = static_cast<uint32_t>(rule.mode);
  full.applied = h.applied ? 1 : 0;
  full.alert = h.alert ? 1 : 0;
  full.line = at.line;
  full.col = at.column;
  full.rule = h.rule;
  full.score = h.score;
  full.name = str(rule.name);
  full.id = str(rule.id);
  full.because = str(h.because);
  full.cause = str(h.cause);
  full.file = str(at.file);
  return weir::embed::write_out(full, hit);
}

weir_status weir_verdict_effect(const weir_verdict* verdict, size_t i, weir_effect* effect) {
  if (verdict == nullptr || i >= verdict->effects.size()) return WEIR_E_ARG;
  const weir_verdict::Effect& e = verdict->effects[i];
  weir_effect full = {};
  full.kind = static_cast<uint32_t>(e.effect->kind);
  full.rule = e.rule;
  full.rule_name = str(verdict->ruleset->program->rules[e.rule].name);
  full.name = str(verdict->effect_name(e));
  full.key = str(e.key);
  full.args = str(e.args);
  if (e.effect->kind == weir::ir::EffectKind::kLabel) full.duration_ns = e.effect->duration_nanos;
  if (e.effect->kind == weir::ir::EffectKind::kVerdict) full.verdict = static_cast<uint32_t>(e.effect->verdict);
  return weir::embed::write_out(full, effect);
}

weir_str weir_verdict_json(const weir_verdict* verdict) {
  if (verdict == nullptr) return {nullptr, 0};
  try {
    std::lock_guard lock(verdict->json_mutex);
    if (verdict->json.empty()) verdict->json = weir::embed::to_json(*verdict);
    return str(verdict->json);
  } catch (...) {
    return {nullptr, 0};
  }
}

weir_str weir_verdict_explain(const weir_verdict* verdict) {
  if (verdict == nullptr || !verdict->traced) return {nullptr, 0};
  return str(verdict->explain);
}

void weir_verdict_release(weir_verdict* verdict) { delete verdict; }
