#include "runtime/engine/by_hand.h"

#include <string>
#include <vector>

#include "runtime/engine/apply_change.h"
#include "runtime/engine/state_change.h"

namespace weir::engine {

ByHand by_hand_of(const State& state) { return {state.lists().snapshot(), state.snoozes().current()}; }

void save_by_hand(const ir::Program& program, const ByHand& by_hand, state::Writer& out) {
  const auto& lists = by_hand.lists;
  uint64_t changed = 0;
  for (const auto& version : lists) changed += version->number() > 1;
  out.varint(changed);
  for (size_t l = 0; l < lists.size(); ++l) {
    if (lists[l]->number() == 1) continue;
    out.text(program.lists[l].name);
    out.text(match::ListVersion(program.lists[l]).hash());
    out.varint(lists[l]->number());
    const std::vector<std::string> values = lists[l]->values();
    out.varint(values.size());
    for (const std::string& value : values) out.text(value);
  }
  const std::vector<Snooze> snoozes = by_hand.snoozes->all();
  out.varint(snoozes.size());
  for (const Snooze& s : snoozes) {
    StateChange change;
    change.kind = ChangeKind::kSnooze;
    change.name = program.rules[s.rule].id;
    change.has_key = s.has_key;
    change.key = s.key;
    change.time_nanos = s.since_nanos;
    change.until_nanos = s.until_nanos;
    change.by = s.by;
    change.reason = s.reason;
    out.text(to_bytes(change));
  }
}

bool load_by_hand(State& state, state::Reader& in) {
  const ir::Program& program = state.program();
  for (size_t n = in.count(2); n > 0 && in.ok(); --n) {
    const std::string name(in.text()), loaded(in.text());
    const uint64_t number = in.varint();
    const size_t size = in.count(1);
    if (!in.allocates(size, sizeof(std::string))) return false;
    std::vector<std::string> values(size);
    for (std::string& value : values) value = in.text();
    if (!in.ok()) return false;
    for (uint32_t l = 0; l < program.lists.size(); ++l) {
      if (program.lists[l].name != name || match::ListVersion(program.lists[l]).hash() != loaded) continue;
      if (!state.lists().restore(l, values, number).ok()) return in.fail("a list has an entry that is none");
    }
  }
  for (size_t n = in.count(1); n > 0 && in.ok(); --n) {
    const auto change = change_from_bytes(in.text());
    if (!in.ok()) return false;
    if (!change.ok() || change->kind != ChangeKind::kSnooze) return in.fail("a snooze is none");
    (void)apply(state, *change);  // not in force where the rule is no more
  }
  return in.ok();
}

}  // namespace weir::engine
