#include "runtime/io/record.h"

#include <fmt/format.h>

#include "compiler/types/schema.h"
#include "runtime/io/plan.h"

namespace weir::io {

void start_row(const EventPlan& event, const DecodePlan& plan, RowTarget* target) {
  target->event = event.event;
  target->row = target->slots->size();
  target->extras = target->row + event.slot_count;
  target->slots->resize(target->extras + plan.extras.size());
}

bool finish_row(const EventPlan& event, RowTarget* target, Reject* reject) {
  value::Value* row = target->slots->data() + target->row;
  for (size_t slot = 0; slot < event.fields.size(); ++slot) {
    if (!row[slot].is_missing()) continue;
    const FieldPlan& field = event.fields[slot];
    if (slot == types::EventSchema::kIdSlot) {
      char digits[24];
      char* end = fmt::format_to(digits, ":{}", target->line);
      size_t size = target->file.size() + static_cast<size_t>(end - digits);
      auto* id = static_cast<char*>(target->arena->allocate(size));
      if (id == nullptr) continue;
      target->file.copy(id, target->file.size());  // may be empty, and null then
      memcpy(id + target->file.size(), digits, static_cast<size_t>(end - digits));
      row[slot] = value::Value::string({id, size});
      row[slot].set_default_id();
    } else if (!field.optional) {
      reject->cause = RejectCause::kMissingRequired;
      reject->field = field.name;
      reject->message = field.path == field.name ? "the record has no value for it"
                                                 : fmt::format("the record has no value at `{}`", field.path);
      return false;
    }
  }
  return true;
}

}  // namespace weir::io
