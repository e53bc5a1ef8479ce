#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "runtime/batch/plan.h"
#include "runtime/engine/engine.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::engine {
namespace {

// Below this many rules an event costs no less with an index (docs/performance.md).
size_t min_indexed_rules(Tier tier) {
  constexpr size_t kInterpreted = 16;
#ifdef WEIR_HAVE_JIT
  if (tier == Tier::kNative) return jit::kMinIndexedRules;
#endif
  return kInterpreted;
}

// Conditions that an index taken over knows nothing of: beyond, all are looked at again.
constexpr size_t kMaxOpenRules = 32;

std::unique_ptr<const index::PredicateIndex> edited_index(const index::PredicateIndex& before,
                                                          std::span<const ir::NodeId> old_group,
                                                          std::span<const ir::NodeId> group, const ir::Module& module) {
  if (group.size() != old_group.size()) return nullptr;
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < group.size(); ++i)
    if (group[i] != old_group[i] || std::ranges::binary_search(before.open(), i)) open.push_back(i);
  if (open.size() > kMaxOpenRules) return nullptr;
  return std::make_unique<const index::PredicateIndex>(before, module, open);
}

absl::Status invalid(const std::string& text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFired:
      return "fired";
    case Outcome::kSuppressed:
      return "suppressed";
    case Outcome::kTripped:
      return "tripped";
    case Outcome::kError:
      return "error";
    case Outcome::kMissing:
      return "missing";
    case Outcome::kSnoozed:
      return "snoozed";
    case Outcome::kQuarantined:
      return "quarantined";
  }
  return "";
}

Rules::Rules(std::shared_ptr<const ir::Program> program) : program_(std::move(program)), constants_(program_->module) {}

Rules::~Rules() {
  if (tiers_ != nullptr) tiers_->cancel();
}

struct Rules::LazyPlan {
  std::once_flag once;
  std::unique_ptr<const batch::Plan> plan;
};

const batch::Plan& Rules::batch_plan(uint32_t event) const {
  LazyPlan& lazy = *batch_plans_[event];
  std::call_once(lazy.once, [&] {
    std::vector<ir::NodeId> conditions;
    for (uint32_t rule : active_rules_[event]) conditions.push_back(program_->rules[rule].when);
    lazy.plan = std::make_unique<const batch::Plan>(program_->module, conditions);
  });
  return *lazy.plan;
}

absl::StatusOr<std::shared_ptr<const Rules>> Rules::create(std::shared_ptr<const ir::Program> program,
                                                           const RulesOptions& options) {
  if (absl::Status status = ir::verify(*program); !status.ok()) return status;
  std::shared_ptr<Rules> rules(new Rules(std::move(program)));
  rules->candidate_ = options.candidate;
  const ir::Program& p = *rules->program_;
  for (const ir::Feature& feature : p.features) {
    if (state::make_feature_store(feature) == nullptr) {
      return invalid(fmt::format("feature `{}`: `{}` is not supported over this window", feature.name,
                                 ir::aggregation_name(feature.aggregation)));
    }
  }
  for (const ir::List& list : p.lists) {
    absl::StatusOr<std::unique_ptr<match::ListSet>> set = match::make_list_set(list);
    if (!set.ok()) return set.status();
    rules->lists_.push_back(*std::move(set));
  }
  rules->read_bare_.resize(p.features.size());
  for (ir::NodeId id = 0; id < p.module.size(); ++id) {
    if (p.module.node(id).op == ir::Op::kFeature)
      rules->read_bare_[static_cast<size_t>(p.module.node(id).index)] = true;
  }
  std::vector<std::vector<ir::NodeId>> groups;
  for (const ir::Event& event : p.events) {
    rules->batch_plans_.push_back(std::make_unique<LazyPlan>());
    auto& active = rules->active_rules_.emplace_back();
    auto& group = groups.emplace_back();
    for (uint32_t rule : event.rules) {
      if (p.rules[rule].mode == ir::Mode::kOff) continue;
      active.push_back(rule);
      group.push_back(p.rules[rule].when);
    }
  }
  rules->interpreter_ = std::make_shared<interp::Interpreter>(p.module, groups);
  Interpreted interpreted{rules->interpreter_, {}};
  const Tiers* previous = options.previous == nullptr ? nullptr : options.previous->tiers_.get();
  if (previous != nullptr && !p.module.begins_with(options.previous->program_->module)) previous = nullptr;
  for (uint32_t event = 0; event < groups.size(); ++event) {
    const std::vector<ir::NodeId>& group = groups[event];
    auto& index = interpreted.indexes.emplace_back();
    if (!options.use_index || group.size() < min_indexed_rules(options.tier)) continue;
    if (previous != nullptr && previous->interpreted_index(event) != nullptr)
      index = edited_index(*previous->interpreted_index(event), previous->group(event), group, p.module);
    if (index == nullptr) index = std::make_unique<const index::PredicateIndex>(p.module, group);
  }
  rules->tiers_ = std::make_shared<Tiers>(rules->program_, std::move(groups), std::move(interpreted));
#ifdef WEIR_HAVE_JIT
  if (options.tier == Tier::kInterpreter) return std::shared_ptr<const Rules>(std::move(rules));
  jit::NativeOptions native;
  native.level = static_cast<jit::OptLevel>(options.opt_level);
  native.quick_indexed = native.level == jit::OptLevel::kLess;
  native.threads = options.compile_threads;
  native.cache_directory = options.cache_directory;
  native.max_cache_bytes = options.max_cache_bytes;
  if (options.tier == Tier::kAuto) {
    Tiers::compile_later(rules->tiers_, native);
  } else if (absl::Status status = rules->tiers_->compile_now(native); !status.ok()) {
    return status;
  }
#else
  if (options.tier == Tier::kNative) return invalid("the native tier is not built in (WEIR_JIT=OFF)");
#endif
  return std::shared_ptr<const Rules>(std::move(rules));
}

}  // namespace weir::engine
