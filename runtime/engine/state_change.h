// Changes of state that people make and no event: inputs of a run like events, so that a replay that has them in the
// same places gives the same verdicts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace weir::engine {

// Stored by number: append only.
enum class ChangeKind : uint8_t {
  kSetLabel = 0,        // name: label; key; until
  kClearLabel = 1,      // name: label; key
  kSnooze = 2,          // name: rule; key if only for that one; until
  kEndSnooze = 3,       // name: rule; key as in the snooze it ends
  kResetLimit = 4,      // name: rule
  kReplaceList = 5,     // name: list; values
  kAddToList = 6,       // name: list; values
  kRemoveFromList = 7,  // name: list; values
};
inline constexpr uint8_t kChangeKindCount = 8;
std::string_view change_name(ChangeKind kind);  // "set_label"…

// Whatever it names is named by text, so that it outlives a reload: rules by id, entities' keys as they are written.
struct StateChange {
  ChangeKind kind = ChangeKind::kSetLabel;
  bool has_key = false;
  std::string name;
  std::string key;          // numbers as decimal text
  int64_t time_nanos = 0;   // event time as of which it is made
  int64_t until_nanos = 0;  // event time, exclusive; INT64_MAX: until it is ended
  std::vector<std::string> values;
  std::string by;      // who made it
  std::string reason;  // and why
  friend bool operator==(const StateChange&, const StateChange&) = default;
};

// A compact form that any later version reads.
std::string to_bytes(const StateChange& change);
absl::StatusOr<StateChange> change_from_bytes(std::string_view bytes);

}  // namespace weir::engine
