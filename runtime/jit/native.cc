#include "runtime/jit/native.h"

#include <fmt/format.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/raw_ostream.h>
#include <re2/re2.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <span>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "compiler/codegen/abi.h"
#include "compiler/codegen/analysis.h"
#include "compiler/codegen/unit.h"
#include "runtime/jit/code_store.h"
#include "runtime/jit/row_preparation.h"
#include "runtime/jit/target.h"

namespace weir::jit {

using codegen::Analysis;
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

// LLVM IR of a unit, optimised, handed to `use`.
template <typename Use>
absl::Status with_unit(const Target& target, const ir::Module& module, const Analysis& analysis, const UnitSpec& spec,
                       Use use) {
  llvm::LLVMContext context;
  auto handler = std::make_unique<Complaints>();
  Complaints* complaints = handler.get();
  context.setDiagnosticHandler(std::move(handler));
  auto built = codegen::build_unit(context, target.layout(), target.triple(), module, analysis, spec);
  if (!built.ok()) return built.status();
  target.optimize(**built);
  absl::Status status = use(**built);
  if (status.ok() && !complaints->text.empty()) return internal("LLVM: " + complaints->text);
  return status;
}

void compile_job(const Target& target, const ir::Module& module, Job& job) {
  job.status = with_unit(target, module, *job.analysis, job.spec, [&](llvm::Module& unit) -> absl::Status {
    auto object = target.compile(unit, /*assembly=*/false);
    if (!object.ok()) return object.status();
    job.object = std::move(*object);
    return absl::OkStatus();
  });
}

absl::Status compile_jobs(const ir::Module& module, const NativeOptions& options, std::vector<Job>& jobs) {
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
      compile_job(jobs[i].cold ? **quick : **target, module, jobs[i]);
      if (options.progress != nullptr) ++options.progress->done;
    }
  };
  size_t helpers = std::min<size_t>(failures.size(), jobs.size());
  std::vector<std::thread> threads;
  try {
    for (size_t i = 1; i < helpers; ++i) threads.emplace_back(work, i);
  } catch (const std::system_error&) {
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
  uint64_t few_bits_[512];
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

  std::unordered_map<NodeId, codegen::abi::RootFn> roots;
  std::vector<Group> groups;

 private:
  const ir::Module& module_;
  std::unique_ptr<CodeStore> code_;
  const value::Evaluator* fallback_;
};

std::vector<NodeId> unique_roots(const std::vector<NodeId>& roots) {
  std::vector<NodeId> unique = roots;
  std::sort(unique.begin(), unique.end());
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  return unique;
}

std::string rules_symbol(size_t group, size_t unit) { return fmt::format("rules_{}_{}", group, unit); }

// Cuts `nodes` into units of at most `size`.
template <typename Make>
void cut(std::span<const NodeId> nodes, uint32_t size, Make make) {
  for (size_t first = 0; first < nodes.size(); first += size)
    make(nodes.subspan(first, std::min<size_t>(size, nodes.size() - first)), first);
}

}  // namespace

