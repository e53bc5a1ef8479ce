#include "runtime/engine/state_image.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "runtime/engine/by_hand.h"
#include "runtime/engine/rule_numbers.h"
#include "runtime/engine/warming.h"
#include "runtime/state/codec.h"
#include "runtime/state/time.h"

namespace weir::engine {
namespace {

using state::Reader;

using Found = std::map<std::pair<uint32_t, ir::Identity>, const StateSection*>;

class Restorer {
 public:
  Restorer(State& state, const Found& found, RestoreReport* report) : state_(state), found_(found), report_(report) {}

  absl::Status restore() {
    if (absl::Status status = clock(); !status.ok()) return status;
    const ir::Program& program = state_.program();
    std::vector<uint32_t> fresh;
    for (uint32_t f = 0; f < program.features.size(); ++f) {
      const StateSection* saved = find(SectionKind::kFeature, program.features[f].identity);
      if (saved == nullptr) {
        fresh.push_back(f);
        continue;
      }
      Reader in(saved->payload, memory());
      state_.set_warming_since(f, in.zigzag());
      if (!state_.feature(f).load(in) || in.left() > 0) return broken("feature", program.features[f].name, in);
      ++report_->features;
    }
    state_.count_parts();
    begin_warming(state_, fresh, state_.newest());
    for (uint32_t f = 0; f < program.features.size(); ++f) {
      if (state_.warming(f)) report_->warming.push_back(program.features[f].name);
    }
    for (uint32_t l = 0; l < program.labels.size(); ++l) {
      const StateSection* saved = find(SectionKind::kLabel, ir::label_identity(program, l));
      if (saved == nullptr) continue;
      Reader in(saved->payload, memory());
      if (!state_.labels().load(l, in, rules_) || in.left() > 0) return broken("label", program.labels[l].name, in);
      ++report_->labels;
    }
    for (uint32_t e = 0; e < program.events.size(); ++e) {
      if (!state_.ids().wanted(e)) continue;
      const StateSection* saved = find(SectionKind::kIds, ids_identity(program, e));
      if (saved == nullptr) continue;
      Reader in(saved->payload, memory());
      if (!state_.ids().load(e, in) || in.left() > 0) return broken("ids of", program.events[e].schema.name, in);
    }
    if (const StateSection* saved = find(SectionKind::kByHand, {})) {
      Reader in(saved->payload, memory());
      if (!load_by_hand(state_, in) || in.left() > 0) return broken("changes by hand of", "the rules", in);
    }
    return guards();
  }

  uint32_t used() const { return used_; }

 private:
  // What a section may make a state allocate: a corrupt one must not take the machine down. Twice, since a table is
  // filled up to a half at worst, and for tables of few keys.
  size_t memory() const { return 2 * state_.options().max_bytes + (size_t{64} << 20); }

  const StateSection* find(SectionKind kind, const ir::Identity& identity) {
    const auto at = found_.find({static_cast<uint32_t>(kind), identity});
    if (at == found_.end()) return nullptr;
    ++used_;
    return at->second;
  }

  // Identities of rules are dear, and faults are rare.
  bool has_trips() const {
    const auto first = found_.lower_bound({static_cast<uint32_t>(SectionKind::kTrip), ir::Identity()});
    return first != found_.end() && first->first.first == static_cast<uint32_t>(SectionKind::kTrip);
  }

  static absl::Status broken(std::string_view what, std::string_view name, const Reader& in) {
    const std::string text = fmt::format("the section of {} `{}` cannot be read: {}", what, name,
                                         in.ok() ? "more follows than belongs to it" : in.failure());
    return absl::DataLossError(text);
  }

  absl::Status clock() {
    const ir::Program& program = state_.program();
    const StateSection* saved = find(SectionKind::kClock, {});
    if (saved == nullptr) return absl::DataLossError("it has no clock");
    Reader in(saved->payload);
    const uint64_t clock = in.varint();
    if (in.u8() != 0) state_.share();
    for (size_t events = in.count(4); events > 0 && in.ok(); --events) {
      const std::string_view name = in.text();
      state::EventClock clock;
      clock.load(in);
      const int event = program.find_event(name);
      if (event >= 0) state_.set_newest(static_cast<uint32_t>(event), clock);
    }
    const RuleNumbers today(program);
    for (size_t rules = in.count(1); rules > 0 && in.ok(); --rules) rules_.push_back(today.of(in.text()));
    if (!in.ok() || in.left() > 0) return broken("the", "clock", in);
    state_.set_clock(clock);
    return absl::OkStatus();
  }

  absl::Status guards() {
    const ir::Program& program = state_.program();
    for (uint32_t r = 0; r < program.rules.size(); ++r) {
      if (state_.once(r) != nullptr) {
        if (const StateSection* saved = find(SectionKind::kOnce, ir::once_identity(program, r))) {
          Reader in(saved->payload, memory());
          if (!state_.once(r)->load(in) || in.left() > 0) return broken("`once` of rule", program.rules[r].id, in);
          ++report_->guards;
        }
      }
      if (state_.limit(r) != nullptr) {
        if (const StateSection* saved = find(SectionKind::kLimit, ir::limit_identity(program, r))) {
          Reader in(saved->payload, memory());
          if (!state_.limit(r)->load(in) || in.left() > 0) return broken("`limit` of rule", program.rules[r].id, in);
          ++report_->guards;
        }
      }
      if (!state_.trips().protection(r).any() || !has_trips()) continue;
      if (const StateSection* saved = find(SectionKind::kTrip, state_.trips().identity(program, r))) {
        Reader in(saved->payload, memory());
        if (!state_.trips().load(r, in) || in.left() > 0) return broken("faults of rule", program.rules[r].id, in);
        ++report_->guards;
      }
    }
    return absl::OkStatus();
  }

  State& state_;
  const Found& found_;
  RestoreReport* report_;
  std::vector<uint32_t> rules_;  // of today, by the numbers of then
  uint32_t used_ = 0;
};

}  // namespace

absl::StatusOr<std::shared_ptr<State>> restore_state(std::shared_ptr<const ir::Program> program,
                                                     const StateOptions& options,
                                                     const std::vector<StateSection>& sections, RestoreReport* report) {
  *report = RestoreReport();
  Found found;
  for (const StateSection& s : sections) found.emplace(std::pair(s.kind, s.identity), &s);
  auto state = std::make_shared<State>(std::move(program), options);
  Restorer restorer(*state, found, report);
  if (absl::Status status = restorer.restore(); !status.ok()) return status;
  report->dropped = static_cast<uint32_t>(found.size()) - restorer.used();
  return state;
}

ir::Identity ids_identity(const ir::Program& program, uint32_t event) {
  return ir::identity_of("ids of " + program.events[event].schema.name);
}

ir::Identity rules_identity(const ir::Program& program) {
  std::string text = ir::print(program);
  for (const ir::List& list : program.lists) {
    text += list.name;
    for (const std::string& value : list.values) text += fmt::format(" {}:{}", value.size(), value);
  }
  return ir::identity_of(text);
}

}  // namespace weir::engine
