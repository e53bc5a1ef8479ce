// Changes of state as JSON objects: what `weir run --changes` reads and the audit log keeps.
//
//   {"change":"snooze","rule":"R-0001","key":"u1","time":"2026-03-01T10:00:00Z","until":"2026-03-02T00:00:00Z",
//    "by":"ann","reason":"a campaign of our own"}
//
// "change" is one of change_name(). "label" and "key" of set_label and clear_label; "rule" and, for one key only, "key"
// of snooze and end_snooze; "rule" of reset_limit; "list" and "values" of replace_list, add_to_list, remove_from_list.
// "time" is the event time as of which it is made; "until" its end, exclusive, absent if it has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/engine/state_change.h"

namespace weir::io {

// The time of a change that names none: it stands before all events.
inline constexpr int64_t kNoTime = INT64_MIN + 1;

// A change and where in a stream of events it stands.
struct PlacedChange {
  engine::StateChange change;
  // After so many events of the run; if absent, before the first event that is not before the change's time.
  std::optional<uint64_t> after_events;
};

// The members, without braces, in a fixed order: equal changes give equal text.
void append_change_members(const engine::StateChange& change, std::string* out);
// Members it does not know are ignored, so that it reads audit logs. Errors say which member is wrong.
absl::StatusOr<PlacedChange> parse_change(std::string_view json);

// Whether it is a step of an audit log (audit_log.h), and so no change.
bool is_step(std::string_view json);

}  // namespace weir::io
