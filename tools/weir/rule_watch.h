// `--watch`: rules that change on the disk while a stream runs.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/reload/file_watch.h"
#include "tools/serve/rule_set.h"

namespace weir::tools {

// Compiles on a thread of its own. What does not load is told on standard error, and changes nothing.
class RuleWatch {
 public:
  // `begun`: the texts of weir.yaml, if there is one, and the rule files that the stream has begun with, which is not
  // given again. Complains and gives null if there is no thread.
  static std::unique_ptr<RuleWatch> start(std::vector<std::string> paths, serve::LoadOptions how,
                                          std::vector<std::string> begun);

  // The newest rules, once; null as long as there are none. Costs nothing then.
  std::shared_ptr<const serve::RuleSet> take();

 private:
  RuleWatch(std::vector<std::string> paths, serve::LoadOptions how, std::vector<std::string> begun)
      : paths_(std::move(paths)), loader_(std::move(how)), begun_(std::move(begun)) {}
  void load();

  const std::vector<std::string> paths_;
  serve::Loader loader_;  // of the watch's thread, as are the next two
  std::vector<std::string> begun_;
  std::string last_;  // files_hash() of what was loaded last; empty at first
  std::mutex mutex_;
  std::shared_ptr<const serve::RuleSet> next_;  // under mutex_
  std::atomic<bool> waiting_{false};
  std::unique_ptr<reload::FileWatch> files_;  // goes first
};

}  // namespace weir::tools
