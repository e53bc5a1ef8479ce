#include "embed-api/src/rollout.h"

#include <fmt/format.h>

#include <utility>

#include "compiler/driver/merge_rule_sets.h"

namespace weir::embed {

Rollout::Rollout(const std::shared_ptr<Slot>& slot, std::shared_ptr<const RulesetState> live,
                 std::shared_ptr<const RulesetState> candidate, const ir::Merged& merged, Options options)
    : slot_(slot),
      live_(std::move(live)),
      candidate_(std::move(candidate)),
      by_(std::move(options.by)),
      reason_(std::move(options.reason)),
      trial_(merged, options.diff, options.conditions) {}

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
  const std::lock_guard lock(rollout->mutex_);  // events may come at once, and decide
  if (weir_status s = slot->publish(std::move(both), "rollout", expected, &now, err)) return s;
  rollout->generation_ = now;
  uint64_t same = 0, others = 0;
  for (const rollout::RuleFigures& rule : rollout->trial_.figures().rules)
    ++(rule.change == rollout::RuleChange::kSame ? same : others);
  const std::string text = fmt::format("generation {}, {} rules the same, {} not", now, same, others);
  slot->audit_step({.step = "rollout_start",
                    .of = rollout->candidate_->content_hash,
                    .text = text,
                    .by = rollout->by_,
                    .reason = rollout->reason_});
  *out = std::move(rollout);
  return WEIR_OK;
}

void Rollout::add(uint32_t event, const value::Value* row, const engine::EventResult& result) {
  decide(trial_.add(event, row, result));
}

bool Rollout::label(std::string_view event_id, bool positive) {
  if (!trial_.label(event_id, positive)) return false;
  decide(trial_.judgement());
  return true;
}

void Rollout::decide(const rollout::Judgement& judgement) {
  if (judgement.decision == rollout::Decision::kPending) return;
  const std::lock_guard lock(mutex_);
  if (state_ == WEIR_ROLLOUT_RUNNING)
    end_locked(judgement.decision == rollout::Decision::kPromote, "", judgement.why, nullptr);
}

weir_status Rollout::end(bool promote, const std::string& by, const std::string& why, weir_error* err) {
  const std::lock_guard lock(mutex_);
  if (state_ != WEIR_ROLLOUT_RUNNING) return embed::report(err, WEIR_E_CONFLICT, "the rollout has ended: " + why_);
  return end_locked(promote, by, why, err);
}

weir_status Rollout::end_locked(bool promote, const std::string& by, const std::string& why, weir_error* err) {
  const std::shared_ptr<Slot> slot = slot_.lock();
  if (slot == nullptr) return embed::report(err, WEIR_E_CONFLICT, "the slot is no more");
  weir_error failure = WEIR_INIT(weir_error);
  uint64_t now = 0;
  const weir_status status =
      slot->publish(promote ? candidate_ : live_, promote ? "promoted" : "rolled back", generation_, &now, &failure);
  why_ = by.empty() ? why : fmt::format("by {}: {}", by, why);
  trial_.close();
  if (status == WEIR_OK) {
    state_ = promote ? WEIR_ROLLOUT_PROMOTED : WEIR_ROLLOUT_ROLLED_BACK;
    generation_ = now;
    const std::string text = fmt::format("generation {}{}{}", now, by.empty() ? ": " : "", by.empty() ? why : "");
    slot->audit_step({.step = promote ? "promote" : "roll_back",
                      .of = candidate_->content_hash,
                      .text = text,
                      .by = by,
                      .reason = by.empty() ? std::string_view() : why});
    return WEIR_OK;
  }
  // Somebody else has published in between; or a promotion is refused, and the live rules go on by themselves.
  state_ = WEIR_ROLLOUT_OVERTAKEN;
  why_ += fmt::format("; could not publish: {}", failure.message);
  slot->audit_step({"rollout_overtaken", candidate_->content_hash, why_});
  if (status != WEIR_E_CONFLICT && promote &&
      slot->publish(live_, "rolled back", generation_, &now, nullptr) == WEIR_OK) {
    state_ = WEIR_ROLLOUT_ROLLED_BACK;
    generation_ = now;
  }
  return embed::report(err, status, failure.message);
}

Rollout::Report Rollout::report() const {
  const std::lock_guard lock(mutex_);
  return {state_, generation_, why_, trial_.figures()};
}

}  // namespace weir::embed
