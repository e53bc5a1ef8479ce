// The pause gate: any number of evaluations, or one pause.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::engine {

// An evaluation writes only its own pass and reads a flag that rarely changes: a few nanoseconds, however many threads
// there are. A pause waits for the evaluations under way and holds up those that come.
class Gate {
 public:
  // One thread's. Added before its first use, removed after its last.
  struct alignas(64) Pass {
    std::atomic<bool> inside{false};
  };
  void add(Pass* pass) {
    const std::lock_guard lock(mutex_);
    passes_.push_back(pass);
  }
  void remove(Pass* pass) {
    const std::lock_guard lock(mutex_);
    std::erase(passes_, pass);
  }

  void enter(Pass& pass) {
    for (;;) {
      // Either this store is seen by the pause, or the pause is seen here.
      pass.inside.store(true, std::memory_order_seq_cst);
      if (!paused_.load(std::memory_order_seq_cst)) return;
      pass.inside.store(false, std::memory_order_release);
      const std::lock_guard wait(mutex_);
    }
  }
  static void leave(Pass& pass) { pass.inside.store(false, std::memory_order_release); }

  // Nobody is inside as long as it lives. Its maker must not be inside.
  class Pause {
   public:
    explicit Pause(Gate& gate) : gate_(gate), lock_(gate.mutex_) {
      gate_.paused_.store(true, std::memory_order_seq_cst);
      for (const Pass* pass : gate_.passes_) {
        while (pass->inside.load(std::memory_order_seq_cst)) std::this_thread::yield();
      }
    }
    ~Pause() { gate_.paused_.store(false, std::memory_order_release); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Gate& gate_;
    std::unique_lock<std::mutex> lock_;
  };

 private:
  std::atomic<bool> paused_{false};
  std::mutex mutex_;
  std::vector<Pass*> passes_;
};

}  // namespace weir::engine
