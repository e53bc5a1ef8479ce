#include "tools/serve/deciders.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/engine/carry_over.h"
#include "runtime/engine/state.h"
#include "runtime/io/change_json.h"

namespace weir::serve {
namespace {

void add(const engine::RuleCounters& from, engine::RuleCounters* to) {
  to->fired += from.fired;
  to->suppressed += from.suppressed;
  to->tripped += from.tripped;
  to->errors += from.errors;
  to->missing += from.missing;
  to->snoozed += from.snoozed;
  to->quarantined += from.quarantined;
}

void add(const engine::Session& session, EventTotals* totals) {
  totals->events += session.events();
  totals->late += session.late_events();
  totals->duplicate += session.duplicate_events();
  totals->ahead += session.ahead_events();
  totals->expired += session.expired_events();
}

void add(const RuleSet& set, const std::vector<engine::RuleCounters>& counters,
         std::map<std::string, RuleTotals>* totals) {
  for (size_t r = 0; r < set.rule_count; ++r) {
    const ir::Rule& rule = set.program->rules[r];
    RuleTotals& total = (*totals)[rule.id];
    total.id = rule.id;
    total.name = rule.name;
    add(counters[r], &total.counters);
  }
}

engine::SessionOptions options_of(const Generation& generation) {
  engine::SessionOptions options = generation.set->session;
  options.generation = generation.number;
  return options;
}

}  // namespace

Deciders::Deciders(std::shared_ptr<const Generation> first, std::shared_ptr<engine::State> state,
                   std::unique_ptr<Store> store, size_t lanes)
    : current_(std::move(first)), number_(current_->number), store_(std::move(store)) {
  const engine::SessionOptions options = options_of(*current_);
  if (state == nullptr) state = std::make_shared<engine::State>(current_->set->program, engine::state_options(options));
  for (size_t i = 0; i < (store_ != nullptr ? 1 : std::max<size_t>(lanes, 1)); ++i) {
    auto lane = std::make_unique<Lane>();
    lane->generation = current_;
    lane->session = std::make_unique<engine::Session>(current_->set->rules, state, options);
    lanes_.push_back(std::move(lane));
  }
}

Deciders::~Deciders() = default;

std::shared_ptr<const Generation> Deciders::current() const {
  const std::lock_guard lock(current_mutex_);
  return current_;
}

std::vector<std::unique_lock<std::mutex>> Deciders::lock_all() const {
  std::vector<std::unique_lock<std::mutex>> out;
  for (const auto& lane : lanes_) out.emplace_back(lane->mutex);
  return out;
}

absl::Status Deciders::publish(std::shared_ptr<const Generation> next) {
  const engine::SessionOptions options = options_of(*next);
  std::vector<std::unique_ptr<engine::Session>> ended;
  const auto locks = lock_all();
  if (store_ != nullptr) {
    if (absl::Status s = store_->set_rules(next->set->rules, next->number); !s.ok()) return s;
  }
  const std::shared_ptr<engine::State> state =
      engine::carry_over(lanes_[0]->session->state(), next->set->program, engine::state_options(options));
  for (const auto& lane : lanes_) {
    {
      const std::lock_guard lock(totals_mutex_);
      add(*lane->session, &events_);
      add(*lane->generation->set, lane->session->counters(), &rules_);
    }
    ended.push_back(std::move(lane->session));
    lane->session = std::make_unique<engine::Session>(next->set->rules, state, options);
    lane->generation = next;
  }
  const std::lock_guard lock(current_mutex_);
  retired_.push_back(std::exchange(current_, std::move(next)));
  number_.store(current_->number, std::memory_order_release);
  return absl::OkStatus();
}

bool Deciders::has_unused() const {
  const std::lock_guard lock(current_mutex_);
  return std::ranges::any_of(retired_, [](const auto& generation) { return generation.use_count() == 1; });
}

void Deciders::free_unused() {
  std::vector<std::shared_ptr<const Generation>> unused;
  const std::lock_guard lock(current_mutex_);
  const auto used = [](const auto& generation) { return generation.use_count() > 1; };
  const auto first = std::partition(retired_.begin(), retired_.end(), used);
  std::move(first, retired_.end(), std::back_inserter(unused));
  retired_.erase(first, retired_.end());
}

absl::StatusOr<engine::Applied> Deciders::apply(const engine::StateChange& change, engine::StateChange* made,
                                                uint64_t* after_events) {
  *made = change;
  absl::StatusOr<engine::Applied> applied = absl::UnknownError("");
  with_current(0, [&](const Generation&, engine::Session& session, Store* store) {
    engine::State& state = *session.state();
    if (made->time_nanos == io::kNoTime) made->time_nanos = state.newest();
    if (made->time_nanos == engine::State::kBeforeAll && made->kind == engine::ChangeKind::kSetLabel) {
      applied = absl::InvalidArgumentError("no event has come yet: `time` must say as of when the label is set");
      return;
    }
    *after_events = state.clock();
    applied = engine::apply(state, *made);
    if (!applied.ok() || store == nullptr) return;
    absl::Status kept = store->log(*made);
    if (kept.ok()) kept = store->commit();
    if (!kept.ok()) applied = kept;
  });
  return applied;
}

void Deciders::tick() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    with_current(i, [&](const Generation& generation, engine::Session& session, Store* store) {
      if (store != nullptr) store->tick(session.state()).IgnoreError();  // kept: failure()
      const engine::State& state = *session.state();
      if (lanes_.size() == 1) return;
      for (uint32_t e = 0; e < generation.set->program->events.size(); ++e) {
        const int64_t newest = state.newest(e);
        if (newest > engine::State::kBeforeAll) session.observe(e, newest);
      }
    });
  }
}

