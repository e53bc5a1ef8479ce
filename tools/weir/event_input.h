// Logs on the command line: the options that say what to read, and the account of what could not be read.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/io/event_reader.h"
#include "tools/weir/rule_input.h"

namespace weir::tools {

struct EventInput {
  std::vector<std::string> paths;
  std::string event;
  std::string input_format = "auto";
  std::string max_line = "16MiB";
  unsigned threads = 1;
  bool strict = false;
  std::string dead_letter;
};

void add_event_options(CLI::App* command, EventInput* input);
// Complains and gives null if a mapping is wrong or a file cannot be opened.
std::unique_ptr<io::EventReader> open_events(const EventInput& input, const RuleSet& rules,
                                             const std::vector<std::string>& extra_paths);

// After the last record: flushes the dead-letter file, reports rejections to standard error, and says which exit code
// they ask for (kOk, kPartlyRejected, or kUsage if reading broke off).
int finish_events(io::EventReader& reader, const EventInput& input, bool quiet);
Json rejects_json(const io::RejectLog& log);

}  // namespace weir::tools
