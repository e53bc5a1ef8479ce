#include "runtime/jit/background.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/jit/native.h"

namespace weir::jit {
namespace {

// LLVM makes much of what it needs at its first use, and what is made last is the first to go when the process exits.
// So something is compiled, by all the ways a unit goes, before the queue is made: it then goes before all of that, and
// no thread compiles any more when LLVM's tables are taken away.
void warm_up() {
  using ir::Op;
  types::TypeTable types;
  ir::Module m;
  constexpr auto kNoBuiltin = types::BuiltinId::kCount;
  constexpr uint8_t kFallible = ir::kMayError | ir::kMayMissing;
  auto text_of = [&](const char* text) {
    ir::Constant c{ir::ConstantKind::kString};
    c.s = text;
    return m.add(Op::kConst, types.string(), {}, static_cast<int32_t>(m.intern(std::move(c))));
  };
  auto call = [&](types::BuiltinId id, const types::Type* type, std::vector<ir::NodeId> args) {
    return m.add(Op::kCall, type, args, -1, id);
  };
  const ir::NodeId number = m.add(Op::kSlot, types.integer(), {}, 2, kNoBuiltin, kFallible);
  const ir::NodeId text = m.add(Op::kSlot, types.string(), {}, 3, kNoBuiltin, kFallible);
  const ir::NodeId ratio = m.add(Op::kSlot, types.dbl(), {}, 4);
  const ir::NodeId quotient = call(types::BuiltinId::div_int, types.integer(), {number, number});
  const ir::NodeId tests[] = {
      call(types::BuiltinId::greater_int, types.boolean(), {quotient, number}),
      call(types::BuiltinId::greater_double, types.boolean(), {ratio, ratio}),
      call(types::BuiltinId::contains_string, types.boolean(), {text, text_of("abcd")}),
      call(types::BuiltinId::matches_member, types.boolean(), {text, text_of("a+bcd")}),
      call(types::BuiltinId::equals, types.boolean(), {text, text_of("x")}),
      call(types::BuiltinId::equals, types.boolean(), {text, text}),
  };
  ir::NodeId all = tests[0];
  for (size_t i = 1; i < std::size(tests); ++i)
    all = m.add(i % 2 == 0 ? Op::kOr : Op::kAnd, types.boolean(), std::vector<ir::NodeId>{all, tests[i]});
  const std::vector<ir::NodeId> pair = {quotient, quotient};
  const ir::NodeId list = m.add(Op::kMakeList, types.list(types.integer()), pair);
  m.plan_memos(std::vector<ir::NodeId>{all, list});
  for (const OptLevel level : {OptLevel::kO0, OptLevel::kLess}) {
    NativeOptions options;
    options.level = level;
    compile(m, {list, all}, {{all}}, options, nullptr).IgnoreError();
  }
}

class Queue {
 public:
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
    warm_up();
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
    // Where cores are scarce, whoever evaluates goes before.
    constexpr int kNice = 10;
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice));
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
      try {
        task->run(task->cancelled);
      } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
        // Memory has run out, and nobody to tell: what evaluates goes on evaluating.
      }
      const std::lock_guard<std::mutex> lock(mutex_);
      tasks_.pop_front();
    }
  }

  // Of the thread only its object is here.
  void in_child() {
    if (working_) {
      closed_ = true;
      for (auto& task : tasks_) abandoned().tasks.push_back(std::move(task));
      tasks_.clear();
      working_ = false;
    }
    abandoned().threads.push_back(std::move(thread_));
    mutex_.unlock();
  }
  // What a fork cut off: tasks, which hold what was in use by a thread that is not here, and that thread's object.
  struct Abandoned {
    std::vector<std::shared_ptr<BackgroundTask>> tasks;
    std::vector<std::unique_ptr<std::thread>> threads;
  };
  static Abandoned& abandoned() {
    static auto* never_destroyed = new Abandoned;
    return *never_destroyed;
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
