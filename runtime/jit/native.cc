#include "runtime/jit/native.h"

#include <fmt/format.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/raw_ostream.h>
#include <re2/re2.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <span>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "compiler/codegen/abi.h"
#include "compiler/codegen/analysis.h"
#include "compiler/codegen/unit.h"
#include "runtime/jit/code_store.h"
#include "runtime/jit/object_cache.h"
#include "runtime/jit/row_preparation.h"
#include "runtime/jit/system_memory.h"
#include "runtime/jit/target.h"

namespace weir::jit {

using codegen::Analysis;
using codegen::UnitNumbers;
using codegen::UnitSpec;
using codegen::abi::Frame;
using codegen::abi::SlotView;
using ir::NodeId;

namespace {

constexpr uint64_t kDefaultCodeBytes = uint64_t{256} << 20;

absl::Status internal(const std::string& text) {
  return absl::InternalError(absl::string_view(text.data(), text.size()));
}

// A unit to compile, and what became of it.
struct Job {
  const Analysis* analysis = nullptr;
  UnitSpec spec;
  bool cold = false;  // seldom run: compiled quickly rather than well
  absl::Status status;
  UnitNumbers numbers;
  std::unique_ptr<llvm::MemoryBuffer> object;
};

// LLVM's complaints about one module, collected instead of printed.
struct Complaints final : llvm::DiagnosticHandler {
  std::string text;
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() != llvm::DS_Error) return true;
    llvm::raw_string_ostream stream(text);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    return true;
  }
};

// LLVM IR of a unit handed to `use`.
template <typename Use>
absl::Status with_unit(const Target& target, const ir::Module& module, const Analysis& analysis, const UnitSpec& spec,
                       UnitNumbers* numbers, Use use) {
  llvm::LLVMContext context;
  auto handler = std::make_unique<Complaints>();
  Complaints* complaints = handler.get();
  context.setDiagnosticHandler(std::move(handler));
  auto built = codegen::build_unit(context, target.layout(), target.triple(), module, analysis, spec, numbers);
  if (!built.ok()) return built.status();
  absl::Status status = use(**built);
  if (status.ok() && !complaints->text.empty()) return internal("LLVM: " + complaints->text);
  return status;
}

// Of everything that decides what a unit's object is.
ObjectCache::Key key_of(const Target& target, const llvm::Module& unit) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  stream << "runtime " << codegen::abi::kRuntimeVersion << ' ' << target.identity() << '\n';
  llvm::WriteBitcodeToFile(unit, stream);
  return ObjectCache::key_of({bytes.data(), bytes.size()});
}

void compile_job(const Target& target, const ir::Module& module, const NativeOptions& options, ObjectCache* cache,
                 Job& job) {
  job.status =
      with_unit(target, module, *job.analysis, job.spec, &job.numbers, [&](llvm::Module& unit) -> absl::Status {
        ObjectCache::Key key;
        if (cache != nullptr) {
          key = key_of(target, unit);
          job.object = cache->find(key);
          if (job.object != nullptr) {
            if (options.progress != nullptr) ++options.progress->cached;
            return absl::OkStatus();
          }
        }
        target.optimize(unit);
        auto object = target.compile(unit, /*assembly=*/false);
        if (!object.ok()) return object.status();
        job.object = std::move(*object);
        if (cache != nullptr) cache->store(key, {job.object->getBufferStart(), job.object->getBufferSize()});
        return absl::OkStatus();
      });
  if (options.progress != nullptr) ++options.progress->done;
}

absl::Status compile_jobs(const ir::Module& module, const NativeOptions& options, ObjectCache* cache,
                          std::vector<Job>& jobs) {
  std::atomic<size_t> next{0};
  std::vector<absl::Status> failures(std::max(1u, options.threads));
  auto work = [&](size_t worker) {
    auto target = Target::host(options.level);
    auto quick = Target::host(OptLevel::kO0);
    if (!target.ok() || !quick.ok()) {
      failures[worker] = target.ok() ? quick.status() : target.status();
      return;
    }
    for (size_t i = next++; i < jobs.size(); i = next++) {
      if (options.cancelled != nullptr && *options.cancelled) {
        failures[worker] = absl::CancelledError("cancelled");
        return;
      }
      failures[worker] = room_to_compile();
      if (!failures[worker].ok()) return;
      compile_job(jobs[i].cold ? **quick : **target, module, options, cache, jobs[i]);
    }
  };
  size_t helpers = std::min<size_t>(failures.size(), jobs.size());
  std::vector<std::thread> threads;
  try {
    for (size_t i = 1; i < helpers; ++i) threads.emplace_back(work, i);
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
    // The system has no thread to spare: the ones there are do the work.
  }
  work(0);
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : failures)
    if (!status.ok()) return status;
  for (const Job& job : jobs)
    if (!job.status.ok()) return job.status;
  return absl::OkStatus();
}

