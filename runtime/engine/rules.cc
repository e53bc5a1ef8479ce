#include <fmt/format.h>

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
  if (tier != Tier::kInterpreter) return jit::kMinIndexedRules;
#endif
  return kInterpreted;
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
  }
  return "";
}

Rules::Rules(std::shared_ptr<const ir::Program> program) : program_(std::move(program)), constants_(program_->module) {}

absl::StatusOr<std::shared_ptr<const Rules>> Rules::create(std::shared_ptr<const ir::Program> program,
                                                           const RulesOptions& options) {
  if (absl::Status status = ir::verify(*program); !status.ok()) return status;
  std::shared_ptr<Rules> rules(new Rules(std::move(program)));
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
  std::vector<std::vector<ir::NodeId>> groups;
  for (const ir::Event& event : p.events) {
    auto& active = rules->active_rules_.emplace_back();
    auto& group = groups.emplace_back();
    for (uint32_t rule : event.rules) {
      if (p.rules[rule].mode == ir::Mode::kOff) continue;
      active.push_back(rule);
      group.push_back(p.rules[rule].when);
    }
  }
  std::vector<ir::NodeId> roots = p.roots();
  for (const std::vector<ir::NodeId>& group : groups) {
    auto& index = rules->indexes_.emplace_back();
    if (!options.use_index || group.size() < min_indexed_rules(options.tier)) continue;
    index = std::make_unique<index::PredicateIndex>(p.module, group);
    roots.insert(roots.end(), index->computed().begin(), index->computed().end());
  }
  rules->interpreter_ = std::make_unique<interp::Interpreter>(p.module, groups);
  rules->evaluator_ = rules->interpreter_.get();
#ifdef WEIR_HAVE_JIT
  if (options.tier != Tier::kInterpreter) {
    jit::NativeOptions native;
    native.level = static_cast<jit::OptLevel>(options.opt_level);
    native.threads = options.compile_threads;
    jit::NativeStats stats;
    auto compiled = jit::compile(p.module, roots, groups, native, &stats);
    if (compiled.ok()) {
      rules->native_ = *std::move(compiled);
      rules->evaluator_ = rules->native_.get();
      rules->tier_ = Tier::kNative;
    } else if (options.tier == Tier::kNative) {
      return compiled.status();
    } else {
      rules->tier_note_ = std::string(compiled.status().message());
    }
  }
#else
  if (options.tier == Tier::kNative) return invalid("the native tier is not built in (WEIR_JIT=OFF)");
#endif
  return std::shared_ptr<const Rules>(std::move(rules));
}

}  // namespace weir::engine
