#include "embed-api/src/rollout.h"

#include <fmt/format.h>

#include <utility>

#include "compiler/driver/merge_rule_sets.h"

namespace weir::embed {

Rollout::Rollout(std::shared_ptr<Slot> slot, std::shared_ptr<const RulesetState> live,
                 std::shared_ptr<const RulesetState> candidate, const ir::Merged& merged, Options options)
    : slot_(slot),
      live_(std::move(live)),
      candidate_(std::move(candidate)),
      options_(std::move(options)),
      diff_(merged.program, merged.candidate, options_.diff) {}

weir_status Rollout::start(const std::shared_ptr<Slot>& slot, std::shared_ptr<const RulesetState> candidate,
                           Options options, std::shared_ptr<Rollout>* out, weir_error* err) {
  uint64_t expected = 0, now = 0;
  const std::shared_ptr<const RulesetState> live = slot->current(&expected);
  if (live == nullptr) return embed::report(err, WEIR_E_ARG, "nothing has been published to the slot");
  if (live->rollout != nullptr)
    return embed::report(err, WEIR_E_CONFLICT, "the slot has a rollout under way: end it first");
  auto merged = ir::merge(*live->program, *candidate->program);
  if (!merged.ok()) return embed::report(err, merged.status(), WEIR_E_SCHEMA);
  std::shared_ptr<RulesetState> both;
  engine::RulesOptions how;
  how.tier = live->tier;
  how.candidate = merged->candidate;
  if (weir_status s =
          make_ruleset(live->engine, merged->program, driver::merge_manifests(live->manifest, candidate->manifest),
                       std::move(how), &both, err))
    return s;
  both->protections = driver::merge_protections(live->protections, candidate->protections, *merged->candidate);
  both->bundle = live->bundle;
  both->content_hash = live->content_hash;
  auto rollout = std::make_shared<Rollout>(slot, live, std::move(candidate), *merged, std::move(options));
  both->rollout = rollout;
  const std::lock_guard lock(rollout->mutex_);  // events may come at once
  if (weir_status s = slot->publish(std::move(both), "rollout", expected, &now, err)) return s;
  rollout->generation_ = now;
  const rollout::Figures& none = rollout->diff_.figures();
  uint64_t same = 0;
  for (const rollout::RuleFigures& rule : none.rules) same += rule.change == rollout::RuleChange::kSame;
  slot->audit_step("rollout_start", rollout->candidate_->content_hash,
                   fmt::format("generation {}, {} rules the same, {} not; by {}: {}", now, same,
                               none.rules.size() - same, rollout->options_.by, rollout->options_.reason));
  *out = std::move(rollout);
  return WEIR_OK;
}

void Rollout::add(uint32_t event, const value::Value* row, const engine::EventResult& result) {
  const std::lock_guard lock(mutex_);
  if (state_ != WEIR_ROLLOUT_RUNNING) return;  // sessions that have not gone over yet
  diff_.add(event, row, result);
  decide();
}

bool Rollout::label(std::string_view event_id, bool positive) {
  const std::lock_guard lock(mutex_);
  if (!diff_.label(event_id, positive)) return false;
  if (state_ == WEIR_ROLLOUT_RUNNING) decide();
  return true;
}

void Rollout::decide() {
  if (options_.conditions.events == 0 || diff_.figures().events < options_.conditions.events) return;
  const rollout::Judgement judgement = rollout::judge(options_.conditions, diff_.figures());
  if (judgement.decision == rollout::Decision::kPending) return;
  end_locked(judgement.decision == rollout::Decision::kPromote, judgement.why, nullptr);
}

weir_status Rollout::end(bool promote, const std::string& why, weir_error* err) {
  const std::lock_guard lock(mutex_);
  if (state_ != WEIR_ROLLOUT_RUNNING) return embed::report(err, WEIR_E_CONFLICT, "the rollout has ended: " + why_);
  return end_locked(promote, why, err);
}

weir_status Rollout::end_locked(bool promote, const std::string& why, weir_error* err) {
  const std::shared_ptr<Slot> slot = slot_.lock();
  if (slot == nullptr) return embed::report(err, WEIR_E_CONFLICT, "the slot is no more");
  weir_error failure = WEIR_INIT(weir_error);
  uint64_t now = 0;
  const weir_status status =
      slot->publish(promote ? candidate_ : live_, promote ? "promoted" : "rolled back", generation_, &now, &failure);
  why_ = why;
  if (status == WEIR_OK) {
    state_ = promote ? WEIR_ROLLOUT_PROMOTED : WEIR_ROLLOUT_ROLLED_BACK;
    generation_ = now;
    slot->audit_step(promote ? "promote" : "roll_back", candidate_->content_hash,
                     fmt::format("generation {}: {}", now, why));
    return WEIR_OK;
  }
  // Somebody else has published in between; or a promotion is refused, and the live rules go on by themselves.
  state_ = WEIR_ROLLOUT_OVERTAKEN;
  why_ += fmt::format("; could not publish: {}", failure.message);
  slot->audit_step("rollout_overtaken", candidate_->content_hash, why_);
  if (status != WEIR_E_CONFLICT && promote &&
      slot->publish(live_, "rolled back", generation_, &now, nullptr) == WEIR_OK) {
    state_ = WEIR_ROLLOUT_ROLLED_BACK;
    generation_ = now;
  }
  return embed::report(err, status, failure.message);
}

Rollout::Report Rollout::report() const {
  const std::lock_guard lock(mutex_);
  return {state_, generation_, why_, diff_.figures()};
}

}  // namespace weir::embed
