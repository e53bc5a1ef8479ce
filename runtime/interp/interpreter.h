// The reference evaluator: a tree walk over the IR with memos. Always built; the oracle of the other tiers.
#pragma once

#include <vector>

#include "runtime/value/evaluator.h"

namespace weir::interp {

class Interpreter final : public value::Evaluator {
 public:
  // `groups`: the `when` nodes evaluated together, one group an event type. The module must outlive this.
  Interpreter(const ir::Module& module, std::vector<std::vector<ir::NodeId>> groups)
      : module_(module), groups_(std::move(groups)) {}

  std::string_view name() const override { return "interpreter"; }
  value::Value eval(ir::NodeId node, value::EvalContext& ctx) const override;
  void eval_rules(uint32_t group, value::EvalContext& ctx, value::Truth* out) const override;
  void eval_rules(uint32_t group, value::EvalContext& ctx, std::span<const uint32_t> which,
                  value::Truth* out) const override;

 private:
  const ir::Module& module_;
  std::vector<std::vector<ir::NodeId>> groups_;
};

}  // namespace weir::interp
