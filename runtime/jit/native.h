// The native tier: IR nodes compiled by LLVM ORC to machine code of this process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/value/evaluator.h"

namespace weir::jit {

// From this many rules on, the rules of a group are functions of their own, so that an index can choose among them;
// below, all of them at once cost less than an index (docs/performance.md).
inline constexpr size_t kMinIndexedRules = 768;

enum class OptLevel : uint8_t { kO0, kLess, kO1, kO2 };

// What a compilation has done so far; may be read while it runs.
struct NativeProgress {
  std::atomic<uint32_t> units{0}, done{0}, cached{0};
};

struct NativeOptions {
  OptLevel level = OptLevel::kLess;
  uint32_t rules_per_unit = 100;  // rules compiled as one LLVM module, about
  // What a root or a rule of a group keeps when it or others are edited, as hashes: units are made by these, so that an
  // edit changes one. Parallel to roots and groups; empty: by position.
  std::vector<uint64_t> root_keys;
  std::vector<std::vector<uint64_t>> group_keys;
  // Where objects are kept between processes; empty: nowhere. The largest size of it.
  std::string cache_directory;
  uint64_t max_cache_bytes = uint64_t{1} << 30;
  // Rules behind an index at kO0 whatever the level: each is seldom run, and they are many.
  bool quick_indexed = false;
  uint64_t max_code_bytes = 0;                   // 0: 256 MiB
  uint32_t threads = 1;                          // compile threads
  const std::atomic<bool>* cancelled = nullptr;  // looked at between units
  NativeProgress* progress = nullptr;
  // Evaluates nodes that are no roots; outlives the evaluator. Null: they are errors.
  const value::Evaluator* fallback = nullptr;
};

struct NativeStats {
  uint32_t units = 0;
  uint64_t code_bytes = 0;
  double compile_ms = 0;
  std::string cache_problem;  // why the cache was not used although one was wanted
};

// Compiles the `roots` (any type) and the boolean `groups` (see Evaluator::eval_rules). The module must outlive the
// result; the constants' addresses are not baked in. Machine code is freed with the evaluator. Thread-safe. Errors:
// cancelled, a code budget exceeded, IR that does not verify, LLVM's own failures; never an abort.
absl::StatusOr<std::unique_ptr<value::Evaluator>> compile(const ir::Module& module,
                                                          const std::vector<ir::NodeId>& roots,
                                                          const std::vector<std::vector<ir::NodeId>>& groups,
                                                          const NativeOptions& options, NativeStats* stats);

// Text of LLVM IR or assembly for `weir dump --stage=llvm|asm`.
absl::StatusOr<std::string> dump(const ir::Module& module, const std::vector<ir::NodeId>& roots,
                                 const NativeOptions& options, bool assembly);

}  // namespace weir::jit