absl::StatusOr<std::unique_ptr<value::Evaluator>> compile(const ir::Module& module, const std::vector<NodeId>& roots,
                                                          const std::vector<std::vector<NodeId>>& groups,
                                                          const NativeOptions& options, NativeStats* stats) {
  if (options.cancelled != nullptr && *options.cancelled) return absl::CancelledError("cancelled");
  auto start = std::chrono::steady_clock::now();
  std::vector<NodeId> values = unique_roots(roots);
  std::vector<NodeId> all = values;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  if (absl::Status status = ir::verify(module, all); !status.ok()) return status;

  // A rule's value is asked for apart from its group only to learn why it failed.
  std::vector<NodeId> rules = all;
  rules.erase(rules.begin(), rules.begin() + static_cast<ptrdiff_t>(values.size()));
  std::ranges::sort(rules);
  auto middle = std::stable_partition(values.begin(), values.end(),
                                      [&](NodeId id) { return !std::ranges::binary_search(rules, id); });
  const auto warm = static_cast<size_t>(middle - values.begin());

  const uint32_t unit_size = std::max(1u, options.rules_per_unit);
  Analysis root_analysis(module, values, Analysis::Prepared::kNothing);
  std::vector<std::unique_ptr<Analysis>> analyses;
  std::vector<Job> jobs;
  auto add_roots = [&](std::span<const NodeId> part, bool cold) {
    std::string name = fmt::format("roots_{}", jobs.size());
    jobs.push_back({&root_analysis, {name, {}, {part.begin(), part.end()}, false}, cold, {}, nullptr});
  };
  cut(std::span(values).first(warm), unit_size, [&](std::span<const NodeId> part, size_t) { add_roots(part, false); });
  cut(std::span(values).subspan(warm), unit_size, [&](std::span<const NodeId> part, size_t) { add_roots(part, true); });
  for (size_t g = 0; g < groups.size(); ++g) {
    // Of many rules an index visits few, and has looked for their literals already.
    const auto prepared =
        groups[g].size() < kMinIndexedRules ? Analysis::Prepared::kSearchesToo : Analysis::Prepared::kComparisons;
    analyses.push_back(std::make_unique<Analysis>(module, groups[g], prepared));
    cut(groups[g], unit_size, [&](std::span<const NodeId> part, size_t first) {
      UnitSpec spec{rules_symbol(g, first), {part.begin(), part.end()}, {}, groups[g].size() >= kMinIndexedRules};
      jobs.push_back({analyses[g].get(), std::move(spec), false, {}, nullptr});
    });
  }
  if (options.progress != nullptr) options.progress->units = static_cast<uint32_t>(jobs.size());
  if (absl::Status status = compile_jobs(module, options, jobs); !status.ok()) return status;

  auto code = CodeStore::create(options.max_code_bytes != 0 ? options.max_code_bytes : kDefaultCodeBytes);
  if (!code.ok()) return code.status();
  CodeStore& store = **code;
  for (Job& job : jobs)
    if (absl::Status status = store.add(std::move(job.object)); !status.ok()) return status;

  auto evaluator = std::make_unique<NativeEvaluator>(module, std::move(*code), options.fallback);
  for (NodeId root : values) {
    auto address = store.lookup(codegen::root_symbol(root));
    if (!address.ok()) return address.status();
    evaluator->roots[root] = reinterpret_cast<codegen::abi::RootFn>(*address);
  }
  for (size_t g = 0; g < groups.size(); ++g) {
    Group& group = evaluator->groups.emplace_back(analyses[g]->preparation());
    for (uint32_t first = 0; first < groups[g].size(); first += unit_size) {
      auto address = store.lookup(rules_symbol(g, first));
      if (!address.ok()) return address.status();
      if (groups[g].size() < kMinIndexedRules) {
        group.units.push_back({reinterpret_cast<codegen::abi::RulesFn>(*address), first});
        continue;
      }
      const auto* functions = static_cast<const codegen::abi::RuleFn*>(*address);
      group.rules.insert(group.rules.end(), functions,
                         functions + std::min<size_t>(unit_size, groups[g].size() - first));
    }
    group.size = groups[g].size();
  }
  if (stats != nullptr) {
    stats->units = static_cast<uint32_t>(jobs.size());
    stats->code_bytes = store.bytes();
    stats->compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  return evaluator;
}

absl::StatusOr<std::string> dump(const ir::Module& module, const std::vector<NodeId>& roots,
                                 const NativeOptions& options, bool assembly) {
  if (absl::Status status = ir::verify(module, roots); !status.ok()) return status;
  auto target = Target::host(options.level);
  if (!target.ok()) return target.status();
  std::vector<NodeId> values = unique_roots(roots);
  Analysis analysis(module, values, Analysis::Prepared::kNothing);
  std::string text;
  absl::Status status =
      with_unit(**target, module, analysis, {"dump", {}, values, false}, [&](llvm::Module& unit) -> absl::Status {
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
