#include "runtime/engine/warming.h"

#include <algorithm>
#include <set>

#include "runtime/state/time.h"

namespace weir::engine {
namespace {

// The features that a feature's expressions read.
std::set<uint32_t> features_read(const ir::Program& program, const ir::Feature& feature) {
  std::set<uint32_t> out;
  std::set<ir::NodeId> seen;
  std::vector<ir::NodeId> todo = feature.keys;
  todo.insert(todo.end(), {feature.arg, feature.where, feature.each_list});
  while (!todo.empty()) {
    const ir::NodeId id = todo.back();
    todo.pop_back();
    if (id == ir::kNoNode || !seen.insert(id).second) continue;
    const ir::Node& node = program.module.node(id);
    if (node.op == ir::Op::kFeature || node.op == ir::Op::kFeatureAt) out.insert(static_cast<uint32_t>(node.index));
    for (ir::NodeId arg : program.module.args(id)) todo.push_back(arg);
  }
  return out;
}

// When every read of a feature that is warming since then is what it would have been.
int64_t warm_at(const ir::Feature& feature, int64_t since) {
  if (since == state::kNever) return state::kNever;
  const bool timed =
      feature.window.kind == ir::WindowKind::kDuration || feature.window.kind == ir::WindowKind::kSession;
  return timed ? state::saturating_add(since, feature.window.nanos) : INT64_MAX;
}

}  // namespace

void begin_warming(State& state, const std::vector<uint32_t>& fresh, int64_t time) {
  if (time == State::kBeforeAll) return;
  const ir::Program& program = state.program();
  for (uint32_t f : fresh) {  // a feature comes after those it reads
    int64_t since = time;
    for (uint32_t read : features_read(program, program.features[f])) {
      since = std::max(since, warm_at(program.features[read], state.warming_since(read)));
    }
    state.set_warming_since(f, since);
  }
}

}  // namespace weir::engine
