// One ordered stream of events: rows from events (of this or another generation), evaluation, verdicts, counters.
#include "embed-api/src/session.h"

#include <algorithm>

#include "embed-api/src/adapter.h"
#include "embed-api/src/event.h"
#include "embed-api/src/rollout.h"
#include "embed-api/src/verdict.h"
#include "runtime/durable/snapshot_file.h"
#include "runtime/engine/carry_over.h"
#include "runtime/engine/inspect.h"
#include "runtime/engine/state_copy.h"
#include "runtime/engine/state_image.h"
#include "runtime/explain/explain.h"
#include "runtime/explain/failure_text.h"
#include "runtime/io/json_text.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "runtime/value/text.h"

namespace weir::embed {
namespace {

using types::EventSchema;
using value::Value;

std::vector<engine::EventPolicy> policies(const RulesetState& ruleset, int64_t lateness_ns) {
  std::vector<engine::EventPolicy> out = ruleset.policies;
  for (engine::EventPolicy& policy : out) {
    if (lateness_ns == 0) continue;
    // Ids are remembered for as long as events may come late.
    if (policy.duplicates_nanos != 0) policy.duplicates_nanos = std::max(policy.duplicates_nanos, lateness_ns);
    policy.lateness_nanos = lateness_ns;
  }
  return out;
}

// A key as the host gave or will see it.
std::string key_text(const Value& key) {
  return key.ok() && !key.is(value::Kind::kNull) ? value::to_text(key) : std::string();
}

std::string args_json(const ir::Action& action, const std::vector<Value>& args) {
  std::string out = "{";
  for (size_t i = 0; i < args.size(); ++i) {
    if (i != 0) out += ',';
    io::append_json_quoted(i < action.params.size() ? action.params[i] : std::to_string(i), &out);
    out += ':';
    io::append_json(args[i], &out);
  }
  out += '}';
  return out;
}

std::string missing_text(std::string_view name) { return fmt::format("`{}` is missing", name); }

std::string cause_text(const ir::Program& program, const engine::Hit& hit) {
  switch (hit.outcome) {
    case engine::Outcome::kMissing:
      return missing_text(explain::missing_name(program, program.rules[hit.rule].event, hit.cause));
    case engine::Outcome::kError:
      return explain::error_text(hit.cause);
    case engine::Outcome::kSnoozed:
      return engine::to_text(*hit.snooze);
    default:
      return {};
  }
}

// Fills session->row; *event is the event type here.
weir_status fill_row(weir_session* session, const weir_event& e, uint32_t* event, weir_error* err) {
  const RulesetState& to = *session->ruleset;
  const std::vector<int>* slots = nullptr;
  int here = e.event;
  if (e.ruleset != session->ruleset) {
    const Adapter::Way& way = session->adapter.find(e.ruleset, e.event, to);
    if (way.event < 0) return report(err, WEIR_E_SCHEMA, way.why);
    here = way.event;
    slots = &way.slots;
  }
  const Shape& shape = to.shapes[static_cast<size_t>(here)];
  session->row.assign(to.program->events[static_cast<size_t>(here)].slot_count, Value::missing());
  for (size_t i = 0; i < shape.fields.size(); ++i) {
    const int from = slots == nullptr ? static_cast<int>(i) : (*slots)[i];
    Value v = from < 0 ? Value::missing() : e.row[static_cast<size_t>(from)];
    if (v.is_missing()) {
      if (i == EventSchema::kIdSlot) {
        v = Value::string("");
      } else if (!shape.fields[i].optional) {
        return fail(err, WEIR_E_DATA, "event `{}`: required field `{}` is absent", shape.name, shape.fields[i].name);
      }
    }
    session->row[i] = v;
  }
  *event = static_cast<uint32_t>(here);
  return WEIR_OK;
}

std::unique_ptr<weir_verdict> make_verdict(weir_session* session, uint32_t event, const engine::EventResult& result) {
  const ir::Program& program = *session->ruleset->program;
  auto verdict = std::make_unique<weir_verdict>();
  verdict->ruleset = session->ruleset;
  verdict->generation = session->generation;
  verdict->event = event;
  verdict->id = std::string(session->row[EventSchema::kIdSlot].str());
  verdict->verdict = result.verdict;
  verdict->shadow_verdict = result.shadow_verdict;
  verdict->score = result.score;
  verdict->shadow_score = result.shadow_score;
  verdict->duplicate = result.duplicate;
  verdict->hits.reserve(result.hits.size());
  for (const engine::Hit& hit : result.hits) {
    weir_verdict::Hit& h = verdict->hits.emplace_back();
    h.rule = hit.rule;
    h.outcome = static_cast<uint32_t>(hit.outcome);
    h.applied = hit.applied;
    h.alert = std::ranges::count(result.alerts, hit.rule) + std::ranges::count(result.trips, hit.rule) != 0;
    h.score = hit.score;
    if (hit.outcome == engine::Outcome::kFired) h.because = session->engine->because(hit.rule);
    h.cause = cause_text(program, hit);
  }
  verdict->effects.reserve(result.effects.size());
  for (const engine::AppliedEffect& applied : result.effects) {
    weir_verdict::Effect& e = verdict->effects.emplace_back();
    e.rule = applied.rule;
    e.effect = applied.effect;
    e.key = key_text(applied.key);
    if (applied.effect->kind == ir::EffectKind::kAction)
      e.args = args_json(program.actions[applied.effect->action], applied.args);
  }
  return verdict;
}

// The why-trees of the rules that `trace` asks for, as a JSON array. The session still holds the event's row.
std::string explain_rules(weir_session* session, uint32_t event, const engine::EventResult& result, uint32_t trace) {
  const ir::Program& program = *session->ruleset->program;
  std::vector<uint32_t> rules;
  if (trace == WEIR_TRACE_ALL) {
    rules = session->ruleset->rules->active_rules(event);
  } else {
    for (const engine::Hit& hit : result.hits) rules.push_back(hit.rule);
  }
  std::string out = "[";
  for (uint32_t rule : rules) {
    if (out.size() > 1) out += ',';
    out += explain::to_json(program, session->engine->explain(rule));
  }
  out += ']';
  return out;
}

}  // namespace

weir_status report_moved(weir_error* err) {
  return report(err, WEIR_E_CONFLICT, "the session's state has gone over to other rules: weir_session_adopt them");
}

weir_status read_instant(std::string_view nanos_name, int64_t seconds, int32_t nanos, int64_t* out, weir_error* err) {
  constexpr int64_t kNanosASecond = 1'000'000'000;
  if (nanos < 0 || nanos >= kNanosASecond)
    return fail(err, WEIR_E_ARG, "`{}` is {}, not in [0, 1000000000)", nanos_name, nanos);
  if (__builtin_mul_overflow(seconds, kNanosASecond, out) || __builtin_add_overflow(*out, nanos, out))
    return fail(err, WEIR_E_ARG, "{} s is not within years 1678 to 2262", seconds);
  return WEIR_OK;
}

}  // namespace weir::embed

