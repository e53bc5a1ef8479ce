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

// A part of `from` and the place in `to` where it belongs.
struct Move {
  uint32_t from, to;
};

// All that goes over. It is found first, which takes memory, and moved then, which takes none: where memory runs out,
// nothing has happened.
struct Moves {
  std::vector<Move> ids, features, labels, once, limit, trips;
  std::vector<uint32_t> fresh;        // features that nothing goes over to
  std::vector<uint32_t> label_rules;  // by number in `from`: the rule's number in `to`
};

void find_features(const ir::Program& before, const ir::Program& after, Moves* out) {
  Parts parts;
  for (uint32_t f = 0; f < before.features.size(); ++f) parts.emplace(before.features[f].identity, f);
  for (uint32_t f = 0; f < after.features.size(); ++f) {
    const auto at = parts.find(after.features[f].identity);
    if (at == parts.end()) {
      out->fresh.push_back(f);
      continue;
    }
    out->features.push_back({at->second, f});
    parts.erase(at);  // a second feature of the same definition counts for itself from now on
  }
}

void find_labels(const ir::Program& before, const ir::Program& after, Moves* out) {
  if (before.labels.empty() || after.labels.empty()) return;
  const RuleNumbers numbers(after);
  for (const ir::Rule& rule : before.rules) out->label_rules.push_back(numbers.of(rule.id));
  Parts parts;
  for (uint32_t l = 0; l < before.labels.size(); ++l) parts.emplace(ir::label_identity(before, l), l);
  for (uint32_t l = 0; l < after.labels.size(); ++l) {
    const auto at = parts.find(ir::label_identity(after, l));
    if (at != parts.end()) out->labels.push_back({at->second, l});
  }
}

void find_guards(State& from, State& to, Moves* out) {
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
      if (at != once.end()) out->once.push_back({at->second, r});
    }
    if (to.limit(r) != nullptr) {
      const auto at = limit.find(ir::limit_identity(after, r));
      if (at != limit.end()) out->limit.push_back({at->second, r});
    }
  }
}

void find_trips(const State& from, const State& to, Moves* out) {
  std::optional<RuleNumbers> numbers;  // dear, and faults are rare
  for (uint32_t r = 0; r < from.program().rules.size(); ++r) {
    if (!from.trips().has_faults(r)) continue;
    if (!numbers) numbers.emplace(to.program());
    const uint32_t now = numbers->of(from.program().rules[r].id);
    if (now == state::LabelStore::kNoRule) continue;
    if (to.trips().identity(to.program(), now) == from.trips().identity(from.program(), r))
      out->trips.push_back({r, now});
  }
}

Moves find_moves(State& from, State& to) {
  const ir::Program& before = from.program();
  const ir::Program& after = to.program();
  Moves out;
  for (uint32_t e = 0; e < after.events.size(); ++e) {
    const int was = before.find_event(after.events[e].schema.name);
    if (was >= 0) out.ids.push_back({static_cast<uint32_t>(was), e});
  }
  find_features(before, after, &out);
  find_labels(before, after, &out);
  find_guards(from, to, &out);
  find_trips(from, to, &out);
  return out;
}

void carry_out(const Moves& moves, State& from, State& to) noexcept {
  for (const Move& m : moves.ids) to.ids().take(m.to, from.ids(), m.from);
  for (const Move& m : moves.features) std::swap(to.feature_part(m.to), from.feature_part(m.from));
  for (const Move& m : moves.labels) to.labels().take(m.to, from.labels(), m.from, moves.label_rules);
  for (const Move& m : moves.once) std::swap(to.once_part(m.to), from.once_part(m.from));
  for (const Move& m : moves.limit) std::swap(to.limit_part(m.to), from.limit_part(m.from));
  for (const Move& m : moves.trips) to.trips().take(m.to, from.trips(), m.from);
  to.count_parts();
  from.count_parts();
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
  const Moves moves = find_moves(*from, *to);
  for (const Move& m : moves.ids) to->set_newest(m.to, from->event_clock(m.from));
  to->set_clock(from->clock());
  for (const Move& m : moves.features) to->set_warming_since(m.to, from->warming_since(m.from));
  begin_warming(*to, moves.fresh, from->newest());
  state::Writer by_hand;
  save_by_hand(from->program(), by_hand_of(*from), by_hand);
  state::Reader in(by_hand.bytes());
  load_by_hand(*to, in);
  carry_out(moves, *from, *to);
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
