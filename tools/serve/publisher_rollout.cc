// Rollouts: a proposal beside the rules that decide, until it takes over or is given up.
#include <fmt/format.h>

#include "tools/serve/publisher.h"

namespace weir::serve {
namespace {

absl::Status none_running() { return absl::AbortedError("no rollout is under way"); }

}  // namespace

std::string_view stage_name(RolloutReport::Stage stage) {
  switch (stage) {
    case RolloutReport::Stage::kRunning:
      return "running";
    case RolloutReport::Stage::kPromoted:
      return "promoted";
    case RolloutReport::Stage::kRolledBack:
      return "rolled_back";
    case RolloutReport::Stage::kOvertaken:
      return "overtaken";
  }
  return "";
}

std::optional<RolloutReport> Publisher::last_rollout() const {
  const std::lock_guard lock(mutex_);
  return rollout_;
}

absl::StatusOr<RolloutReport> Publisher::running_rollout() const {
  const std::lock_guard lock(mutex_);
  if (!rollout_ || rollout_->stage != RolloutReport::Stage::kRunning) return none_running();
  return *rollout_;
}

absl::Status Publisher::start_rollout(uint64_t id, std::string_view by, std::string_view reason,
                                      const RolloutOptions& options) {
  auto found = decidable(id, by);
  if (!found.ok()) return found.status();
  const std::shared_ptr<const Generation> current = deciders_.current();
  if (current->rollout != nullptr) return absl::AbortedError("a rollout is under way: end it first");
  auto merged = ir::merge(*current->set->program, *found->set->program);
  if (!merged.ok()) return merged.status();
  auto both = loader_->merge(*current->set, *found->set, *merged);
  if (!both.ok()) return both.status();
  auto what = std::make_shared<LiveRollout>(current->set, found->set, *merged, options.diff,
                                            options.conditions.value_or(found->set->manifest.promotion));
  what->proposal = id;
  what->proposed_by = found->author;
  what->by = by;
  what->reason = reason.empty() ? found->reason : reason;
  what->wall_nanos = wall_nanos();
  Account account;
  account.step = "rollout";
  account.proposed_by = found->author;
  account.by = by;
  account.reason = what->reason;
  auto number = publish(*std::move(both), std::move(account), what,
                        fmt::format("beside it runs proposal {}, {}", id, found->digest));
  if (!number.ok()) return number.status();
  const std::lock_guard lock(mutex_);
  rollout_ = RolloutReport{RolloutReport::Stage::kRunning, *number, "", "", what};
  Proposal& p = proposals_.at(id);
  p.stage = Proposal::Stage::kRollingOut;
  p.decided_by = by;
  p.decided_reason = reason;
  return absl::OkStatus();
}

absl::Status Publisher::finish_rollout(const RolloutReport& running, bool promote, std::string_view by,
                                       const std::string& why) {
  const LiveRollout& what = *running.what;
  Account account;
  account.step = promote ? "promote" : "rollout_rolled_back";
  account.proposed_by = promote ? what.proposed_by : "";
  account.by = by;
  account.reason = why;
  const rollout::Figures figures = what.trial.figures();
  const std::string note = fmt::format("proposal {} after {} events: verdicts changed on {}", what.proposal,
                                       figures.events, figures.changed);
  auto number = publish(promote ? what.candidate : what.live, std::move(account), nullptr, note);
  if (!number.ok()) return number.status();
  const std::lock_guard lock(mutex_);
  // publish() took it for the work of somebody else.
  rollout_->stage = promote ? RolloutReport::Stage::kPromoted : RolloutReport::Stage::kRolledBack;
  rollout_->ended_by = by;
  rollout_->why = why;
  Proposal& p = proposals_.at(what.proposal);
  p.stage = promote ? Proposal::Stage::kPublished : Proposal::Stage::kRolledBack;
  p.generation = promote ? *number : 0;
  p.set = nullptr;
  return absl::OkStatus();
}

absl::Status Publisher::end_rollout(bool promote, std::string_view by, std::string_view reason) {
  auto running = running_rollout();
  if (!running.ok()) return running.status();
  if (promote && running->what->proposed_by == by) {
    const std::string text = fmt::format("`{}` has proposed it: somebody else must promote it", by);
    return absl::PermissionDeniedError(absl::string_view(text.data(), text.size()));
  }
  return finish_rollout(*running, promote, by, std::string(reason));
}

absl::StatusOr<std::vector<std::string>> Publisher::label_rollout(const EventLabels& labels, std::string_view by) {
  const auto running = running_rollout();
  if (!running.ok()) return running.status();
  const std::string of = fmt::format("proposal {}", running->what->proposal);
  const std::string text = fmt::format("{} events labelled", labels.size());
  absl::Status written = audit_.append_step({"rollout_labels", of, text, by}, deciders_.event_totals().events);
  if (!written.ok()) return written;
  std::vector<std::string> forgotten;
  for (const auto& [event, positive] : labels)
    if (!running->what->trial.label(event, positive)) forgotten.push_back(event);
  return forgotten;
}

bool Publisher::rollout_is_due() const {
  const auto running = running_rollout();
  return running.ok() && running->why.empty() &&
         running->what->trial.judgement().decision != rollout::Decision::kPending;
}

void Publisher::settle_rollout() {
  auto running = running_rollout();
  if (!running.ok()) return;
  const rollout::Judgement judgement = running->what->trial.judgement();
  if (judgement.decision == rollout::Decision::kPending) return;
  const absl::Status done =
      finish_rollout(*running, judgement.decision == rollout::Decision::kPromote, "the gate", judgement.why);
  if (done.ok()) return;
  const std::lock_guard lock(mutex_);  // not tried again: people see it
  rollout_->why = fmt::format("{}; it could not be published: {}", judgement.why, std::string(done.message()));
}

void Publisher::overtake_rollout(uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (!rollout_ || rollout_->stage != RolloutReport::Stage::kRunning) return;
  rollout_->stage = RolloutReport::Stage::kOvertaken;
  rollout_->generation = generation;
  rollout_->why = "something else was published";
  const auto p = proposals_.find(rollout_->what->proposal);
  if (p != proposals_.end()) p->second.stage = Proposal::Stage::kRolledBack;
}

}  // namespace weir::serve
