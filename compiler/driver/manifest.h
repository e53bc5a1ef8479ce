// weir.yaml: one per rule set. Unknown keys are errors with a hint. All of it is optional:
//
//   name: coordination
//   rules: ["*.weir", "more/*.weir"]       # globs relative to this file; default "*.weir"
//   events:
//     post:
//       type: {path: kind, value: post}    # only with several event types in one log
//       lateness: 1h                       # how late an event may come and still count
//       time: created_at                   # short for {path: created_at}; default: the key "time"
//       id: event_id                       # default: the key "id"
//       fields:                            # a field not named here reads the key of its own name
//         urls: {path: urls, split: " "}
//         joined: {path: user.created, format: unix_ms}   # rfc3339 (default), unix, unix_ms, or a strptime format
//   state: {memory: 4GiB}                  # budget of windowed state
//   cost: {max_rule: 10000}                # worst-case cost units one rule may have
//   owners: {spam-team: "#spam-oncall"}
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/driver/compile.h"
#include "compiler/types/mapping.h"

namespace weir::driver {

using types::EventMapping;
using types::FieldMapping;

struct Manifest {
  std::string name;
  std::vector<std::string> rules;  // globs relative to the manifest
  std::vector<EventMapping> events;
  std::map<std::string, int64_t> lateness_nanos;  // by event
  size_t state_memory_bytes = 0;                  // 0: default
  uint64_t max_rule_cost = 0;                     // 0: no cap
  std::map<std::string, std::string> owners;
};

check::ManifestLimits limits_of(const Manifest& manifest);

// All errors of the file, one a line, as "path:line: message; hint".
absl::StatusOr<Manifest> parse_manifest(const std::string& path, const std::string& text);

// A rule set from a directory (weir.yaml optional: then every *.weir in it, by name) or from files. List files are
// looked for beside the rule file that names them, then in `directory`; read_file counts on sources[i] being file i of
// the compilation.
struct RuleSetSource {
  Manifest manifest;
  std::string directory;
  std::vector<SourceText> sources;
  check::FileReader read_file;
};
absl::StatusOr<RuleSetSource> load_rule_set(const std::vector<std::string>& paths);

}  // namespace weir::driver
