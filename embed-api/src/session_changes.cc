// What people change and look into: labels, limits, snoozes, lists, and the audit log of it.
#include <fmt/format.h>

#include <chrono>
#include <span>

#include "embed-api/src/session.h"
#include "embed-api/src/split_time.h"
#include "runtime/engine/apply_change.h"
#include "runtime/engine/inspect.h"
#include "runtime/engine/state.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::embed {
namespace {

weir_status read_change(const weir_change& given, const engine::State& state, engine::StateChange* out,
                        weir_error* err) {
  if (given.kind >= engine::kChangeKindCount) return fail(err, WEIR_E_ARG, "weir_change.kind is {}", given.kind);
  WEIR_REQUIRE_TEXT(given.name, err);
  WEIR_REQUIRE_TEXT(given.key, err);
  WEIR_REQUIRE_TEXT(given.by, err);
  WEIR_REQUIRE_TEXT(given.reason, err);
  if (given.value_count != 0) WEIR_REQUIRE(given.values, err);
  out->kind = static_cast<engine::ChangeKind>(given.kind);
  out->name = view(given.name);
  out->has_key = given.key.ptr != nullptr;
  out->key = view(given.key);
  out->by = view(given.by);
  out->reason = view(given.reason);
  for (const weir_str& value : std::span(given.values, given.value_count)) {
    WEIR_REQUIRE_TEXT(value, err);
    out->values.emplace_back(view(value));
  }
  if (weir_status s = read_instant("time_ns", given.time_s, given.time_ns, &out->time_nanos, err)) return s;
  if (weir_status s = read_instant("until_ns", given.until_s, given.until_ns, &out->until_nanos, err)) return s;
  if (out->time_nanos == 0) out->time_nanos = state.newest();
  if (out->time_nanos == engine::State::kBeforeAll && out->kind == engine::ChangeKind::kSetLabel)
    return report(err, WEIR_E_ARG, "the state has seen no event: `time_s` must say as of when the label is set");
  if (out->until_nanos == 0) out->until_nanos = INT64_MAX;
  return WEIR_OK;
}

weir_status report_change(const engine::StateChange& change, const absl::Status& status, weir_error* err) {
  const bool about_values = change.kind <= engine::ChangeKind::kClearLabel || !change.values.empty();
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return report(err, status, WEIR_E_SCHEMA);
    case absl::StatusCode::kResourceExhausted:
      return report(err, status, WEIR_E_LIMIT);
    case absl::StatusCode::kInvalidArgument:
      return report(err, status, about_values ? WEIR_E_DATA : WEIR_E_ARG);
    case absl::StatusCode::kOutOfRange:
      return report(err, status, WEIR_E_ARG);
    default:
      return report(err, status, WEIR_E_INTERNAL);
  }
}

int64_t wall_now() { return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count(); }

}  // namespace

weir_status audit_trips(weir_session& session, int64_t time_nanos, const engine::EventResult& result, weir_error* err) {
  if (result.trips.empty()) return WEIR_OK;
  const std::lock_guard lock(session.audit->mutex);
  if (session.audit->log == nullptr) return WEIR_OK;
  const engine::State& state = *session.engine->state();
  for (const uint32_t rule : result.trips) {
    const engine::Trips::Status status = state.trips().status(rule, time_nanos);
    const std::string text = fmt::format("out of service for {} until {}", engine::trip_cause_name(status.cause),
                                         value::to_text(state::from_nanos(status.until)));
    const absl::Status written = session.audit->log->append_step(
        {"trip", session.ruleset->program->rules[rule].id, text}, wall_now(), state.clock());
    if (!written.ok()) return report(err, written, WEIR_E_IO);
  }
  return WEIR_OK;
}

}  // namespace weir::embed

using weir::embed::call;
using weir::embed::fail;
using weir::embed::report;
using weir::embed::str;
using weir::embed::view;

