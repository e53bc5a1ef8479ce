#include "runtime/engine/apply_change.h"

#include <fmt/format.h>

#include "runtime/engine/inspect.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::engine {
namespace {

using value::Value;

absl::Status invalid(const std::string& text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

absl::Status unknown(std::string_view what, std::string_view name) {
  const std::string text = fmt::format("the rules declare no {} `{}`", what, name);
  return absl::NotFoundError(absl::string_view(text.data(), text.size()));
}

std::string instant(int64_t nanos) { return value::to_text(state::from_nanos(nanos)); }
std::string until(int64_t nanos) { return nanos == INT64_MAX ? "for ever" : "until " + instant(nanos); }

std::string text_of(const State& state, const std::optional<state::LabelStore::Mark>& mark) {
  if (!mark) return "absent";
  const std::string_view rule = rule_id_of(state, *mark);
  std::string who = "a rule that is no more";
  if (mark->from.by_hand()) {
    who = mark->from.origin();
  } else if (!rule.empty()) {
    who = fmt::format("{} on {}", rule, mark->from.origin());
  }
  return fmt::format("{}, set {} by {}", until(mark->expires), instant(mark->set_at), who);
}

absl::StatusOr<Applied> change_label(State& state, const StateChange& change) {
  const ir::Program& program = state.program();
  const int found = program.find_label(change.name);
  if (found < 0) return unknown("label", change.name);
  const auto label = static_cast<uint32_t>(found);
  const Value key = entity_key(program, program.labels[label].entity, change.key);
  if (key.is_missing()) return invalid(fmt::format("key `{}` is not an int, as the label's entity is", change.key));
  const bool set = change.kind == ChangeKind::kSetLabel;
  if (set && change.until_nanos <= change.time_nanos)
    return absl::OutOfRangeError("the label would end before it begins");
  const state::Key hashed = state::make_key(key);
  const auto paused = state.pause();
  state::LabelStore& labels = state.labels();
  Applied out;
  out.before = text_of(state, labels.find(label, hashed, change.time_nanos));
  if (set) {
    const int64_t length =
        change.until_nanos == INT64_MAX ? 0 : state::saturating_sub(change.until_nanos, change.time_nanos);
    const int64_t nothing_freed = INT64_MIN;
    labels.set(label, hashed, change.time_nanos, length, 0, state.clock(), nothing_freed, {true, 0, change.by});
  } else {
    labels.clear(label, hashed);
  }
  const auto after = labels.find(label, hashed, change.time_nanos);
  if (set && !after) return absl::ResourceExhaustedError("there is no room for more labels");
  out.after = text_of(state, after);
  return out;
}

std::string text_of(const SnoozeSet& snoozes, uint32_t rule, const StateChange& change) {
  for (const Snooze& s : snoozes.of(rule)) {
    if (s.has_key == change.has_key && s.key == change.key) return fmt::format("snoozed {}", until(s.until_nanos));
  }
  return "not snoozed";
}

absl::StatusOr<Applied> change_snooze(State& state, const StateChange& change, uint32_t rule) {
  const ir::Program& program = state.program();
  if (change.has_key && snooze_key(program.rules[rule]) == ir::kNoNode)
    return invalid(
        fmt::format("rule `{}` has no key: neither `once per` nor an effect on one", program.rules[rule].name));
  if (change.kind == ChangeKind::kSnooze && change.until_nanos <= change.time_nanos)
    return absl::OutOfRangeError("the snooze would end before it begins");
  Snoozes& snoozes = state.snoozes();
  Applied out;
  out.before = text_of(*snoozes.current(), rule, change);
  if (change.kind == ChangeKind::kSnooze) {
    snoozes.set({rule, change.has_key, change.key, change.time_nanos, change.until_nanos, change.by, change.reason},
                change.time_nanos);
  } else {
    snoozes.end(rule, change.has_key, change.key);
  }
  out.after = text_of(*snoozes.current(), rule, change);
  return out;
}

std::string text_of(const Trips::Status& status) {
  if (status.cause == TripCause::kNone) return fmt::format("{} errors, {} overruns", status.errors, status.overruns);
  return fmt::format("out of service for {} since {}, {}", trip_cause_name(status.cause), instant(status.tripped_at),
                     until(status.until));
}

absl::StatusOr<Applied> reset_limit(State& state, const StateChange& change, uint32_t rule) {
  state::LimitGuard* const guard = state.limit(rule);
  const bool protected_too = state.trips().protection(rule).any();
  if (guard == nullptr && !protected_too)
    return invalid(fmt::format("rule `{}` has no limit", state.program().rules[rule].name));
  std::string before;
  if (guard != nullptr) {
    const auto status = guard->status(change.time_nanos);
    before = status.tripped ? fmt::format("tripped at {}, {}", instant(status.tripped_at), until(status.until))
                            : fmt::format("{} of {} fires", status.fires, status.count);
    guard->reset();
  }
  if (protected_too) {
    before += (before.empty() ? "" : "; ") + text_of(state.trips().status(rule, change.time_nanos));
    state.trips().reset(rule);
  }
  return Applied{before, "reset"};
}

std::string text_of(const match::ListVersion& version) {
  return fmt::format("version {}, {} entries, {}", version.number(), version.size(), version.hash());
}

absl::StatusOr<Applied> change_list(State& state, const StateChange& change) {
  using Edit = match::ListTable::Edit;
  const auto& lists = state.program().lists;
  for (uint32_t list = 0; list < lists.size(); ++list) {
    if (lists[list].name != change.name) continue;
    Applied out;
    out.before = text_of(*state.lists().current(list));
    const Edit what = change.kind == ChangeKind::kReplaceList ? Edit::kReplace
                      : change.kind == ChangeKind::kAddToList ? Edit::kAdd
                                                              : Edit::kRemove;
    auto version = state.lists().edit(list, what, change.values);
    if (!version.ok()) return version.status();
    out.after = text_of(**version);
    return out;
  }
  return unknown("list", change.name);
}

}  // namespace

ir::NodeId snooze_key(const ir::Rule& rule) {
  if (rule.once_key != ir::kNoNode) return rule.once_key;
  for (const ir::Effect& effect : rule.effects) {
    if (effect.key != ir::kNoNode) return effect.key;
  }
  return ir::kNoNode;
}

absl::StatusOr<Applied> apply(State& state, const StateChange& change) {
  switch (change.kind) {
    case ChangeKind::kSetLabel:
    case ChangeKind::kClearLabel:
      return change_label(state, change);
    case ChangeKind::kReplaceList:
    case ChangeKind::kAddToList:
    case ChangeKind::kRemoveFromList:
      return change_list(state, change);
    case ChangeKind::kSnooze:
    case ChangeKind::kEndSnooze:
    case ChangeKind::kResetLimit:
      break;
  }
  const int rule = state.program().find_rule(change.name);
  if (rule < 0) return unknown("rule", change.name);
  if (change.kind == ChangeKind::kResetLimit) return reset_limit(state, change, static_cast<uint32_t>(rule));
  return change_snooze(state, change, static_cast<uint32_t>(rule));
}

}  // namespace weir::engine