using weir::embed::call;
using weir::embed::fail;
using weir::embed::report;
using weir::embed::str;
using weir::embed::view;

weir_status weir_session_create(const weir_ruleset* ruleset, const weir_session_options* options,
                                weir_session** session_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session_out, err);
    *session_out = nullptr;
    WEIR_REQUIRE(ruleset, err);
    weir_session_options given;
    if (weir_status s = weir::embed::read_options(options, &given, "weir_session_options", err)) return s;
    if (given.max_steps < 0) return fail(err, WEIR_E_ARG, "weir_session_options.max_steps is {}", given.max_steps);
    if (given.lateness_ns < 0)
      return fail(err, WEIR_E_ARG, "weir_session_options.lateness_ns is {}", given.lateness_ns);
    weir::engine::SessionOptions o;
    if (given.max_steps != 0) o.max_steps = given.max_steps;
    o.events = weir::embed::policies(*ruleset->state, given.lateness_ns);
    o.protections = ruleset->state->protections;
    o.fail_verdict = ruleset->state->fail_verdict;
    if (ruleset->state->max_state_bytes != 0) o.max_state_bytes = ruleset->state->max_state_bytes;
    if (given.max_state_bytes != 0) o.max_state_bytes = given.max_state_bytes;
    o.time_rules = given.measure_cost != 0;
    o.generation = ruleset->generation;
    auto session = std::make_unique<weir_session>();
    session->ruleset = ruleset->state;
    session->generation = ruleset->generation;
    session->lateness_ns = given.lateness_ns;
    session->engine = std::make_unique<weir::engine::Session>(ruleset->state->rules, o);
    *session_out = session.release();
    return WEIR_OK;
  });
}

weir_status weir_session_share(weir_session* session, weir_session** session_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session_out, err);
    *session_out = nullptr;
    WEIR_REQUIRE(session, err);
    auto other = std::make_unique<weir_session>();
    other->ruleset = session->ruleset;
    other->generation = session->generation;
    other->lateness_ns = session->lateness_ns;
    other->audit = session->audit;
    other->keeper = session->keeper;
    other->engine = std::make_unique<weir::engine::Session>(session->ruleset->rules, session->engine->state(),
                                                            session->engine->options());
    *session_out = other.release();
    return WEIR_OK;
  });
}

