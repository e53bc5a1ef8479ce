#include "tools/weir/change_input.h"

#include <fmt/format.h>

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
    if (!placed.ok()) {
      complain(fmt::format("{}:{}: {}", path, number, std::string(placed.status().message())));
      return nullptr;
    }
    out->changes_.push_back({*std::move(placed), number});
  }
  return out;
}

bool ChangeInput::due(int64_t time, uint64_t events) const {
  if (at_ == changes_.size()) return false;
  const io::PlacedChange& next = changes_[at_].placed;
  return next.after_events ? *next.after_events <= events : next.change.time_nanos <= time;
}

bool ChangeInput::apply_before(int64_t time, uint64_t events, std::initializer_list<engine::State*> states) {
  for (; due(time, events); ++at_) {
    for (engine::State* state : states) {
      if (state == nullptr) continue;
      const auto applied = engine::apply(*state, changes_[at_].placed.change);
      if (applied.ok()) continue;
      complain(fmt::format("{}:{}: {}", path_, changes_[at_].line, std::string(applied.status().message())));
      return false;
    }
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
