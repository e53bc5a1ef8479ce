#include "runtime/jit/background.h"

#include <pthread.h>

#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace weir::jit {
namespace {

class Queue {
 public:
  // Made at the first task, hence after LLVM's globals and gone before them.
  static Queue& instance() {
    static Queue queue;
    return queue;
  }

  bool submit(std::shared_ptr<BackgroundTask> task) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return false;
    if (!working_) {
      if (thread_ != nullptr) thread_->join();  // it has left its loop
      try {
        thread_ = std::make_unique<std::thread>([this] { work(); });
      } catch (const std::system_error&) {
        thread_ = nullptr;
        return false;
      }
      working_ = true;
    }
    tasks_.push_back(std::move(task));
    return true;
  }

 private:
  Queue() {
    // A fork while a task is submitted would leave the child with a locked mutex.
    pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); }, [] { instance().in_child(); });
  }
  ~Queue() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closed_ = true;
      for (const auto& task : tasks_) task->cancelled = true;
    }
    if (thread_ != nullptr) thread_->join();
  }

  void work() {
    for (;;) {
      std::shared_ptr<BackgroundTask> task;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (tasks_.empty()) {
          working_ = false;
          return;
        }
        task = tasks_.front();
      }
      task->run(task->cancelled);
      const std::lock_guard<std::mutex> lock(mutex_);
      tasks_.pop_front();
    }
  }

  // Of the thread only its object is here.
  void in_child() {
    if (working_) {
      closed_ = true;
      for (auto& task : tasks_) abandoned().push_back(std::move(task));
      tasks_.clear();
      working_ = false;
    }
    static_cast<void>(thread_.release());
    mutex_.unlock();
  }
  // Tasks that a fork cut off: what they hold was in use by a thread that is not here.
  static std::deque<std::shared_ptr<BackgroundTask>>& abandoned() {
    static auto* tasks = new std::deque<std::shared_ptr<BackgroundTask>>;
    return *tasks;
  }

  std::mutex mutex_;
  std::deque<std::shared_ptr<BackgroundTask>> tasks_;  // the first is the one being run
  std::unique_ptr<std::thread> thread_;
  bool working_ = false;  // the thread has not left its loop
  bool closed_ = false;
};

}  // namespace

bool run_in_background(std::shared_ptr<BackgroundTask> task) { return Queue::instance().submit(std::move(task)); }

}  // namespace weir::jit