weir_status weir_session_observe(weir_session* session, const weir_event* event, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE(event, err);
    if (event->event < 0) return report(err, WEIR_E_SCHEMA, "the event has no type yet: read a JSON text first");
    uint32_t type = 0;
    if (weir_status s = weir::embed::fill_row(session, *event, &type, err)) return s;
    session->engine->observe(type, weir::state::to_nanos(session->row[weir::types::EventSchema::kTimeSlot]));
    return WEIR_OK;
  });
}

weir_status weir_session_snapshot(weir_session* session, weir_str path, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE_TEXT(path, err);
    weir::engine::StateCopy copy(session->engine->state());
    weir::durable::Snapshot snapshot;
    snapshot.header = {copy.clock(), session->generation, weir::engine::rules_identity(*session->ruleset->program)};
    snapshot.sections = copy.finish();
    const absl::Status status = weir::durable::write_snapshot(std::string(view(path)), snapshot);
    return status.ok() ? WEIR_OK : report(err, WEIR_E_IO, std::string(status.message()));
  });
}

weir_status weir_session_restore(weir_session* session, weir_str path, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE_TEXT(path, err);
    const auto failed = [&](const absl::Status& status) {
      const bool damaged = status.code() == absl::StatusCode::kDataLoss || absl::IsUnimplemented(status);
      return report(err, damaged ? WEIR_E_DATA : WEIR_E_IO, std::string(status.message()));
    };
    if (session->keeper != nullptr)
      return report(err, WEIR_E_ARG, "the session's state is kept in a directory: weir_session_keep");
    const auto snapshot = weir::durable::read_snapshot(std::string(view(path)));
    if (!snapshot.ok()) return failed(snapshot.status());
    const weir::engine::SessionOptions options = session->engine->options();
    weir::engine::RestoreReport restored;
    auto state = weir::engine::restore_state(session->ruleset->program, weir::engine::state_options(options),
                                             snapshot->sections, &restored);
    if (!state.ok()) return failed(state.status());
    session->engine = std::make_unique<weir::engine::Session>(session->ruleset->rules, *std::move(state), options);
    session->events = 0;
    return WEIR_OK;
  });
}

weir_status weir_session_adopt(weir_session* session, const weir_ruleset* ruleset, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE(ruleset, err);
    if (session->ruleset == ruleset->state) {
      session->generation = ruleset->generation;
      session->engine->set_generation(ruleset->generation);
      return WEIR_OK;
    }
    // A copy under way is waited for before inputs are held up, not while.
    { const weir::engine::Turn::Held no_copy(session->engine->state()->copying()); }
    std::unique_lock<std::shared_mutex> held;
    if (session->keeper != nullptr) {
      held = session->keeper->hold_inputs();
      const absl::Status s = session->keeper->set_rules(ruleset->state->rules, ruleset->generation);
      if (!s.ok()) return report(err, s, WEIR_E_IO);
    }
    weir::engine::SessionOptions options = session->engine->options();
    options.events = weir::embed::policies(*ruleset->state, session->lateness_ns);
    options.protections = ruleset->state->protections;
    options.fail_verdict = ruleset->state->fail_verdict;
    std::shared_ptr<weir::engine::State> state = weir::engine::carry_over(
        session->engine->state(), ruleset->state->program, weir::engine::state_options(options));
    options.generation = ruleset->generation;
    session->engine = std::make_unique<weir::engine::Session>(ruleset->state->rules, std::move(state), options);
    session->generation = ruleset->generation;
    session->ruleset = ruleset->state;
    session->adapter = weir::embed::Adapter();
    session->causes.clear();
    session->events = 0;
    return WEIR_OK;
  });
}

size_t weir_session_warming(const weir_session* session, weir_str* names, size_t max) {
  if (session == nullptr) return 0;
  const weir::engine::State& state = *session->engine->state();
  size_t count = 0;
  for (uint32_t f = 0; f < state.features(); ++f) {
    if (!state.warming(f)) continue;
    if (count < max && names != nullptr) names[count] = str(state.program().features[f].name);
    ++count;
  }
  return count;
}