struct Group {
  explicit Group(const codegen::Preparation& what) : preparation(what) {}

  RowPreparation preparation;
  struct Unit {
    codegen::abi::RulesFn run;
    uint32_t first;
  };
  size_t size = 0;
  std::vector<Unit> units;                  // all rules of a unit at once; or
  std::vector<codegen::abi::RuleFn> rules;  // each by itself, so that an index can choose
};

// A row prepared for the rules of a group.
class Prepared {
 public:
  Prepared(const RowPreparation& preparation, value::EvalContext& ctx) {
    SlotView* views = room(few_views_, preparation.view_count(), more_views_, ctx);
    uint64_t* bits = room(few_bits_, preparation.bit_words(), more_bits_, ctx);
    preparation.prepare(ctx.row, views, bits);
    frame = {views, bits};
  }
  Frame frame;

 private:
  // Few groups need more than there is here; those take it from the event's arena.
  template <typename T, size_t kFew>
  static T* room(T (&few)[kFew], size_t count, std::vector<T>& more, value::EvalContext& ctx) {
    if (count <= kFew) return few;
    if (void* p = ctx.arena->allocate(count * sizeof(T))) return static_cast<T*>(p);
    more.resize(count);
    return more.data();
  }
  SlotView few_views_[32];
  uint64_t few_bits_[1024];
  std::vector<SlotView> more_views_;
  std::vector<uint64_t> more_bits_;
};

class NativeEvaluator final : public value::Evaluator {
 public:
  NativeEvaluator(const ir::Module& module, std::unique_ptr<CodeStore> code, const value::Evaluator* fallback)
      : module_(module), code_(std::move(code)), fallback_(fallback) {}

  std::string_view name() const override { return "native"; }

  value::Value eval(NodeId node, value::EvalContext& ctx) const override {
    auto found = roots.find(node);
    if (found == roots.end())
      return fallback_ != nullptr ? fallback_->eval(node, ctx) : value::Value::fail(value::ErrorCode::kUnbound);
    ctx.module = &module_;
    Frame frame;
    value::Value out;
    found->second(&ctx, &frame, &out);
    return out;
  }

  void eval_rules(uint32_t group, value::EvalContext& ctx, value::Truth* out) const override {
    const Group& g = groups[group];
    const Prepared prepared(g.preparation, ctx);
    ctx.module = &module_;
    ctx.counters[1] += g.size;
    for (const Group::Unit& unit : g.units) unit.run(&ctx, &prepared.frame, out + unit.first);
    for (codegen::abi::RuleFn rule : g.rules) *out++ = rule(&ctx, &prepared.frame);
  }

  void eval_rules(uint32_t group, value::EvalContext& ctx, std::span<const uint32_t> which,
                  value::Truth* out) const override {
    if (which.empty()) return;
    const Group& g = groups[group];
    if (g.rules.empty()) {
      value::Truth all[kMinIndexedRules];
      eval_rules(group, ctx, all);
      for (uint32_t i : which) *out++ = all[i];
      return;
    }
    const Prepared prepared(g.preparation, ctx);
    ctx.module = &module_;
    ctx.counters[1] += which.size();
    for (uint32_t i : which) *out++ = g.rules[i](&ctx, &prepared.frame);
  }

  // Before any of the unit's code runs.
  absl::Status fill_numbers(CodeStore& store, size_t unit, UnitNumbers numbers) {
    if (numbers.values.empty()) return absl::OkStatus();
    auto table = store.lookup(unit, codegen::kNumbersSymbol);
    if (!table.ok()) return table.status();
    for (UnitNumbers::Set& set : numbers.sets) {
      sets_.push_back(std::move(set.words));
      numbers.values[set.number] = reinterpret_cast<uintptr_t>(sets_.back().data());
    }
    std::memcpy(*table, numbers.values.data(), numbers.values.size() * sizeof(uint64_t));
    return absl::OkStatus();
  }

