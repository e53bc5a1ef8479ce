// Weir as `run` asks it: weir_peer DIRECTORY RULES interpreter|native|batch. The directory is the workload's own,
// packed.
#include <fmt/format.h>

#include <string_view>

#include "benchmarks/peers/peer.h"
#include "benchmarks/workload.h"
#include "compiler/driver/expression.h"
#include "runtime/index/predicate_index.h"
#include "runtime/interp/interpreter.h"
#if __has_include("runtime/batch/selection.h")
#include "runtime/batch/selection.h"
#define WEIR_HAVE_BATCH 1
#endif
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::bench {
namespace {

// As runtime/engine/rules.cc chooses.
constexpr size_t kMinIndexedInterpreted = 16;

bool fail(std::string_view what) {
  fmt::print(stderr, "weir_peer: {}\n", what);
  return false;
}

// A rule set in one tier. Members are in the order in which each needs those before it.
class Loaded {
 public:
  Loaded(const Workload& workload, std::string_view tier) : workload_(workload), tier_(tier) {}

  bool load() {
    compiled_ = driver::compile_expressions(workload_.rules, workload_.env, workload_.types, true);
    if (!compiled_.module) return fail(base::render_all(compiled_.diagnostics, *compiled_.sources));
    constants_ = std::make_unique<value::ConstantPool>(*compiled_.module);
    if (!make_evaluator()) return false;
    runner_ = std::make_unique<Runner>(*compiled_.module, *constants_);
#ifdef WEIR_HAVE_BATCH
    if (tier_ == "batch") selection_ = std::make_unique<batch::Selection>(*plan_);
#endif
    rules_ = std::make_unique<index::GroupEvaluation>(*evaluator_, 0, compiled_.roots.size(), index_.get());
    return true;
  }

  peer::Totals evaluate(size_t events) {
    peer::Totals totals;
#ifdef WEIR_HAVE_BATCH
    if (selection_ != nullptr) {
      for (size_t first = 0; first < events; first += batch::kRows) {
        evaluate_batch(first, std::min(batch::kRows, events - first), totals);
      }
      return totals;
    }
#endif
    for (size_t event = 0; event < events; ++event) {
      add(runner_->run(*rules_, workload_.rows[event]), event, totals);
    }
    return totals;
  }

 private:
  using Outcomes = std::span<const index::GroupEvaluation::Outcome>;

  static void add(Outcomes outcomes, size_t event, peer::Totals& totals) {
    uint64_t numbers = 0;
    for (const auto& [rule, truth] : outcomes) {
      if (truth != value::Truth::kTrue) continue;
      ++totals.matches;
      numbers += rule + 1;
    }
    totals.checksum += (event + 1) * numbers;
  }

#ifdef WEIR_HAVE_BATCH
  void evaluate_batch(size_t first, size_t count, peer::Totals& totals) {
    value::EvalContext& ctx = runner_->context();
    const value::Value* const* rows = rows_.data() + first;
    selection_->select(rows, count, *operands_, ctx);
    for (size_t r = 0; r < count; ++r) {
      runner_->on(rows[r]);
      add(rules_->run(ctx, selection_->row(r), compiled_.roots), first + r, totals);
    }
  }
#endif

  void make_index(size_t at_least) {
    if (compiled_.roots.size() < at_least) return;
    index_ = std::make_unique<index::PredicateIndex>(*compiled_.module, compiled_.roots);
  }

  bool make_evaluator() {
    const std::vector<std::vector<ir::NodeId>> groups{compiled_.roots};
    if (tier_ == "interpreter") {
      make_index(kMinIndexedInterpreted);
      evaluator_ = std::make_unique<interp::Interpreter>(*compiled_.module, groups);
      return true;
    }
#ifdef WEIR_HAVE_BATCH
    if (tier_ == "batch") {
      for (const auto& row : workload_.rows) rows_.push_back(row.data());
      plan_ = std::make_unique<batch::Plan>(*compiled_.module, compiled_.roots);
      operands_ = std::make_unique<interp::Interpreter>(*compiled_.module, std::vector<std::vector<ir::NodeId>>{});
      evaluator_ = std::make_unique<interp::Interpreter>(*compiled_.module, groups);
      return true;
    }
#endif
#ifdef WEIR_HAVE_JIT
    if (tier_ == "native") {
      make_index(jit::kMinIndexedRules);
      auto native = jit::compile(*compiled_.module, index_ ? index_->computed() : std::vector<ir::NodeId>(), groups,
                                 jit::NativeOptions(), nullptr);
      if (!native.ok()) return fail(native.status().ToString());
      evaluator_ = *std::move(native);
      return true;
    }
#endif
    return fail(fmt::format("this build has no tier `{}`", tier_));
  }

  const Workload& workload_;
  const std::string_view tier_;
  driver::CompiledExpressions compiled_;
  std::unique_ptr<value::ConstantPool> constants_;
  std::unique_ptr<index::PredicateIndex> index_;
  std::unique_ptr<value::Evaluator> evaluator_;
#ifdef WEIR_HAVE_BATCH
  std::vector<const value::Value*> rows_;
  std::unique_ptr<batch::Plan> plan_;
  std::unique_ptr<interp::Interpreter> operands_;
  std::unique_ptr<batch::Selection> selection_;
#endif
  std::unique_ptr<Runner> runner_;
  std::unique_ptr<index::GroupEvaluation> rules_;
};

int run(const char* directory, int rules, std::string_view tier) {
  auto workload = load_workload(directory, rules);
  if (!workload.ok()) {
    fail(workload.status().ToString());
    return 1;
  }
  Loaded loaded(**workload, tier);
  return peer::serve((*workload)->rows.size(), [&] { return loaded.load(); },
                     [&](size_t events) { return loaded.evaluate(events); });
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    weir::bench::fail("usage: weir_peer DIRECTORY RULES interpreter|native|batch");
    return 2;
  }
  return weir::bench::run(argv[1], std::atoi(argv[2]), argv[3]);
}
