#include "runtime/index/group_evaluation.h"

#include <cstring>

namespace weir::index {

using value::Truth;

constexpr size_t kFew = 4;  // one rule in so many

GroupEvaluation::GroupEvaluation(uint32_t group, size_t rules) : group_(group), truths_(rules) {
  undecided_.reserve(rules);
  outcomes_.reserve(rules);
}

void GroupEvaluation::use(const value::Evaluator& evaluator, const PredicateIndex* index) {
  evaluator_ = &evaluator;
  if (index != index_) scratch_ = index == nullptr ? nullptr : index->make_scratch();
  index_ = index;
}

std::span<const GroupEvaluation::Outcome> GroupEvaluation::run(value::EvalContext& ctx) {
  outcomes_.clear();
  if (index_ != nullptr)
    run_selected(ctx, index_->select(*evaluator_, ctx, *scratch_), {});
  else
    run_all(ctx);
  return outcomes_;
}

std::span<const GroupEvaluation::Outcome> GroupEvaluation::run_without(
    value::EvalContext& ctx, std::span<const uint8_t> left_out,
    const std::span<const PredicateIndex::Selected>* selected, std::span<const ir::NodeId> conditions) {
  kept_.clear();
  const auto keep = [&](const PredicateIndex::Selected& s) {
    if (left_out[s.rule] == 0) kept_.push_back(s);
  };
  if (selected != nullptr) {
    for (const PredicateIndex::Selected& s : *selected) keep(s);
  } else if (index_ != nullptr) {
    for (const PredicateIndex::Selected& s : index_->select(*evaluator_, ctx, *scratch_)) keep(s);
  } else {
    for (uint32_t i = 0; i < truths_.size(); ++i) keep({i, false});
  }
  outcomes_.clear();
  take_selected(ctx, kept_, index_ == nullptr ? conditions : std::span<const ir::NodeId>());
  return outcomes_;
}

std::span<const uint32_t> GroupEvaluation::visits(value::EvalContext& ctx) {
  visits_.clear();
  if (index_ != nullptr) {
    for (const PredicateIndex::Selected& s : index_->select(*evaluator_, ctx, *scratch_)) visits_.push_back(s.rule);
  } else {
    for (uint32_t i = 0; i < truths_.size(); ++i) visits_.push_back(i);
  }
  return visits_;
}

std::span<const GroupEvaluation::Outcome> GroupEvaluation::run(value::EvalContext& ctx,
                                                               std::span<const PredicateIndex::Selected> selected,
                                                               std::span<const ir::NodeId> conditions) {
  outcomes_.clear();
  run_selected(ctx, selected, conditions);
  return outcomes_;
}

void GroupEvaluation::run_selected(value::EvalContext& ctx, std::span<const PredicateIndex::Selected> selected,
                                   std::span<const ir::NodeId> conditions) {
  size_t undecided = 0;
  for (const PredicateIndex::Selected& s : selected) undecided += !s.certain;
  const bool few = index_ == nullptr && undecided * kFew < truths_.size();
  take_selected(ctx, selected, few ? conditions : std::span<const ir::NodeId>());
}

// One by one if there are conditions.
void GroupEvaluation::take_selected(value::EvalContext& ctx, std::span<const PredicateIndex::Selected> selected,
                                    std::span<const ir::NodeId> conditions) {
  visited_ += selected.size();
  undecided_.clear();
  for (const PredicateIndex::Selected& s : selected)
    if (!s.certain) undecided_.push_back(s.rule);
  if (!conditions.empty())
    evaluate_each(ctx, conditions);
  else
    evaluator_->eval_rules(group_, ctx, undecided_, truths_.data());
  const Truth* truth = truths_.data();
  for (const PredicateIndex::Selected& s : selected) {
    const Truth t = s.certain ? Truth::kTrue : *truth++;
    if (t != Truth::kFalse) outcomes_.push_back({s.rule, t});
  }
}

// Without an index native code evaluates a whole group at once, which is too much for a few of its rules.
void GroupEvaluation::evaluate_each(value::EvalContext& ctx, std::span<const ir::NodeId> conditions) {
  Truth* out = truths_.data();
  for (const uint32_t rule : undecided_) {
    const value::Value v = evaluator_->eval(conditions[rule], ctx);
    *out++ = v.is_true()      ? Truth::kTrue
             : v.is_false()   ? Truth::kFalse
             : v.is_missing() ? Truth::kMissing
                              : Truth::kError;
  }
}

void GroupEvaluation::run_all(value::EvalContext& ctx) {
  static_assert(static_cast<uint8_t>(Truth::kFalse) == 0 && sizeof(Truth) == 1);
  visited_ += truths_.size();
  evaluator_->eval_rules(group_, ctx, truths_.data());
  // Most are false: eight are looked at together.
  for (size_t i = 0; i < truths_.size();) {
    uint64_t eight = 0;
    if (i + 8 <= truths_.size()) std::memcpy(&eight, truths_.data() + i, 8);
    if (i + 8 <= truths_.size() && eight == 0) {
      i += 8;
      continue;
    }
    if (truths_[i] != Truth::kFalse) outcomes_.push_back({static_cast<uint32_t>(i), truths_[i]});
    ++i;
  }
}

}  // namespace weir::index
