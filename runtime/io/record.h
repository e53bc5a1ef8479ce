// Where decoders put a record: its row, the values read beside it, and the arena that holds their text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/io/reject.h"
#include "runtime/value/arena.h"
#include "runtime/value/context.h"
#include "runtime/value/value.h"

namespace weir::io {

inline constexpr size_t kPadding = 64;  // readable bytes simdjson wants after a text

// Rows of one batch, appended by a decoder. `slots` grows; offsets stay valid.
struct RowTarget {
  value::Arena* arena = nullptr;
  std::vector<value::Value>* slots = nullptr;
  std::string_view file;  // for the default id
  uint64_t line = 0;
  // Filled in by the decoder:
  uint32_t event = 0;
  size_t row = 0;     // offset of the row in slots
  size_t extras = 0;  // offset of the extras in slots
};

struct EventPlan;
struct DecodePlan;
// Slots for the row and extras of an event, all missing.
void start_row(const EventPlan& event, const DecodePlan& plan, RowTarget* target);
// Missing required fields and the default id; false and *reject if one is missing.
bool finish_row(const EventPlan& event, RowTarget* target, Reject* reject);

}  // namespace weir::io
