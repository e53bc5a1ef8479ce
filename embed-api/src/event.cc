// Events filled field by field.
#include "embed-api/src/event.h"

#include <algorithm>

#include "runtime/value/text.h"
#include "runtime/value/utf8.h"

using weir::embed::call;
using weir::embed::fail;
using weir::embed::report;
using weir::embed::str;
using weir::embed::view;
using weir::value::Value;

void weir_event::clear() {
  arena.reset();
  row.assign(event < 0 ? 0 : shape().fields.size(), Value::missing());
}

namespace {

constexpr int64_t kNanos = 1'000'000'000;

// The slot to set, or null with the error reported: the field must exist and hold `type` (or anything).
Value* slot_for(weir_event* event, int32_t field, uint32_t type, weir_error* err, weir_status* status) {
  if (event->event < 0) {
    *status = report(err, WEIR_E_SCHEMA, "the event has no type yet: read a JSON text first");
    return nullptr;
  }
  const auto& fields = event->shape().fields;
  if (field < 0 || static_cast<size_t>(field) >= fields.size()) {
    *status = fail(err, WEIR_E_ARG, "event `{}` has no field number {}", event->shape().name, field);
    return nullptr;
  }
  const weir::embed::Shape::Field& f = fields[static_cast<size_t>(field)];
  if (f.kind != type && f.kind != WEIR_TYPE_DYN) {
    *status = fail(err, WEIR_E_SCHEMA, "field `{}` is {}, and set as another type", f.name, f.declared);
    return nullptr;
  }
  *status = WEIR_OK;
  return &event->row[static_cast<size_t>(field)];
}

weir_status set(weir_event* event, int32_t field, uint32_t type, const Value& value, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event, err);
    weir_status status;
    if (Value* slot = slot_for(event, field, type, err, &status)) *slot = value;
    return status;
  });
}

weir_status no_room(const weir_event* event, weir_error* err) {
  if (event->arena.starved()) throw std::bad_alloc();
  return report(err, WEIR_E_LIMIT, "the event takes more than 64 MiB");
}

weir_status not_utf8(const weir_event* event, int32_t field, weir_error* err) {
  return fail(err, WEIR_E_DATA, "field `{}`: the text is not valid UTF-8",
              event->shape().fields[static_cast<size_t>(field)].name);
}

}  // namespace

weir_status weir_event_create(const weir_schema* schema, weir_event** event_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event_out, err);
    *event_out = nullptr;
    WEIR_REQUIRE(schema, err);
    auto event = std::make_unique<weir_event>();
    event->ruleset = schema->ruleset;
    event->event = static_cast<int>(schema->event);
    event->clear();
    *event_out = event.release();
    return WEIR_OK;
  });
}

weir_status weir_event_create_any(const weir_ruleset* ruleset, weir_event** event_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event_out, err);
    *event_out = nullptr;
    WEIR_REQUIRE(ruleset, err);
    if (ruleset->state->shapes.empty()) return report(err, WEIR_E_SCHEMA, "the rules declare no event");
    auto event = std::make_unique<weir_event>();
    event->ruleset = ruleset->state;
    event->any = true;
    *event_out = event.release();
    return WEIR_OK;
  });
}

weir_str weir_event_type(const weir_event* event) {
  if (event == nullptr || event->event < 0) return {nullptr, 0};
  return str(event->shape().name);
}

weir_status weir_event_set_bool(weir_event* event, int32_t field, int32_t value, weir_error* err) {
  return set(event, field, WEIR_TYPE_BOOL, Value::boolean(value != 0), err);
}

weir_status weir_event_set_i64(weir_event* event, int32_t field, int64_t value, weir_error* err) {
  return set(event, field, WEIR_TYPE_INT, Value::integer(value), err);
}

weir_status weir_event_set_u64(weir_event* event, int32_t field, uint64_t value, weir_error* err) {
  return set(event, field, WEIR_TYPE_UINT, Value::uint(value), err);
}

weir_status weir_event_set_f64(weir_event* event, int32_t field, double value, weir_error* err) {
  return set(event, field, WEIR_TYPE_DOUBLE, Value::dbl(value), err);
}

