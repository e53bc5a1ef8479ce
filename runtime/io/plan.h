// What to read from a record and where it goes: event schemas and mappings, checked against each other once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/ir/program.h"
#include "compiler/types/mapping.h"

namespace weir::io {

enum class TimeFormat : uint8_t { kRfc3339, kUnix, kUnixMs, kStrptime };

struct FieldPlan {
  std::string name;                   // of the event's field
  std::string path;                   // where it stands in the record
  const types::Type* type = nullptr;  // entities erased; null for extras
  bool optional = false;
  std::string split;
  TimeFormat time_format = TimeFormat::kRfc3339;
  std::string strptime;
};

// Keys of a record that something is read from, as a tree along dotted paths.
struct KeyNode {
  std::string key;
  std::vector<uint16_t> targets;                                   // slot, or fields.size() + number of the extra
  std::vector<KeyNode> children;                                   // in order of first mention
  const KeyNode* find(std::string_view name, size_t* hint) const;  // hint: where the last search ended
};

struct EventPlan {
  uint32_t event = 0;  // in the program
  uint32_t slot_count = 0;
  std::string type_value;         // empty: every record is this event
  std::vector<FieldPlan> fields;  // field i is slot i
  KeyNode keys;
};

struct DecodePlan {
  std::vector<EventPlan> events;
  std::string type_path;          // empty: there is one event only
  std::vector<FieldPlan> extras;  // values read beside the row, of any type: labels
};

struct PlanOptions {
  std::string event;  // not empty: every record is this event
  std::vector<std::string> extra_paths;
};

// Errors (InvalidArgument): a mapping for an event or field that is not declared, `split` on no list, and the like.
absl::StatusOr<DecodePlan> make_plan(const ir::Program& program, const std::vector<types::EventMapping>& mappings,
                                     const PlanOptions& options);

}  // namespace weir::io
