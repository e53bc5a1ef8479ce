#include "runtime/engine/tiers.h"

#include <exception>

#include "compiler/ir/identity.h"

namespace weir::engine {

using Native = TierStatus::Native;

namespace {

Evaluation evaluation_of(const Interpreted& interpreter) {
  Evaluation out{Tier::kInterpreter, interpreter.evaluator.get(), {}};
  for (const auto& index : interpreter.indexes) out.indexes.push_back(index.get());
  return out;
}

}  // namespace

Tiers::Tiers(std::shared_ptr<const ir::Program> program, std::vector<std::vector<ir::NodeId>> groups,
             Interpreted interpreter)
    : program_(std::move(program)),
      groups_(std::move(groups)),
      interpreter_(std::move(interpreter)),
      interpreted_(evaluation_of(interpreter_)),
      current_(&interpreted_) {}

#ifdef WEIR_HAVE_JIT

namespace {

// What a rule keeps when it is edited.
uint64_t key_of(const ir::Rule& rule) { return ir::identity_of("rule " + (rule.id.empty() ? rule.name : rule.id)).lo; }

// What sessions evaluate apart from groups. The rest is the interpreter's: conditions by themselves are asked for only
// to learn why they failed, texts for people only when they are read.
struct Roots {
  std::vector<ir::NodeId> nodes;
  std::vector<uint64_t> keys;
};

Roots native_roots(const ir::Program& program, const Evaluation& evaluation) {
  Roots out;
  auto add = [&](ir::NodeId node, uint64_t key) {
    if (node == ir::kNoNode || program.module.node(node).op == ir::Op::kConst) return;
    out.nodes.push_back(node);
    out.keys.push_back(key);
  };
  for (const ir::Feature& f : program.features) {
    const uint64_t key = ir::identity_of("feature " + f.name).lo;
    for (ir::NodeId node : {f.arg, f.where, f.each_list}) add(node, key);
    for (ir::NodeId node : f.keys) add(node, key);
  }
  for (const ir::Rule& r : program.rules) {
    const uint64_t key = key_of(r);
    add(r.score, key);
    add(r.once_key, key);
    add(r.canary_key, key);
    for (const ir::Effect& e : r.effects) {
      add(e.key, key);
      for (ir::NodeId arg : e.args) add(arg, key);
    }
  }
  for (size_t event = 0; event < program.events.size(); ++event) {
    const ir::Event& e = program.events[event];
    const uint64_t key = ir::identity_of("event " + e.schema.name).lo;
    for (const ir::DecideArm& arm : e.decide) add(arm.when, key);
    if (evaluation.indexes[event] == nullptr) continue;
    for (ir::NodeId node : evaluation.indexes[event]->computed()) add(node, key);
  }
  return out;
}

// Of the rules of an event type that are evaluated, as Rules groups them.
std::vector<std::vector<uint64_t>> rule_keys(const ir::Program& program) {
  std::vector<std::vector<uint64_t>> out;
  for (const ir::Event& event : program.events) {
    auto& keys = out.emplace_back();
    for (uint32_t rule : event.rules)
      if (program.rules[rule].mode != ir::Mode::kOff) keys.push_back(key_of(program.rules[rule]));
  }
  return out;
}

}  // namespace

absl::Status Tiers::compile_now(const jit::NativeOptions& options) {
  Evaluation native{Tier::kNative, nullptr, interpreted_.indexes};
  for (size_t event = 0; event < groups_.size(); ++event)
    if (groups_[event].size() < jit::kMinIndexedRules) native.indexes[event] = nullptr;

  jit::NativeOptions wanted = options;
  wanted.fallback = interpreted_.evaluator;
  wanted.progress = &progress_;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    status_.native = Native::kCompiling;
  }
  Roots roots = native_roots(*program_, native);
  wanted.root_keys = std::move(roots.keys);
  wanted.group_keys = rule_keys(*program_);
  jit::NativeStats stats;
  auto compiled = jit::compile(program_->module, roots.nodes, groups_, wanted, &stats);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!compiled.ok()) {
    status_.native = Native::kFailed;
    status_.note = std::string(compiled.status().message());
  } else {
    code_ = *std::move(compiled);
    native_ = std::move(native);
    native_.evaluator = code_.get();
    current_.store(&native_, std::memory_order_release);
    status_.native = Native::kReady;
    status_.note = stats.cache_problem;
    status_.code_bytes = stats.code_bytes;
    status_.compile_ms = stats.compile_ms;
  }
  settled_.notify_all();
  return compiled.status();
}

void Tiers::compile_later(const std::shared_ptr<Tiers>& tiers, const jit::NativeOptions& options) {
  auto task = std::make_shared<jit::BackgroundTask>();
  task->run = [tiers, options](const std::atomic<bool>& cancelled) {
    jit::NativeOptions wanted = options;
    wanted.cancelled = &cancelled;
    try {
      tiers->compile_now(wanted).IgnoreError();  // the status keeps it
    } catch (const std::exception&) {
      tiers->give_up("out of memory");
    }
  };
  {
    const std::lock_guard<std::mutex> lock(tiers->mutex_);
    tiers->task_ = task;
    tiers->status_.native = Native::kWaiting;
  }
  if (!jit::run_in_background(std::move(task))) tiers->give_up("there is no thread to compile native code on");
}

void Tiers::give_up(std::string_view why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  status_.native = Native::kFailed;
  status_.note = why;
  settled_.notify_all();
}

TierStatus Tiers::status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  TierStatus out = status_;
  out.tier = current().tier;
  out.units = progress_.units;
  out.units_done = progress_.done;
  out.units_cached = progress_.cached;
  return out;
}

void Tiers::cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const auto task = task_.lock()) task->cancelled = true;
}

#else

TierStatus Tiers::status() const { return {}; }
void Tiers::cancel() {}

#endif

std::string_view Tiers::note() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return status_.note;
}

bool Tiers::wait(std::chrono::milliseconds longest) {
  std::unique_lock<std::mutex> lock(mutex_);
  return settled_.wait_for(
      lock, longest, [this] { return status_.native != Native::kWaiting && status_.native != Native::kCompiling; });
}

}  // namespace weir::engine
