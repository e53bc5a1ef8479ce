#include "tools/weir/change_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "runtime/engine/apply_change.h"
#include "tools/weir/output.h"

namespace weir::tools {

std::unique_ptr<ChangeInput> ChangeInput::read(const std::string& path) {
  auto out = std::make_unique<ChangeInput>();
  out->path_ = path;
  if (path.empty()) return out;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    complain(fmt::format("cannot read {}", path));
    return nullptr;
  }
  std::string line;
  for (uint64_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    auto placed = io::parse_change(line);
    if (!placed.ok() && io::is_step(line)) continue;
    if (!placed.ok()) {
      complain(fmt::format("{}:{}: {}", path, number, std::string(placed.status().message())));
      return nullptr;
    }
    out->changes_.push_back({*std::move(placed), number});
  }
  return out;
}

bool ChangeInput::go_on_from(const engine::State& state, const std::vector<engine::StateChange>& last_changes) {
  int64_t latest = INT64_MIN;
  for (uint32_t e = 0; e < state.program().events.size(); ++e) latest = std::max(latest, state.event_clock(e).latest());
  for (const Line& line : changes_) {
    if (line.placed.after_events || line.placed.change.time_nanos != io::kNoTime) continue;
    complain(fmt::format("{}:{}: with --state a change needs its `time` or `after_events`", path_, line.line));
    return false;
  }
  // In the order of the file, in which they were made.
  const auto behind = [&](const io::PlacedChange& next) {
    return next.after_events ? *next.after_events < state.clock() : next.change.time_nanos <= latest;
  };
  while (at_ < changes_.size() && behind(changes_[at_].placed)) ++at_;
  for (const engine::StateChange& change : last_changes) {
    if (at_ < changes_.size() && changes_[at_].placed.change == change) ++at_;
  }
  if (at_ > 0)
    complain(fmt::format("{}: {} passed over, which the state has behind it", path_, counted(at_, "change")));
  return true;
}

bool ChangeInput::due(int64_t time, uint64_t events) const {
  if (at_ == changes_.size()) return false;
  const io::PlacedChange& next = changes_[at_].placed;
  return next.after_events ? *next.after_events <= events : next.change.time_nanos <= time;
}

bool ChangeInput::apply_before(int64_t time, uint64_t events, std::initializer_list<engine::State*> states,
                               const std::function<bool(const engine::StateChange&)>& applied) {
  for (; due(time, events); ++at_) {
    const io::PlacedChange& next = changes_[at_].placed;
    for (engine::State* state : states) {
      if (state == nullptr) continue;
      const auto made = engine::apply(*state, next.change);
      if (made.ok()) continue;
      complain(fmt::format("{}:{}: {}", path_, changes_[at_].line, std::string(made.status().message())));
      return false;
    }
    if (applied != nullptr && !applied(next.change)) return false;
  }
  return true;
}

void add_changes_option(CLI::App* command, std::string* path) {
  command
      ->add_option("--changes", *path,
                   "Labels, snoozes, limits and lists changed by hand: JSON lines, such as an audit log")
      ->type_name("FILE");
}

}  // namespace weir::tools