  std::unordered_map<NodeId, codegen::abi::RootFn> roots;
  std::vector<Group> groups;

 private:
  const ir::Module& module_;
  std::unique_ptr<CodeStore> code_;
  std::vector<std::vector<uint64_t>> sets_;  // of codes, which units point to
  const value::Evaluator* fallback_;
};

// Each once, with its first key.
struct Roots {
  std::vector<NodeId> nodes;
  std::vector<uint64_t> keys;
};

Roots unique_roots(const std::vector<NodeId>& roots, const std::vector<uint64_t>& keys) {
  Roots out;
  std::unordered_set<NodeId> seen;
  for (size_t i = 0; i < roots.size(); ++i) {
    if (!seen.insert(roots[i]).second) continue;
    out.nodes.push_back(roots[i]);
    if (!keys.empty()) out.keys.push_back(keys[i]);
  }
  return out;
}

// Positions of nodes by unit: units of `size` in order, or, of nodes with keys, by hash and of about that size: where a
// node is then depends on its key and on how many there are, and on no other node.
std::vector<std::vector<uint32_t>> partition(size_t count, std::span<const uint64_t> keys, uint32_t size) {
  const size_t least = (count + size - 1) / size;
  std::vector<std::vector<uint32_t>> units(keys.empty() ? least : std::bit_ceil(least));
  for (uint32_t i = 0; i < count; ++i) units[keys.empty() ? i / size : keys[i] & (units.size() - 1)].push_back(i);
  std::erase_if(units, [](const auto& unit) { return unit.empty(); });
  if (keys.empty()) return units;
  for (auto& unit : units) std::ranges::stable_sort(unit, {}, [&](uint32_t i) { return keys[i]; });
  return units;
}

std::vector<NodeId> at(std::span<const NodeId> nodes, const std::vector<uint32_t>& positions) {
  std::vector<NodeId> out;
  out.reserve(positions.size());
  for (uint32_t i : positions) out.push_back(nodes[i]);
  return out;
}

}  // namespace

