// Reading of what is in a rule set.
#include <chrono>

#include "embed-api/src/handles.h"

namespace weir::embed {

Place place_of(const ir::Program& program, const base::Span& span) {
  if (program.sources == nullptr || span.file >= program.sources->size()) return {};
  const base::SourceFile& file = program.sources->file(span.file);
  base::LineColumn at = file.line_column(span.begin);
  return {file.name(), at.line, at.column};
}

}  // namespace weir::embed

using weir::embed::str;
using weir::embed::view;

weir_str weir_ruleset_digest(const weir_ruleset* ruleset) {
  return ruleset == nullptr || !ruleset->state->bundle ? weir_str{nullptr, 0} : str(ruleset->state->bundle->digest);
}

uint64_t weir_ruleset_release_number(const weir_ruleset* ruleset) {
  return ruleset == nullptr || !ruleset->state->bundle ? 0 : ruleset->state->bundle->sequence;
}

weir_str weir_ruleset_hash(const weir_ruleset* ruleset) {
  return ruleset == nullptr ? weir_str{nullptr, 0} : str(ruleset->state->content_hash);
}

void weir_ruleset_release(weir_ruleset* ruleset) { delete ruleset; }

uint64_t weir_ruleset_generation(const weir_ruleset* ruleset) { return ruleset == nullptr ? 0 : ruleset->generation; }

uint32_t weir_ruleset_tier(const weir_ruleset* ruleset) {
  if (ruleset == nullptr) return WEIR_TIER_AUTO;
  return ruleset->state->rules->tier() == weir::engine::Tier::kNative ? WEIR_TIER_NATIVE : WEIR_TIER_INTERPRETER;
}

weir_status weir_ruleset_get_tier_status(const weir_ruleset* ruleset, weir_tier_status* status) {
  if (ruleset == nullptr) return WEIR_E_ARG;
  const weir::engine::TierStatus now = ruleset->state->rules->tier_status();
  weir_tier_status full = {};
  full.tier = now.tier == weir::engine::Tier::kNative ? WEIR_TIER_NATIVE : WEIR_TIER_INTERPRETER;
  static_assert(static_cast<int>(weir::engine::TierStatus::Native::kFailed) == WEIR_NATIVE_FAILED);
  full.native = static_cast<uint32_t>(now.native);
  full.units = now.units;
  full.units_done = now.units_done;
  full.units_cached = now.units_cached;
  full.code_bytes = now.code_bytes;
  full.compile_ms = now.compile_ms;
  return weir::embed::write_out(full, status);
}

int32_t weir_ruleset_wait_native(const weir_ruleset* ruleset, uint32_t timeout_ms) {
  return ruleset == nullptr || ruleset->state->rules->wait_for_native(std::chrono::milliseconds(timeout_ms)) ? 1 : 0;
}

weir_str weir_ruleset_tier_note(const weir_ruleset* ruleset) {
  return ruleset == nullptr ? weir_str{nullptr, 0} : str(ruleset->state->rules->tier_note());
}

size_t weir_ruleset_rule_count(const weir_ruleset* ruleset) {
  return ruleset == nullptr ? 0 : ruleset->state->program->rules.size();
}

weir_status weir_ruleset_rule(const weir_ruleset* ruleset, size_t i, weir_rule* rule) {
  if (ruleset == nullptr || i >= ruleset->state->program->rules.size()) return WEIR_E_ARG;
  const weir::ir::Program& program = *ruleset->state->program;
  const weir::ir::Rule& r = program.rules[i];
  weir_rule full = {};
  full.mode = static_cast<uint32_t>(r.mode);
  full.name = str(r.name);
  full.id = str(r.id);
  full.owner = str(r.owner);
  full.severity = str(r.severity);
  full.event = str(program.events[r.event].schema.name);
  weir::embed::Place at = weir::embed::place_of(program, r.span);
  full.file = str(at.file);
  full.line = at.line;
  full.col = at.column;
  return weir::embed::write_out(full, rule);
}

int64_t weir_ruleset_find_rule(const weir_ruleset* ruleset, weir_str id_or_name) {
  if (ruleset == nullptr) return -1;
  const auto& rules = ruleset->state->program->rules;
  int64_t by_name = -1;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].id == view(id_or_name)) return static_cast<int64_t>(i);
    if (by_name < 0 && rules[i].name == view(id_or_name)) by_name = static_cast<int64_t>(i);
  }
  return by_name;
}

size_t weir_ruleset_event_count(const weir_ruleset* ruleset) {
  return ruleset == nullptr ? 0 : ruleset->state->shapes.size();
}

weir_str weir_ruleset_event_name(const weir_ruleset* ruleset, size_t i) {
  if (ruleset == nullptr || i >= ruleset->state->shapes.size()) return {nullptr, 0};
  return str(ruleset->state->shapes[i].name);
}