weir_status weir_session_eval(weir_session* session, const weir_event* event, const weir_eval_options* options,
                              weir_verdict** verdict_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(verdict_out, err);
    *verdict_out = nullptr;
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE(event, err);
    weir_eval_options given;
    if (weir_status s = weir::embed::read_options(options, &given, "weir_eval_options", err)) return s;
    if (given.trace > WEIR_TRACE_ALL) return fail(err, WEIR_E_ARG, "weir_eval_options.trace is {}", given.trace);
    if (event->event < 0) return report(err, WEIR_E_SCHEMA, "the event has no type yet: read a JSON text first");
    uint32_t type = 0;
    if (weir_status s = weir::embed::fill_row(session, *event, &type, err)) return s;
    if (given.timeout_ns > INT64_MAX)
      return report(err, WEIR_E_ARG, "weir_eval_options.timeout_ns is beyond 292 years");
    session->engine->set_time_limit(std::chrono::nanoseconds(given.timeout_ns));
    const weir::engine::Session::EventRow input{type, session->row.data()};
    weir::embed::Keeper::Inputs inputs(session->keeper.get());
    if (session->has_moved()) return weir::embed::report_moved(err);
    if (absl::Status s = inputs.append({&input, 1}); !s.ok()) return report(err, s, WEIR_E_IO);
    const weir::engine::EventResult& result = session->engine->evaluate(type, session->row.data());
    if (result.moved) return weir::embed::report_moved(err);
    try {
      std::unique_ptr<weir_verdict> verdict = weir::embed::make_verdict(session, type, result);
      if (given.trace != WEIR_TRACE_NONE) {
        verdict->traced = true;
        verdict->explain = result.duplicate ? "[]" : weir::embed::explain_rules(session, type, result, given.trace);
      }
      if (absl::Status s = inputs.commit(); !s.ok()) return report(err, s, WEIR_E_IO);
      const int64_t time = weir::state::to_nanos(session->row[weir::types::EventSchema::kTimeSlot]);
      weir_status status = weir::embed::audit_trips(*session, time, result, err);
      if (session->ruleset->rollout != nullptr) session->ruleset->rollout->add(type, session->row.data(), result);
      if (result.expired) status = report(err, WEIR_E_LIMIT, "the time for the event was over: the declared verdict");
      ++session->events;
      *verdict_out = verdict.release();
      return status;
    } catch (...) {
      session->engine->take_back();
      throw;
    }
  });
}

weir_status weir_session_has_label(weir_session* session, weir_str label, weir_str key, int64_t seconds, int32_t nanos,
                                   int32_t* has, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(has, err);
    *has = 0;
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE_TEXT(label, err);
    WEIR_REQUIRE_TEXT(key, err);
    const weir::ir::Program& program = *session->ruleset->program;
    const int index = program.find_label(view(label));
    if (index < 0) return fail(err, WEIR_E_SCHEMA, "the rules declare no label `{}`", view(label));
    int64_t now = 0;
    if (weir_status s = weir::embed::read_instant("nanos", seconds, nanos, &now, err)) return s;
    const weir::value::Value k =
        weir::engine::entity_key(program, program.labels[static_cast<size_t>(index)].entity, view(key));
    if (k.is_missing()) return fail(err, WEIR_E_DATA, "key `{}` is not an int, as the label's entity is", view(key));
    *has = session->engine->has_label(static_cast<uint32_t>(index), k, now) ? 1 : 0;
    return WEIR_OK;
  });
}

weir_status weir_session_get_stats(const weir_session* session, weir_session_stats* stats) {
  if (session == nullptr) return WEIR_E_ARG;
  weir_session_stats full = {};
  full.generation = session->generation;
  full.events = session->events;
  full.late_events = session->engine->late_events();
  full.duplicate_events = session->engine->duplicate_events();
  full.ahead_events = session->engine->ahead_events();
  full.expired_events = session->engine->expired_events();
  full.state_bytes = session->engine->state_bytes();
  return weir::embed::write_out(full, stats);
}

weir_status weir_session_get_rule_stats(const weir_session* session, size_t rule, weir_rule_stats* stats) {
  if (session == nullptr || rule >= session->engine->counters().size()) return WEIR_E_ARG;
  const weir::engine::RuleCounters& c = session->engine->counters()[rule];
  weir_rule_stats full = {};
  full.fired = c.fired;
  full.suppressed = c.suppressed;
  full.tripped = c.tripped;
  full.errors = c.errors;
  full.missing = c.missing;
  full.cost_samples = c.cost_samples;
  full.cost_ns = c.cost_ns;
  static_assert(static_cast<int>(weir::engine::Outcome::kQuarantined) == WEIR_OUTCOME_QUARANTINED);
  full.snoozed = c.snoozed;
  full.quarantined = c.quarantined;
  return weir::embed::write_out(full, stats);
}

size_t weir_session_cause_count(weir_session* session) {
  if (session == nullptr) return 0;
  try {
    session->causes = session->engine->causes();
    for (auto& c : session->causes)
      if (c.missing) c.text = weir::embed::missing_text(c.text);
  } catch (...) {
    session->causes.clear();
  }
  return session->causes.size();
}

weir_status weir_session_cause(const weir_session* session, size_t i, weir_cause* cause) {
  if (session == nullptr || i >= session->causes.size()) return WEIR_E_ARG;
  const weir::engine::Session::Cause& c = session->causes[i];
  weir_cause full = {};
  full.outcome = c.missing ? WEIR_OUTCOME_MISSING : WEIR_OUTCOME_ERROR;
  full.rule = c.rule;
  full.count = c.count;
  full.text = str(c.text);
  return weir::embed::write_out(full, cause);
}

void weir_session_release(weir_session* session) { delete session; }
