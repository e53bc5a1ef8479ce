#include "runtime/engine/state_copy.h"

#include <new>
#include <utility>

namespace weir::engine {
namespace {

void save_clock(const State& state, state::Writer& out) {
  const ir::Program& program = state.program();
  out.varint(state.clock());
  out.u8(state.shared());
  out.varint(program.events.size());
  for (uint32_t e = 0; e < program.events.size(); ++e) {
    out.text(program.events[e].schema.name);
    state.event_clock(e).save(out);
  }
  out.varint(program.rules.size());  // labels tell by number who set them
  for (const ir::Rule& rule : program.rules) out.text(rule.id);
}

}  // namespace

StateCopy::StateCopy(std::shared_ptr<State> state) : state_(std::move(state)), turn_(state_->copying()) {
  const Gate::Pause paused = state_->pause();
  begin_all();
  if (!state_->shared()) complete_all();
}

StateCopy::~StateCopy() {
  while (turn_) {
    try {
      complete_all();
      turn_.reset();
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
      // What was lost is complete, too, and the others' turn comes.
    }
  }
}

StateCopy::Part& StateCopy::begin(SectionKind kind, uint32_t n, bool complete) {
  return parts_.emplace_back(Part{kind, n, {}, complete});
}

void StateCopy::begin_all() {
  State& state = *state_;
  const ir::Program& program = state.program();
  clock_ = state.clock();
  save_clock(state, begin(SectionKind::kClock, 0, true).payload);
  for (uint32_t f = 0; f < program.features.size(); ++f) {
    begin(SectionKind::kFeature, f, false).payload.zigzag(state.warming_since(f));
    state.feature(f).begin_copy();
  }
  for (uint32_t l = 0; l < program.labels.size(); ++l) {
    begin(SectionKind::kLabel, l, false);
    state.labels().begin_copy(l);
  }
  for (uint32_t e = 0; e < program.events.size(); ++e) {
    if (!state.ids().wanted(e)) continue;
    begin(SectionKind::kIds, e, false);
    state.ids().begin_copy(e);
  }
  by_hand_ = by_hand_of(state);
  begin(SectionKind::kByHand, 0, false);
  for (uint32_t r = 0; r < program.rules.size(); ++r) {
    if (state.once(r) != nullptr) {
      begin(SectionKind::kOnce, r, false);
      state.once(r)->begin_copy();
    }
    if (state.limit(r) != nullptr) state.limit(r)->save(begin(SectionKind::kLimit, r, true).payload);
    if (state.trips().has_faults(r)) state.trips().save(r, begin(SectionKind::kTrip, r, true).payload);
  }
}

void StateCopy::complete_all() {
  for (Part& part : parts_) {
    if (std::exchange(part.complete, true)) continue;
    switch (part.kind) {
      case SectionKind::kFeature:
        state_->feature(part.n).finish_copy(part.payload);
        break;
      case SectionKind::kLabel:
        state_->labels().finish_copy(part.n, part.payload);
        break;
      case SectionKind::kIds:
        state_->ids().finish_copy(part.n, part.payload);
        break;
      case SectionKind::kOnce:
        state_->once(part.n)->finish_copy(part.payload);
        break;
      case SectionKind::kByHand:
        save_by_hand(state_->program(), by_hand_, part.payload);
        break;
      case SectionKind::kClock:
      case SectionKind::kLimit:
      case SectionKind::kTrip:
        break;
    }
  }
}

// Those of rules are dear, so they are asked for when nobody waits.
ir::Identity StateCopy::identity(const Part& part) const {
  const ir::Program& program = state_->program();
  switch (part.kind) {
    case SectionKind::kFeature:
      return program.features[part.n].identity;
    case SectionKind::kLabel:
      return ir::label_identity(program, part.n);
    case SectionKind::kIds:
      return ids_identity(program, part.n);
    case SectionKind::kOnce:
      return ir::once_identity(program, part.n);
    case SectionKind::kLimit:
      return ir::limit_identity(program, part.n);
    case SectionKind::kTrip:
      return state_->trips().identity(program, part.n);
    case SectionKind::kClock:
    case SectionKind::kByHand:
      break;
  }
  return {};
}

std::vector<StateSection> StateCopy::finish() {
  complete_all();
  turn_.reset();
  std::vector<StateSection> out;
  for (Part& part : parts_) {
    out.push_back({static_cast<uint32_t>(part.kind), identity(part), part.payload.take()});
  }
  return out;
}

std::vector<StateSection> save_state(const std::shared_ptr<State>& state) { return StateCopy(state).finish(); }

}  // namespace weir::engine
