#include "runtime/engine/carry_over.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/engine/by_hand.h"
#include "runtime/engine/rule_numbers.h"
#include "runtime/engine/warming.h"
#include "runtime/state/time.h"

namespace weir::engine {
namespace {

// What `from` has, by identity.
using Parts = std::map<ir::Identity, uint32_t>;

void move_features(State& from, State& to) {
  const ir::Program& before = from.program();
  const ir::Program& after = to.program();
  Parts parts;
  for (uint32_t f = 0; f < before.features.size(); ++f) parts.emplace(before.features[f].identity, f);
  std::vector<uint32_t> fresh;
  for (uint32_t f = 0; f < after.features.size(); ++f) {
    const auto at = parts.find(after.features[f].identity);
    if (at == parts.end()) {
      fresh.push_back(f);
      continue;
    }
    std::swap(to.feature_part(f), from.feature_part(at->second));
    to.set_warming_since(f, from.warming_since(at->second));
    parts.erase(at);  // a second feature of the same definition counts for itself from now on
  }
  begin_warming(to, fresh, from.newest());
}

void move_labels(State& from, State& to) {
  const ir::Program& before = from.program();
  const ir::Program& after = to.program();
  if (before.labels.empty() || after.labels.empty()) return;
  const RuleNumbers numbers(after);
  std::vector<uint32_t> rules;
  for (const ir::Rule& rule : before.rules) rules.push_back(numbers.of(rule.id));
  Parts parts;
  for (uint32_t l = 0; l < before.labels.size(); ++l) parts.emplace(ir::label_identity(before, l), l);
  for (uint32_t l = 0; l < after.labels.size(); ++l) {
    const auto at = parts.find(ir::label_identity(after, l));
    if (at != parts.end()) to.labels().take(l, from.labels(), at->second, rules);
  }
}

void move_guards(State& from, State& to) {
  const ir::Program& before = from.program();
  const ir::Program& after = to.program();
  Parts once, limit;
  for (uint32_t r = 0; r < before.rules.size(); ++r) {
    if (from.once(r) != nullptr) once.emplace(ir::once_identity(before, r), r);
    if (from.limit(r) != nullptr) limit.emplace(ir::limit_identity(before, r), r);
  }
  for (uint32_t r = 0; r < after.rules.size(); ++r) {
    if (to.once(r) != nullptr) {
      const auto at = once.find(ir::once_identity(after, r));
      if (at != once.end()) std::swap(to.once_part(r), from.once_part(at->second));
    }
    if (to.limit(r) != nullptr) {
      const auto at = limit.find(ir::limit_identity(after, r));
      if (at != limit.end()) std::swap(to.limit_part(r), from.limit_part(at->second));
    }
  }
}

void move_trips(State& from, State& to) {
  std::optional<RuleNumbers> numbers;  // dear, and faults are rare
  for (uint32_t r = 0; r < from.program().rules.size(); ++r) {
    if (!from.trips().has_faults(r)) continue;
    if (!numbers) numbers.emplace(to.program());
    const uint32_t now = numbers->of(from.program().rules[r].id);
    if (now == state::LabelStore::kNoRule) continue;
    if (to.trips().identity(to.program(), now) == from.trips().identity(from.program(), r))
      to.trips().take(now, from.trips(), r);
  }
}

}  // namespace

std::shared_ptr<State> carry_over(const std::shared_ptr<State>& from, std::shared_ptr<const ir::Program> program,
                                  const StateOptions& options) {
  if (&from->program() == program.get()) return from;
  const Turn::Held no_copy(from->copying());  // of what is moved away
  const Gate::Pause paused = from->pause();
  if (std::shared_ptr<State> next = from->successor()) {
    return carry_over(next, std::move(program), options);
  }
  auto to = std::make_shared<State>(std::move(program), options);
  if (from->shared()) to->share();
  const ir::Program& after = to->program();
  for (uint32_t e = 0; e < after.events.size(); ++e) {
    const int before = from->program().find_event(after.events[e].schema.name);
    if (before < 0) continue;
    to->set_newest(e, from->event_clock(static_cast<uint32_t>(before)));
    to->ids().take(e, from->ids(), static_cast<uint32_t>(before));
  }
  to->set_clock(from->clock());
  move_features(*from, *to);
  move_labels(*from, *to);
  move_guards(*from, *to);
  move_trips(*from, *to);
  state::Writer by_hand;
  save_by_hand(from->program(), by_hand_of(*from), by_hand);
  state::Reader in(by_hand.bytes());
  load_by_hand(*to, in);
  to->count_parts();
  from->count_parts();
  from->set_successor(to);
  return to;
}

std::vector<uint32_t> take_warm(State& from, State& to) {
  if (to.shared() && !from.shared()) from.share();
  if (from.shared() && !to.shared()) to.share();
  std::vector<uint32_t> out;
  for (uint32_t f = 0; f < to.features(); ++f) {
    if (!to.warming(f)) continue;
    std::swap(to.feature_part(f), from.feature_part(f));
    to.set_warming_since(f, state::kNever);
    out.push_back(f);
  }
  to.set_clock(std::max(to.clock(), from.clock()));  // no key was touched after now
  to.count_parts();
  return out;
}

}  // namespace weir::engine
