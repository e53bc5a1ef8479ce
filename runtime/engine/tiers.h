// What evaluates a rule set, and how that becomes better while it runs: the interpreter from the start, native code
// once it is compiled.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "compiler/ir/program.h"
#include "runtime/index/predicate_index.h"
#include "runtime/value/evaluator.h"
#ifdef WEIR_HAVE_JIT
#include "runtime/jit/background.h"
#include "runtime/jit/native.h"
#endif

namespace weir::engine {

enum class Tier : uint8_t { kAuto, kInterpreter, kNative };

// An evaluator and the indexes that go with it: native code has none where all rules at once are quicker. Immutable.
struct Evaluation {
  Tier tier = Tier::kInterpreter;
  const value::Evaluator* evaluator = nullptr;
  std::vector<const index::PredicateIndex*> indexes;  // by event type; null: all its rules are evaluated
};

// The interpreter, and what indexes it uses: by event type, null where there is none.
struct Interpreted {
  std::shared_ptr<const value::Evaluator> evaluator;
  std::vector<std::unique_ptr<const index::PredicateIndex>> indexes;
};

struct TierStatus {
  enum class Native : uint8_t { kNone, kWaiting, kCompiling, kReady, kFailed };
  Tier tier = Tier::kInterpreter;  // in use
  Native native = Native::kNone;
  std::string note;  // why there is no native code although it was wanted, or no cache; else empty
  uint32_t units = 0, units_done = 0, units_cached = 0;
  uint64_t code_bytes = 0;
  double compile_ms = 0;  // of the thread that compiled
};

// What Rules and a thread that compiles for them have in common; outlives both. An evaluation, once it was current,
// lives as long as this. Thread-safe.
class Tiers {
 public:
  // `program` and what the groups name, by event type; `interpreter` is current until there is something better.
  Tiers(std::shared_ptr<const ir::Program> program, std::vector<std::vector<ir::NodeId>> groups,
        Interpreted interpreter);

  const Evaluation& current() const { return *current_.load(std::memory_order_acquire); }
  std::span<const ir::NodeId> group(uint32_t event) const {
    return event < groups_.size() ? std::span<const ir::NodeId>(groups_[event]) : std::span<const ir::NodeId>();
  }
  // Of the interpreter. Null if there is none.
  const index::PredicateIndex* interpreted_index(uint32_t event) const {
    return event < interpreter_.indexes.size() ? interpreter_.indexes[event].get() : nullptr;
  }
  TierStatus status() const;
  // TierStatus::note, which is set once.
  std::string_view note() const;

#ifdef WEIR_HAVE_JIT
  absl::Status compile_now(const jit::NativeOptions& options);
  static void compile_later(const std::shared_ptr<Tiers>& tiers, const jit::NativeOptions& options);
  void give_up(std::string_view why);
#endif
  // Does not wait: what is being compiled is finished and thrown away.
  void cancel();
  // Until there is nothing left to compile; false if that took longer.
  bool wait(std::chrono::milliseconds longest);

 private:
  const std::shared_ptr<const ir::Program> program_;
  const std::vector<std::vector<ir::NodeId>> groups_;
  const Interpreted interpreter_;  // owned here: a thread may compile with it when the Rules are gone
  const Evaluation interpreted_;
  std::unique_ptr<value::Evaluator> code_;
  Evaluation native_;
  std::atomic<const Evaluation*> current_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable settled_;
  TierStatus status_;
#ifdef WEIR_HAVE_JIT
  jit::NativeProgress progress_;
  std::weak_ptr<jit::BackgroundTask> task_;  // which shares in this as long as it is there
#endif
};

}  // namespace weir::engine