absl::Status Deciders::snapshot() {
  if (store_ == nullptr) return absl::FailedPreconditionError("the server was started without --state");
  absl::Status status;
  with_current(
      0, [&](const Generation&, engine::Session& session, Store* store) { status = store->snapshot(session.state()); });
  return status;
}

absl::Status Deciders::failure() {
  if (store_ == nullptr) return absl::OkStatus();
  const std::lock_guard lock(lanes_[0]->mutex);
  return store_->failure();
}

EventTotals Deciders::event_totals() {
  const auto locks = lock_all();
  const std::lock_guard lock(totals_mutex_);
  EventTotals out = events_;
  for (const auto& lane : lanes_) add(*lane->session, &out);
  return out;
}

std::vector<RuleTotals> Deciders::rule_totals() {
  std::map<std::string, RuleTotals> totals;
  struct Live {
    std::shared_ptr<const Generation> generation;
    std::vector<engine::RuleCounters> counters;
  };
  std::vector<Live> live;
  {
    const auto locks = lock_all();
    const std::lock_guard lock(totals_mutex_);
    totals = rules_;
    for (const auto& lane : lanes_) live.push_back({lane->generation, lane->session->counters()});
  }
  for (const Live& l : live) add(*l.generation->set, l.counters, &totals);
  std::vector<RuleTotals> out;
  for (auto& [id, total] : totals) out.push_back(std::move(total));
  return out;
}

std::vector<uint64_t> Deciders::lane_generations() {
  std::vector<uint64_t> out;
  for (size_t i = 0; i < lanes_.size(); ++i)
    with_current(i, [&](const Generation& generation, engine::Session&, Store*) { out.push_back(generation.number); });
  return out;
}

size_t Deciders::state_bytes() {
  const std::lock_guard lock(lanes_[0]->mutex);
  return lanes_[0]->session->state_bytes();
}

std::vector<std::string> Deciders::warming() {
  std::vector<std::string> out;
  with_current(0, [&](const Generation& generation, engine::Session& session, Store*) {
    const engine::State& state = *session.state();
    for (uint32_t f = 0; f < state.features(); ++f)
      if (state.warming(f)) out.push_back(generation.set->program->features[f].name);
  });
  return out;
}

}  // namespace weir::serve