weir_status weir_session_change(weir_session* session, const weir_change* change, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE(change, err);
    weir_change given;
    if (weir_status s = weir::embed::read_options(change, &given, "weir_change", err)) return s;
    weir::engine::State& state = *session->engine->state();
    weir::engine::StateChange made;
    if (weir_status s = weir::embed::read_change(given, state, &made, err)) return s;
    const std::lock_guard lock(session->audit->mutex);
    weir::embed::Keeper::Inputs inputs(session->keeper.get());
    if (session->has_moved()) return weir::embed::report_moved(err);
    const auto applied = weir::engine::apply(state, made);
    if (!applied.ok()) return weir::embed::report_change(made, applied.status(), err);
    if (absl::Status s = inputs.append(made); !s.ok()) return report(err, s, WEIR_E_IO);
    if (absl::Status s = inputs.commit(); !s.ok()) return report(err, s, WEIR_E_IO);
    if (session->audit->log == nullptr) return WEIR_OK;
    const absl::Status written =
        session->audit->log->append(made, weir::embed::wall_now(), state.clock(), applied->before, applied->after);
    return written.ok() ? WEIR_OK : report(err, written, WEIR_E_IO);
  });
}

weir_status weir_session_audit(weir_session* session, weir_str path, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE_TEXT(path, err);
    const std::lock_guard lock(session->audit->mutex);
    session->audit->log.reset();  // it may be the same file
    auto log = weir::io::AuditLog::open(std::string(view(path)));
    if (!log.ok()) return report(err, log.status(), absl::IsDataLoss(log.status()) ? WEIR_E_DATA : WEIR_E_IO);
    session->audit->log = *std::move(log);
    return WEIR_OK;
  });
}

weir_status weir_session_label_count(weir_session* session, weir_str entity, weir_str key, int64_t seconds,
                                     int32_t nanos, size_t* count, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(count, err);
    *count = 0;
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE_TEXT(entity, err);
    WEIR_REQUIRE_TEXT(key, err);
    const weir::ir::Program& program = *session->ruleset->program;
    const int index = program.find_entity(view(entity));
    if (index < 0) return fail(err, WEIR_E_SCHEMA, "the rules declare no entity `{}`", view(entity));
    int64_t now = 0;
    if (weir_status s = weir::embed::read_instant("nanos", seconds, nanos, &now, err)) return s;
    const weir::value::Value k = weir::engine::entity_key(program, static_cast<uint32_t>(index), view(key));
    if (k.is_missing()) return fail(err, WEIR_E_DATA, "key `{}` is not an int, as the entity is", view(key));
    const weir::engine::State& state = *session->engine->state();
    session->labels.clear();
    for (const weir::engine::LabelView& l : weir::engine::labels_of(state, static_cast<uint32_t>(index), k, now))
      session->labels.push_back({l.label, l.mark, std::string(weir::engine::rule_id_of(state, l.mark))});
    *count = session->labels.size();
    return WEIR_OK;
  });
}

weir_status weir_session_label(const weir_session* session, size_t i, weir_label* label) {
  if (session == nullptr || i >= session->labels.size()) return WEIR_E_ARG;
  const weir::embed::BorneLabel& borne = session->labels[i];
  weir_label full = {};
  full.by_hand = borne.mark.from.by_hand() ? 1 : 0;
  full.name = str(session->ruleset->program->labels[borne.label].name);
  full.rule_id = str(borne.rule_id);
  full.origin = str(borne.mark.from.origin());
  full.generation = borne.mark.from.generation();
  weir::embed::split_time(borne.mark.set_at, &full.set_s, &full.set_ns);
  weir::embed::split_time(borne.mark.expires, &full.expires_s, &full.expires_ns);
  return weir::embed::write_out(full, label);
}

