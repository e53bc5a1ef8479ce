// Whose turn it is: a mutex that another thread than the one that took it may give back.
#pragma once

#include <condition_variable>
#include <mutex>

namespace weir::engine {

class Turn {
 public:
  // Waits until it is free.
  class Held {
   public:
    explicit Held(Turn& turn) : turn_(turn) {
      std::unique_lock lock(turn.mutex_);
      turn.free_again_.wait(lock, [&] { return !turn.taken_; });
      turn.taken_ = true;
    }
    ~Held() {
      {
        const std::lock_guard lock(turn_.mutex_);
        turn_.taken_ = false;
      }
      turn_.free_again_.notify_one();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    Turn& turn_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable free_again_;
  bool taken_ = false;
};

}  // namespace weir::engine
