// weir.yaml: one per rule set. Unknown keys are errors with a hint.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/driver/compile.h"

namespace weir::driver {

// How one event type is read from a record. Defaults: a field reads the key of its own name; `time` reads "time", `id`
// "id".
struct FieldMapping {
  std::string path;    // JSON path "a.b.c" or CSV column
  std::string split;   // not empty: a text split into a list at this separator, empty pieces dropped
  std::string format;  // time: "" (RFC 3339), "unix", "unix_ms", or a strptime format
};
struct EventMapping {
  std::string event;
  std::map<std::string, FieldMapping> fields;  // by field name, `time` and `id` included
  // With several event types in one log: the key that tells, and its value for this event.
  std::string type_path, type_value;
};

struct Manifest {
  std::string name;
  std::vector<std::string> rules;  // globs relative to the manifest
  std::vector<EventMapping> events;
  std::map<std::string, int64_t> lateness_nanos;  // by event
  size_t state_memory_bytes = 0;                  // 0: default
  uint64_t max_rule_cost = 0;                     // 0: no cap
  std::map<std::string, std::string> owners;
};

absl::StatusOr<Manifest> parse_manifest(const std::string& path, const std::string& text);

// A rule set from a directory (weir.yaml optional: then every *.weir) or from files.
struct RuleSetSource {
  Manifest manifest;
  std::string directory;
  std::vector<SourceText> sources;
  check::FileReader read_file;
};
absl::StatusOr<RuleSetSource> load_rule_set(const std::vector<std::string>& paths);

}  // namespace weir::driver
