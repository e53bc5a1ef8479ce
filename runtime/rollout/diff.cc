#include "runtime/rollout/diff.h"

#include <algorithm>
#include <utility>

#include "compiler/types/schema.h"
#include "runtime/state/key.h"
#include "runtime/state/time.h"

namespace weir::rollout {
namespace {

using engine::Outcome;
using types::EventSchema;

bool fired(const engine::Hit& hit) { return hit.outcome == Outcome::kFired || hit.outcome == Outcome::kTripped; }

size_t index(ir::Verdict verdict) { return static_cast<size_t>(verdict); }

}  // namespace

std::string_view rule_change_name(RuleChange change) {
  switch (change) {
    case RuleChange::kSame:
      return "same";
    case RuleChange::kMode:
      return "mode";
    case RuleChange::kChanged:
      return "changed";
    case RuleChange::kAdded:
      return "added";
    case RuleChange::kRemoved:
      return "removed";
  }
  return "";
}

Diff::Diff(std::shared_ptr<const ir::Program> merged, std::shared_ptr<const ir::Candidate> candidate,
           const DiffOptions& options)
    : program_(std::move(merged)), candidate_(std::move(candidate)), options_(options), reservoir_(options.samples) {
  std::unordered_map<std::string_view, uint32_t> by_id;
  for (uint32_t r = 0; r < program_->rules.size(); ++r) {
    const ir::Rule& rule = program_->rules[r];
    const ir::Candidate::Rule& there = candidate_->rules[r];
    const auto known = by_id.find(rule.id);
    if (r >= candidate_->live_rules && known != by_id.end()) {
      RuleFigures& changed = totals_.rules[known->second];
      changed.change = RuleChange::kChanged;
      changed.name = rule.name;
      row_of_.push_back(known->second);
      continue;
    }
    RuleFigures& figures = totals_.rules.emplace_back();
    figures.id = rule.id;
    figures.name = rule.name;
    if (r >= candidate_->live_rules) {
      figures.change = RuleChange::kAdded;
    } else if (!there.member) {
      figures.change = RuleChange::kRemoved;  // unless a changed one of its id follows
    } else if (there.mode != rule.mode) {
      figures.change = RuleChange::kMode;
    }
    row_of_.push_back(static_cast<uint32_t>(totals_.rules.size() - 1));
    by_id.emplace(rule.id, row_of_.back());
  }
}

void Diff::count_rules(const engine::EventResult& result) {
  for (const engine::Hit& hit : result.hits) {
    RuleFigures& rule = totals_.rules[row_of_[hit.rule]];
    const bool shared = candidate_->rules[hit.rule].member;
    if (fired(hit)) {
      ++rule.live;
      rule.candidate += shared;
      rule.both += shared;
    } else if (hit.outcome == Outcome::kError) {
      ++rule.live_errors;
      rule.candidate_errors += shared;
    }
  }
  for (const engine::Hit& hit : result.candidate.hits) {
    const uint32_t row = row_of_[hit.rule];
    RuleFigures& rule = totals_.rules[row];
    if (fired(hit)) {
      ++rule.candidate;
      rule.both += std::ranges::any_of(
          result.hits, [&](const engine::Hit& live) { return row_of_[live.rule] == row && fired(live); });
    } else if (hit.outcome == Outcome::kError) {
      ++rule.candidate_errors;
      ++totals_.candidate_errors;
    }
  }
}

void Diff::add(uint32_t event, const value::Value* row, const engine::EventResult& result) {
  if (result.duplicate || result.expired || result.moved) return;
  const ir::Verdict live = options_.as_live ? result.shadow_verdict : result.verdict;
  const ir::Verdict candidate = options_.as_live ? result.candidate.shadow_verdict : result.candidate.verdict;
  ++totals_.events;
  ++totals_.transitions[index(live)][index(candidate)];
  const bool live_alert = live != ir::Verdict::kAllow, candidate_alert = candidate != ir::Verdict::kAllow;
  totals_.live_alerts += live_alert;
  totals_.candidate_alerts += candidate_alert;
  totals_.both_alerts += live_alert && candidate_alert;
  count_rules(result);
  if (options_.remembered > 0) remember(row[EventSchema::kIdSlot], live_alert, candidate_alert);
  if (live == candidate) return;
  ++totals_.changed;
  ++(candidate > live ? totals_.stricter : totals_.milder);
  sample(event, row, result, live, candidate);
}

void Diff::sample(uint32_t event, const value::Value* row, const engine::EventResult& result, ir::Verdict live,
                  ir::Verdict candidate) {
  const size_t place = reservoir_.offer();
  if (place >= options_.samples) return;
  if (place == totals_.samples.size()) totals_.samples.emplace_back();
  Sample& out = totals_.samples[place];
  out = Sample();
  const value::Value& id = row[EventSchema::kIdSlot];
  if (id.is(value::Kind::kString)) out.id = id.str();
  out.event = program_->events[event].schema.name;
  out.time_nanos = state::to_nanos(row[EventSchema::kTimeSlot]);
  out.live = live;
  out.candidate = candidate;
  const auto other = [&](const std::vector<engine::Hit>& hits, uint32_t row_of_rule) {
    return std::ranges::any_of(hits,
                               [&](const engine::Hit& hit) { return fired(hit) && row_of_[hit.rule] == row_of_rule; });
  };
  for (const engine::Hit& hit : result.hits) {
    const uint32_t at = row_of_[hit.rule];
    if (!fired(hit) || other(result.candidate.hits, at)) continue;
    const ir::Candidate::Rule& there = candidate_->rules[hit.rule];
    if (!there.member) out.only_live.push_back(totals_.rules[at].id);
    if (!there.member || there.mode == program_->rules[hit.rule].mode) continue;
    (hit.applied ? out.only_live : out.only_candidate).push_back(totals_.rules[at].id);
  }
  for (const engine::Hit& hit : result.candidate.hits) {
    const uint32_t at = row_of_[hit.rule];
    if (fired(hit) && !other(result.hits, at)) out.only_candidate.push_back(totals_.rules[at].id);
  }
}

void Diff::remember(const value::Value& id, bool live_alert, bool candidate_alert) {
  if (!id.is(value::Kind::kString) || id.aux == 0) return;
  const uint64_t hash = state::hash_of(id);
  if (!decisions_.try_emplace(hash, Decision{live_alert, candidate_alert, false}).second) return;
  order_.push_back(hash);
  if (order_.size() <= options_.remembered) return;
  decisions_.erase(order_.front());
  order_.pop_front();
}

bool Diff::label(std::string_view event_id, bool positive) {
  const auto at = decisions_.find(state::hash_of(value::Value::string(event_id)));
  if (at == decisions_.end()) return false;
  Decision& decision = at->second;
  if (decision.labelled) return true;  // the first label counts
  decision.labelled = true;
  ++totals_.labelled;
  const auto count = [&](bool alert, backtest::Proportion* precision) {
    precision->whole += alert;
    precision->part += alert && positive;
  };
  count(decision.live, &totals_.live_precision);
  count(decision.candidate, &totals_.candidate_precision);
  return true;
}

}  // namespace weir::rollout