weir_status weir_session_get_protection(const weir_session* session, size_t rule, weir_protection* protection) {
  if (session == nullptr || rule >= session->ruleset->program->rules.size()) return WEIR_E_ARG;
  const weir::engine::State& state = *session->engine->state();
  const weir::engine::Protection& declared = state.trips().protection(static_cast<uint32_t>(rule));
  if (!declared.any()) return WEIR_E_SCHEMA;
  const auto status = state.trips().status(static_cast<uint32_t>(rule), state.newest());
  weir_protection full = {};
  static_assert(static_cast<int>(weir::engine::TripCause::kOverruns) == WEIR_TRIP_OVERRUNS);
  full.tripped = static_cast<uint32_t>(status.cause);
  full.errors = static_cast<uint64_t>(status.errors);
  full.overruns = static_cast<uint64_t>(status.overruns);
  full.max_errors = static_cast<uint64_t>(declared.errors.count);
  full.max_overruns = static_cast<uint64_t>(declared.overruns.count);
  full.errors_per_ns = declared.errors.per_nanos;
  full.overruns_per_ns = declared.overruns.per_nanos;
  full.steps = declared.steps;
  full.verdict = static_cast<uint32_t>(declared.verdict);
  if (full.tripped != WEIR_TRIP_NONE) {
    weir::embed::split_time(status.tripped_at, &full.tripped_s, &full.tripped_ns);
    weir::embed::split_time(status.until, &full.until_s, &full.until_ns);
  }
  return weir::embed::write_out(full, protection);
}

weir_status weir_session_get_limit(const weir_session* session, size_t rule, weir_limit* limit) {
  if (session == nullptr || rule >= session->ruleset->program->rules.size()) return WEIR_E_ARG;
  weir::engine::State& state = *session->engine->state();
  const weir::state::LimitGuard* guard = state.limit(static_cast<uint32_t>(rule));
  if (guard == nullptr) return WEIR_E_SCHEMA;
  const auto status = guard->status(state.newest());
  weir_limit full = {};
  full.tripped = status.tripped ? 1 : 0;
  full.fires = static_cast<uint64_t>(status.fires);
  full.count = static_cast<uint64_t>(status.count);
  full.per_ns = status.per;
  weir::embed::split_time(status.tripped_at, &full.tripped_s, &full.tripped_ns);
  weir::embed::split_time(status.until, &full.until_s, &full.until_ns);
  return weir::embed::write_out(full, limit);
}

weir_status weir_session_get_list(weir_session* session, weir_str name, weir_list_info* info, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE(info, err);
    WEIR_REQUIRE_TEXT(name, err);
    const auto& lists = session->ruleset->program->lists;
    for (uint32_t i = 0; i < lists.size(); ++i) {
      if (lists[i].name != view(name)) continue;
      const auto version = session->engine->state()->lists().current(i);
      session->list_hash = version->hash();
      weir_list_info full = {};
      full.version = version->number();
      full.entries = version->size();
      full.hash = str(session->list_hash);
      if (weir::embed::write_out(full, info) != WEIR_OK)
        return fail(err, WEIR_E_ABI, "weir_list_info.struct_size is {}", info->struct_size);
      return WEIR_OK;
    }
    return fail(err, WEIR_E_SCHEMA, "the rules have no list `{}`", view(name));
  });
}

size_t weir_session_snooze_count(weir_session* session) {
  if (session == nullptr) return 0;
  try {
    const weir::engine::State& state = *session->engine->state();
    const int64_t now = state.newest();
    session->snoozes = state.snoozes().current()->all();
    std::erase_if(session->snoozes, [&](const weir::engine::Snooze& s) { return s.until_nanos <= now; });
  } catch (...) {
    session->snoozes.clear();
  }
  return session->snoozes.size();
}

weir_status weir_session_snooze(const weir_session* session, size_t i, weir_snooze* snooze) {
  if (session == nullptr || i >= session->snoozes.size()) return WEIR_E_ARG;
  const weir::engine::Snooze& s = session->snoozes[i];
  weir_snooze full = {};
  full.has_key = s.has_key ? 1 : 0;
  full.rule = s.rule;
  full.key = str(s.key);
  full.by = str(s.by);
  full.reason = str(s.reason);
  weir::embed::split_time(s.since_nanos, &full.since_s, &full.since_ns);
  weir::embed::split_time(s.until_nanos, &full.until_s, &full.until_ns);
  return weir::embed::write_out(full, snooze);
}
