// One thread of the process that compiles what can wait. It exists while there is something to compile.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

namespace weir::jit {

// Work that looks at `cancelled` between its steps, none of which takes long: whoever cancels does not wait, but exit()
// and dlclose() do, until the step at hand is done.
struct BackgroundTask {
  std::function<void(const std::atomic<bool>& cancelled)> run;
  std::atomic<bool> cancelled{false};
};

// Tasks run one after another, in order. A cancelled task is still run: it is what notices. The queue keeps a task
// until it has run. False if there is no thread to be had: the system refuses one, or this process was forked from one
// whose thread was at work, so that LLVM's locks may be held by nobody.
bool run_in_background(std::shared_ptr<BackgroundTask> task);

}  // namespace weir::jit
