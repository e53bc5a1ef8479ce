#include "tools/weir/state_stats.h"

#include <fmt/format.h>

#include "tools/weir/output.h"

namespace weir::tools {
namespace {

double each(size_t bytes, size_t keys) {
  return keys == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(keys);
}

}  // namespace

Json state_json(engine::State& state) {
  const ir::Program& program = state.program();
  Json features = Json::array();
  for (uint32_t f = 0; f < state.features(); ++f) {
    const state::FeatureStore& store = state.feature(f);
    const state::FeatureCounters counters = store.counters();
    features.push_back({{"name", program.features[f].name},
                        {"keys", store.keys()},
                        {"bytes", store.bytes()},
                        {"added", counters.added},
                        {"late", counters.late},
                        {"errors", counters.errors},
                        {"evicted", counters.evicted}});
  }
  Json labels = Json::array();
  for (uint32_t l = 0; l < program.labels.size(); ++l) {
    labels.push_back({{"name", program.labels[l].name}, {"refused", state.labels().refused(l)}});
  }
  Json once = Json::array();
  for (uint32_t r = 0; r < program.rules.size(); ++r) {
    if (const state::OnceGuard* guard = state.once(r)) {
      once.push_back({{"rule", program.rules[r].name}, {"bytes", guard->bytes()}, {"evicted", guard->evicted()}});
    }
  }
  Json out;
  out["bytes"] = state.bytes();
  out["budget"] = state.options().max_bytes;
  out["features"] = features;
  out["labels"] = {{"bytes", state.labels().bytes()}, {"each", labels}};
  out["once"] = once;
  return out;
}

std::string state_text(engine::State& state) {
  const ir::Program& program = state.program();
  std::string out = fmt::format("\n{}\n", styled("State", Style::kBold));
  out += styled(fmt::format("What is remembered after the last event: {} bytes of {} allowed.\n",
                            with_commas(state.bytes()), with_commas(state.options().max_bytes)),
                Style::kDim);
  size_t widest = 7;
  for (const ir::Feature& f : program.features) widest = std::max(widest, f.name.size());
  out += styled(fmt::format("  {:{}} {:>12} {:>14} {:>11} {:>12} {:>10} {:>10}\n", "feature", widest, "keys", "bytes",
                            "bytes a key", "added", "late", "evicted"),
                Style::kDim);
  for (uint32_t f = 0; f < state.features(); ++f) {
    const state::FeatureStore& store = state.feature(f);
    const state::FeatureCounters counters = store.counters();
    out += fmt::format("  {:{}} {:>12} {:>14} {:>11.1f} {:>12} {:>10} {:>10}\n", program.features[f].name, widest,
                       with_commas(store.keys()), with_commas(store.bytes()), each(store.bytes(), store.keys()),
                       with_commas(counters.added), with_commas(counters.late), with_commas(counters.evicted));
  }
  size_t once = 0;
  for (uint32_t r = 0; r < program.rules.size(); ++r) {
    if (const state::OnceGuard* guard = state.once(r)) once += guard->bytes();
  }
  out += fmt::format("  labels {} bytes, `once` {} bytes\n", with_commas(state.labels().bytes()), with_commas(once));
  return out;
}

std::string state_shortage(engine::State& state) {
  const ir::Program& program = state.program();
  std::string out;
  for (uint32_t f = 0; f < state.features(); ++f) {
    if (const uint64_t n = state.feature(f).counters().evicted; n > 0)
      out += fmt::format("  {} of feature `{}` forgotten for want of memory\n", counted(n, "key"),
                         program.features[f].name);
  }
  for (uint32_t l = 0; l < program.labels.size(); ++l) {
    if (const uint64_t n = state.labels().refused(l); n > 0)
      out += fmt::format("  label `{}` not set {} for want of memory\n", program.labels[l].name, counted(n, "time"));
  }
  for (uint32_t r = 0; r < program.rules.size(); ++r) {
    if (const state::OnceGuard* guard = state.once(r); guard != nullptr && guard->evicted() > 0)
      out += fmt::format("  {} of `once` of rule `{}` forgotten for want of memory\n", counted(guard->evicted(), "key"),
                         program.rules[r].name);
  }
  if (!out.empty()) out += "  `state: {memory}` in weir.yaml is the budget; --state-stats shows what takes it\n";
  return out;
}

}  // namespace weir::tools
