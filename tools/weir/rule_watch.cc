#include "tools/weir/rule_watch.h"

#include <fmt/format.h>

#include "tools/weir/output.h"
#include "tools/weir/verbs.h"

namespace weir::tools {

namespace {

std::vector<std::string> texts_of(const bundle::Bundle& bundle) {
  std::vector<std::string> out;
  for (const bundle::File& f : bundle.contents().files)
    if (f.part == bundle::Part::kManifest || f.part == bundle::Part::kRules) out.push_back(f.content);
  return out;
}

}  // namespace

std::unique_ptr<RuleWatch> RuleWatch::start(std::vector<std::string> paths, serve::LoadOptions how,
                                            std::vector<std::string> begun) {
  std::unique_ptr<RuleWatch> out(new RuleWatch(std::move(paths), std::move(how), std::move(begun)));
  auto files = reload::FileWatch::start(out->paths_, {}, [w = out.get()] { w->load(); });
  if (!files.ok()) {
    complain(std::string(files.status().message()));
    return nullptr;
  }
  out->files_ = *std::move(files);
  return out;
}

void RuleWatch::load() {
  serve::LoadFailure failure;
  auto set = loader_.load_paths(paths_, {}, &failure);
  if (set == nullptr) {
    fwrite(failure.text.data(), 1, failure.text.size(), stderr);
    complain("the rules stay as they were: " + failure.message);
    return;
  }
  const bool same = last_.empty() ? texts_of(set->bundle) == begun_ : set->files_hash == last_;
  last_ = set->files_hash;
  if (same) return;
  complain(fmt::format("the rules have changed: {} from the next event on", counted(set->rule_count, "rule")));
  const std::lock_guard lock(mutex_);
  next_ = std::move(set);
  waiting_.store(true, std::memory_order_release);
}

std::shared_ptr<const serve::RuleSet> RuleWatch::take() {
  if (!waiting_.load(std::memory_order_acquire)) return nullptr;
  const std::lock_guard lock(mutex_);
  waiting_.store(false, std::memory_order_relaxed);
  return std::move(next_);
}

}  // namespace weir::tools
