// The rules of an event type on one event, through an index where that pays.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/index/predicate_index.h"
#include "runtime/value/evaluator.h"

namespace weir::index {

// An evaluator's group, its index, and what one stream of events needs to use them. One caller at a time.
class GroupEvaluation {
 public:
  GroupEvaluation(uint32_t group, size_t rules);
  // `index` may be null: all rules are evaluated. Both must outlive this.
  GroupEvaluation(const value::Evaluator& evaluator, uint32_t group, size_t rules, const PredicateIndex* index)
      : GroupEvaluation(group, rules) {
    use(evaluator, index);
  }
  // From now on, with these.
  void use(const value::Evaluator& evaluator, const PredicateIndex* index);

  struct Outcome {
    uint32_t rule;  // position in the group
    value::Truth truth;
  };
  // The rules that are not false, in order. Valid until the next call of anything.
  std::span<const Outcome> run(value::EvalContext& ctx);
  // The same of those that may not be false, as a batch has found them. `conditions`: the group's.
  std::span<const Outcome> run(value::EvalContext& ctx, std::span<const PredicateIndex::Selected> selected,
                               std::span<const ir::NodeId> conditions);
  // The same without the rules whose byte in `left_out` is not 0. Nothing is spent on them; without an index the others
  // are evaluated one by one. `selected`: as a batch has found them, or null.
  std::span<const Outcome> run_without(value::EvalContext& ctx, std::span<const uint8_t> left_out,
                                       const std::span<const PredicateIndex::Selected>* selected,
                                       std::span<const ir::NodeId> conditions);
  // The rules that run() would evaluate or decide, in order. Valid until the next call.
  std::span<const uint32_t> visits(value::EvalContext& ctx);
  // Rules evaluated or decided by the index so far; the others were left out.
  uint64_t visited() const { return visited_; }

 private:
  void run_all(value::EvalContext& ctx);
  void evaluate_each(value::EvalContext& ctx, std::span<const ir::NodeId> conditions);
  void take_selected(value::EvalContext& ctx, std::span<const PredicateIndex::Selected> selected,
                     std::span<const ir::NodeId> conditions);
  void run_selected(value::EvalContext& ctx, std::span<const PredicateIndex::Selected> selected,
                    std::span<const ir::NodeId> conditions);

  const value::Evaluator* evaluator_ = nullptr;
  const uint32_t group_;
  const PredicateIndex* index_ = nullptr;
  std::unique_ptr<PredicateIndex::Scratch> scratch_;
  std::vector<value::Truth> truths_;
  std::vector<uint32_t> undecided_, visits_;
  std::vector<Outcome> outcomes_;
  std::vector<PredicateIndex::Selected> kept_;  // of run_without
  uint64_t visited_ = 0;
};

}  // namespace weir::index
