#include "runtime/durable/event_record.h"

#include <fmt/format.h>

#include "runtime/durable/file.h"
#include "runtime/state/codec.h"

namespace weir::durable {
namespace {

using state::Reader;
using state::Writer;
using value::Value;

constexpr size_t kMaxEventMemory = size_t{256} << 20;

absl::Status does_not_fit(const std::string& text) { return absl::FailedPreconditionError(text); }

// Whether a field of a type may hold the value: the evaluator takes that for granted.
bool fits(const Value& v, const types::Type* type) {
  using types::Kind;
  type = type->base();
  switch (type->kind()) {
    case Kind::kBool:
      return v.is(value::Kind::kBool);
    case Kind::kInt:
      return v.is(value::Kind::kInt);
    case Kind::kUint:
      return v.is(value::Kind::kUint);
    case Kind::kDouble:
      return v.is(value::Kind::kDouble);
    case Kind::kString:
      return v.is(value::Kind::kString);
    case Kind::kDyn:
      return true;
    default:
      break;
  }
  if (v.is(value::Kind::kNull)) return true;
  switch (type->kind()) {
    case Kind::kBytes:
      return v.is(value::Kind::kBytes);
    case Kind::kTimestamp:
      return v.is(value::Kind::kTimestamp);
    case Kind::kDuration:
      return v.is(value::Kind::kDuration);
    case Kind::kList:
      if (!v.is(value::Kind::kList)) return false;
      for (uint32_t i = 0; i < v.list->size; ++i) {
        if (!fits(v.list->items[i], type->arg(0))) return false;
      }
      return true;
    case Kind::kMap:
      if (!v.is(value::Kind::kMap)) return false;
      for (uint32_t i = 0; i < v.map->size; ++i) {
        if (!fits(v.map->entries[i].key, type->arg(0)) || !fits(v.map->entries[i].value, type->arg(1))) return false;
      }
      return true;
    case Kind::kOptional:
      return v.is(value::Kind::kOptional) && (v.optional == nullptr || fits(*v.optional, type->arg(0)));
    default:
      return false;
  }
}

}  // namespace

std::string event_schema(const ir::Program& program) {
  Writer out;
  out.varint(program.events.size());
  for (const ir::Event& event : program.events) {
    out.text(event.schema.name);
    out.varint(event.schema.fields.size());
    for (const types::Field& field : event.schema.fields) {
      out.text(field.name);
      out.text(types::to_string(field.type->base()));
    }
  }
  return out.take();
}

void append_event(const ir::Program& program, uint32_t event, const Value* row, std::string* out) {
  Writer record;
  record.varint(uint64_t{event} << 1 | row[types::EventSchema::kIdSlot].is_default_id());
  for (size_t slot = 0; slot < program.events[event].schema.fields.size(); ++slot) {
    // What is absent is a kind of its own; an error cannot stand in a row.
    state::write_value(row[slot].is_error() ? Value::missing() : row[slot], record);
  }
  out->append(record.bytes());
}

absl::StatusOr<EventDecoder> EventDecoder::create(std::string_view schema, const ir::Program& program) {
  Reader in(schema);
  EventDecoder out(program);
  for (size_t events = in.count(2); events > 0 && in.ok(); --events) {
    Event& event = out.events_.emplace_back();
    event.name = in.text();
    event.event = program.find_event(event.name);
    for (size_t fields = in.count(2); fields > 0 && in.ok(); --fields) {
      Field& field = event.fields.emplace_back();
      field.name = in.text();
      const std::string_view type = in.text();
      if (event.event < 0) continue;
      const types::EventSchema& today = program.events[static_cast<size_t>(event.event)].schema;
      field.slot = today.find(field.name);
      field.checked =
          field.slot >= 0 && types::to_string(today.fields[static_cast<size_t>(field.slot)].type->base()) != type;
    }
  }
  if (!in.ok() || in.left() > 0) return data_loss("the log's event types cannot be read");
  return out;
}

absl::Status EventDecoder::decode(std::string_view payload, value::Arena& arena, uint32_t* event,
                                  std::vector<Value>* row) const {
  Reader in(payload, kMaxEventMemory);
  const uint64_t head = in.varint(), number = head >> 1;
  if (!in.ok() || number >= events_.size()) return data_loss("an event of the log is of no known type");
  const Event& written = events_[number];
  if (written.event < 0) return does_not_fit(fmt::format("there is no event type `{}` any more", written.name));
  *event = static_cast<uint32_t>(written.event);
  const ir::Event& today = program_->events[*event];
  row->assign(today.slot_count, Value::missing());
  for (const Field& field : written.fields) {
    const Value v = state::read_value_or_missing(in, arena);
    if (!in.ok()) return data_loss(fmt::format("an event of the log cannot be read: {}", in.failure()));
    if (field.slot < 0) continue;
    if (field.checked && !v.is_missing() && !fits(v, today.schema.fields[static_cast<size_t>(field.slot)].type)) {
      return does_not_fit(fmt::format("`{}.{}` is of another type now", written.name, field.name));
    }
    (*row)[static_cast<size_t>(field.slot)] = v;
  }
  if ((head & 1) != 0) (*row)[types::EventSchema::kIdSlot].set_default_id();
  if (in.left() > 0) return data_loss("an event of the log is longer than its fields");
  for (size_t slot = 0; slot < today.schema.fields.size(); ++slot) {
    const types::Field& field = today.schema.fields[slot];
    if (!field.optional && (*row)[slot].is_missing()) {
      return does_not_fit(fmt::format("`{}.{}` is required now", written.name, field.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace weir::durable