weir_status weir_event_set_str(weir_event* event, int32_t field, weir_str value, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event, err);
    WEIR_REQUIRE_TEXT(value, err);
    weir_status status;
    Value* slot = slot_for(event, field, WEIR_TYPE_STRING, err, &status);
    if (slot == nullptr) return status;
    if (!weir::value::valid_utf8(view(value))) return not_utf8(event, field, err);
    const char* copy = event->arena.copy(view(value));
    if (copy == nullptr) return no_room(event, err);
    *slot = Value::string({copy, value.len});
    return WEIR_OK;
  });
}

weir_status weir_event_set_bytes(weir_event* event, int32_t field, const void* data, size_t len, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event, err);
    if (len != 0) WEIR_REQUIRE(data, err);
    weir_status status;
    Value* slot = slot_for(event, field, WEIR_TYPE_BYTES, err, &status);
    if (slot == nullptr) return status;
    const char* copy = event->arena.copy({static_cast<const char*>(data), len});
    if (copy == nullptr) return no_room(event, err);
    *slot = Value::bytes({copy, len});
    return WEIR_OK;
  });
}

weir_status weir_event_set_timestamp(weir_event* event, int32_t field, int64_t seconds, int32_t nanos,
                                     weir_error* err) {
  WEIR_REQUIRE(event, err);
  if (nanos < 0 || nanos >= kNanos) return fail(err, WEIR_E_ARG, "`nanos` is {}, not in [0, 1000000000)", nanos);
  if (seconds < weir::value::kMinTimestamp || seconds > weir::value::kMaxTimestamp)
    return fail(err, WEIR_E_DATA, "{} s is not within years 1 to 9999", seconds);
  return set(event, field, WEIR_TYPE_TIMESTAMP, Value::timestamp(seconds, static_cast<uint32_t>(nanos)), err);
}

weir_status weir_event_set_duration(weir_event* event, int32_t field, int64_t nanos, weir_error* err) {
  int64_t seconds = nanos / kNanos, rest = nanos % kNanos;
  if (rest < 0) --seconds, rest += kNanos;
  return set(event, field, WEIR_TYPE_DURATION, Value::duration(seconds, static_cast<uint32_t>(rest)), err);
}

weir_status weir_event_set_str_list(weir_event* event, int32_t field, const weir_str* values, size_t n,
                                    weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event, err);
    if (n != 0) WEIR_REQUIRE(values, err);
    weir_status status;
    Value* slot = slot_for(event, field, WEIR_TYPE_LIST, err, &status);
    if (slot == nullptr) return status;
    const weir::embed::Shape::Field& f = event->shape().fields[static_cast<size_t>(field)];
    if (f.kind == WEIR_TYPE_LIST && f.element != WEIR_TYPE_STRING && f.element != WEIR_TYPE_DYN)
      return fail(err, WEIR_E_SCHEMA, "field `{}` is {}, and set as list<string>", f.name, f.declared);
    if (n > UINT32_MAX / sizeof(Value)) return no_room(event, err);
    auto* list = event->arena.allocate_array<weir::value::ListRep>(1);
    auto* items = event->arena.allocate_array<Value>(n);
    if (list == nullptr || items == nullptr) return no_room(event, err);
    for (size_t i = 0; i < n; ++i) {
      WEIR_REQUIRE_TEXT(values[i], err);
      if (!weir::value::valid_utf8(view(values[i]))) return not_utf8(event, field, err);
      const char* copy = event->arena.copy(view(values[i]));
      if (copy == nullptr) return no_room(event, err);
      items[i] = Value::string({copy, values[i].len});
    }
    *list = {};
    list->size = list->capacity = static_cast<uint32_t>(n);
    list->items = items;
    *slot = Value::of(list);
    return WEIR_OK;
  });
}

weir_status weir_event_set_absent(weir_event* event, int32_t field, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event, err);
    if (event->event < 0) return report(err, WEIR_E_SCHEMA, "the event has no type yet: read a JSON text first");
    if (field < 0 || static_cast<size_t>(field) >= event->row.size())
      return fail(err, WEIR_E_ARG, "event `{}` has no field number {}", event->shape().name, field);
    event->row[static_cast<size_t>(field)] = Value::missing();
    return WEIR_OK;
  });
}

void weir_event_clear(weir_event* event) {
  if (event == nullptr) return;
  event->arena.reset();
  std::fill(event->row.begin(), event->row.end(), Value::missing());
}

void weir_event_release(weir_event* event) { delete event; }