absl::StatusOr<std::unique_ptr<value::Evaluator>> compile(const ir::Module& module, const std::vector<NodeId>& roots,
                                                          const std::vector<std::vector<NodeId>>& groups,
                                                          const NativeOptions& options, NativeStats* stats) {
  if (options.cancelled != nullptr && *options.cancelled) return absl::CancelledError("cancelled");
  if (absl::Status status = executable_memory(); !status.ok()) return status;
  auto start = std::chrono::steady_clock::now();
  Roots values = unique_roots(roots, options.root_keys);
  std::vector<NodeId> all = values.nodes;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  if (absl::Status status = ir::verify(module, all); !status.ok()) return status;

  std::unique_ptr<ObjectCache> cache;
  std::string cache_problem;
  if (!options.cache_directory.empty()) {
    auto opened = ObjectCache::open(options.cache_directory);
    if (opened.ok())
      cache = *std::move(opened);
    else
      cache_problem = std::string(opened.status().message());
  }

  const uint32_t unit_size = std::max(1u, options.rules_per_unit);
  Analysis root_analysis(module, values.nodes, Analysis::Prepared::kNothing);
  std::vector<std::unique_ptr<Analysis>> analyses;
  std::vector<Job> jobs;
  // A rule's value is asked for apart from its group only to learn why it failed.
  std::unordered_set<NodeId> rules;
  for (const auto& group : groups) rules.insert(group.begin(), group.end());
  for (const bool cold : {false, true}) {
    Roots part;
    for (size_t i = 0; i < values.nodes.size(); ++i) {
      if (rules.contains(values.nodes[i]) != cold) continue;
      part.nodes.push_back(values.nodes[i]);
      if (!values.keys.empty()) part.keys.push_back(values.keys[i]);
    }
    for (const auto& unit : partition(part.nodes.size(), part.keys, unit_size))
      jobs.push_back({&root_analysis, {{}, at(part.nodes, unit), false}, cold, {}, {}, nullptr});
  }
  const size_t root_jobs = jobs.size();
  std::vector<std::vector<uint32_t>> positions;  // in its group, by unit of rules
  for (size_t g = 0; g < groups.size(); ++g) {
    // Of many rules an index visits few, and has looked for their literals already.
    const bool indexed = groups[g].size() >= kMinIndexedRules;
    analyses.push_back(std::make_unique<Analysis>(
        module, groups[g], indexed ? Analysis::Prepared::kComparisons : Analysis::Prepared::kSearchesToo));
    // All rules at once write their results in order, so theirs are units in order.
    const bool keyed = indexed && !options.group_keys.empty();
    for (auto& unit : partition(groups[g].size(),
                                keyed ? std::span(options.group_keys[g]) : std::span<const uint64_t>(), unit_size)) {
      jobs.push_back(
          {analyses[g].get(), {at(groups[g], unit), {}, indexed}, options.quick_indexed && indexed, {}, {}, nullptr});
      positions.push_back(std::move(unit));
    }
  }
  if (options.progress != nullptr) options.progress->units = static_cast<uint32_t>(jobs.size());
  if (absl::Status status = compile_jobs(module, options, cache.get(), jobs); !status.ok()) return status;
  if (cache != nullptr) cache->trim(options.max_cache_bytes);

  auto code = CodeStore::create(options.max_code_bytes != 0 ? options.max_code_bytes : kDefaultCodeBytes);
  if (!code.ok()) return code.status();
  CodeStore& store = **code;
  auto evaluator = std::make_unique<NativeEvaluator>(module, std::move(*code), options.fallback);
  for (size_t g = 0; g < groups.size(); ++g) {
    Group& group = evaluator->groups.emplace_back(analyses[g]->preparation());
    group.size = groups[g].size();
    if (group.size >= kMinIndexedRules) group.rules.resize(group.size);
  }
  size_t g = 0;
  for (size_t j = 0; j < jobs.size(); ++j) {
    Job& job = jobs[j];
    auto unit = store.add(std::move(job.object));
    if (!unit.ok()) return unit.status();
    if (absl::Status status = evaluator->fill_numbers(store, *unit, std::move(job.numbers)); !status.ok())
      return status;
    for (size_t i = 0; i < job.spec.roots.size(); ++i) {
      auto address = store.lookup(*unit, codegen::root_symbol(i));
      if (!address.ok()) return address.status();
      evaluator->roots[job.spec.roots[i]] = reinterpret_cast<codegen::abi::RootFn>(*address);
    }
    if (j < root_jobs) continue;
    while (analyses[g].get() != job.analysis) ++g;
    auto address = store.lookup(*unit, codegen::kRulesSymbol);
    if (!address.ok()) return address.status();
    const std::vector<uint32_t>& at = positions[j - root_jobs];
    if (!job.spec.table) {
      evaluator->groups[g].units.push_back({reinterpret_cast<codegen::abi::RulesFn>(*address), at.front()});
      continue;
    }
    const auto* functions = static_cast<const codegen::abi::RuleFn*>(*address);
    for (size_t i = 0; i < at.size(); ++i) evaluator->groups[g].rules[at[i]] = functions[i];
  }
  if (stats != nullptr) {
    stats->units = static_cast<uint32_t>(jobs.size());
    stats->code_bytes = store.bytes();
    stats->compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    stats->cache_problem = cache_problem;
  }
  return evaluator;
}

absl::StatusOr<std::string> dump(const ir::Module& module, const std::vector<NodeId>& roots,
                                 const NativeOptions& options, bool assembly) {
  if (absl::Status status = ir::verify(module, roots); !status.ok()) return status;
  auto target = Target::host(options.level);
  if (!target.ok()) return target.status();
  std::vector<NodeId> values = unique_roots(roots, {}).nodes;
  Analysis analysis(module, values, Analysis::Prepared::kNothing);
  std::string text;
  UnitNumbers numbers;
  absl::Status status =
      with_unit(**target, module, analysis, {{}, values, false}, &numbers, [&](llvm::Module& unit) -> absl::Status {
        (*target)->optimize(unit);
        if (!assembly) {
          llvm::raw_string_ostream stream(text);
          unit.print(stream, nullptr);
          return absl::OkStatus();
        }
        auto code = (*target)->compile(unit, /*assembly=*/true);
        if (!code.ok()) return code.status();
        text = (*code)->getBuffer().str();
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return text;
}

}  // namespace weir::jit
