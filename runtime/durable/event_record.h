// Events in the log: the decoded row, field by field, so that replay needs no mapping of JSON or CSV.
//
// A segment of the log begins with the event types and fields of the rules that wrote it. A reader with other rules
// finds fields by name: one that is gone is dropped, a new one is missing; an event that no longer fits its type is
// refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/ir/program.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::durable {

std::string event_schema(const ir::Program& program);

// The fields of a row, those of the session left out.
void append_event(const ir::Program& program, uint32_t event, const value::Value* row, std::string* out);

// Of one segment. Borrows the program.
class EventDecoder {
 public:
  static absl::StatusOr<EventDecoder> create(std::string_view schema, const ir::Program& program);

  // Fills *row with the event's slot_count slots, which borrow from the payload and the arena. DataLoss: it is no
  // event; FailedPrecondition: it does not fit the rules of today.
  absl::Status decode(std::string_view payload, value::Arena& arena, uint32_t* event,
                      std::vector<value::Value>* row) const;

 private:
  struct Field {
    std::string name;
    int slot = -1;         // today's; -1: dropped
    bool checked = false;  // of another type today: each value is looked at
  };
  struct Event {
    std::string name;
    int event = -1;  // today's; -1: there is none
    std::vector<Field> fields;
  };

  explicit EventDecoder(const ir::Program& program) : program_(&program) {}

  const ir::Program* program_;
  std::vector<Event> events_;
};

}  // namespace weir::durable
