// `--changes FILE`: changes of state that people made, put in at their places of a stream of events.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "runtime/engine/state.h"
#include "runtime/io/change_json.h"

namespace weir::tools {

void add_changes_option(CLI::App* command, std::string* path);

class ChangeInput {
 public:
  // JSON lines, such as an audit log's. Complains, with the line, and gives null if one is wrong. An empty path has no
  // changes.
  static std::unique_ptr<ChangeInput> read(const std::string& path);

  // Passes over what a state that was restored has behind it, and says so: changes whose place the state is past, and
  // those it has at its very end (durable::Recovery::last_changes). Complains, with the line, and gives false if a
  // change names no place: whether the state has it could not be told.
  bool go_on_from(const engine::State& state, const std::vector<engine::StateChange>& last_changes);
  // Whether apply_before() would do anything.
  bool due(int64_t time, uint64_t events) const;
  // Puts into force what comes before an event at `time`, after `events` of the run. Complains, with the line, and
  // gives false if a change does not fit the rules. `applied` is told of each that was made in all states; it is false
  // if no more can be done.
  bool apply_before(int64_t time, uint64_t events, std::initializer_list<engine::State*> states,
                    const std::function<bool(const engine::StateChange&)>& applied = nullptr);

 private:
  struct Line {
    io::PlacedChange placed;
    uint64_t line;
  };
  std::string path_;
  std::vector<Line> changes_;  // in the order of the file
  size_t at_ = 0;
};

}  // namespace weir::tools
