// Events and single fields from JSON, by the decoder that reads logs (runtime/io): the same text means the same here.
#include <simdjson.h>

#include <new>

#include "embed-api/src/event.h"
#include "runtime/io/json_text.h"

namespace weir::embed {
namespace {

using value::Value;

// No JSON text can hold this byte, so the decoder's default id ("file:line") is told from one that was read.
constexpr std::string_view kNoId = "\xff";

// The decoder reads past the end of its text.
std::string_view padded(weir_event* event) {
  size_t size = event->json.size();
  event->json.append(io::kPadding, ' ');
  return {event->json.data(), size};
}

weir_status rejected(const io::Reject& reject, weir_error* err) {
  weir_status code = reject.cause == io::RejectCause::kLineTooLong ? WEIR_E_LIMIT : WEIR_E_DATA;
  if (reject.field.empty()) return report(err, code, reject.message);
  return fail(err, code, "field `{}`: {}", reject.field, reject.message);
}

bool decode(weir_event* event, io::JsonDecoder& decoder, io::RowTarget* target, io::Reject* reject) {
  event->decoded.clear();
  target->arena = &event->arena;
  target->slots = &event->decoded;
  target->file = kNoId;
  return decoder.decode(padded(event), target, reject);
}

weir_status read_whole(weir_event* event, std::string_view json, weir_error* err) {
  if (event->whole == nullptr) {
    const RulesetState& r = *event->ruleset;
    event->whole =
        std::make_unique<io::JsonDecoder>(event->any ? r.records : r.mapped[static_cast<size_t>(event->event)]);
  }
  const int before = event->event;
  if (event->any) event->event = -1;
  event->clear();
  event->json.assign(json);
  io::RowTarget target;
  io::Reject reject;
  if (!decode(event, *event->whole, &target, &reject)) {
    event->arena.reset();
    return rejected(reject, err);
  }
  if (event->any) event->event = static_cast<int>(target.event);
  if (event->event != before) event->single = nullptr;
  const Value* row = event->decoded.data() + target.row;
  event->row.assign(row, row + event->shape().fields.size());
  Value& id = event->row[types::EventSchema::kIdSlot];
  if (id.is(value::Kind::kString) && id.str().starts_with(kNoId)) id = Value::missing();
  return WEIR_OK;
}

// One value and nothing after it, so that it can stand in an object of our own.
bool is_one_value(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const simdjson::error_code error = parser.parse(json).get(element);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  return error == simdjson::SUCCESS;
}

weir_status read_field(weir_event* event, size_t field, std::string_view json, weir_error* err) {
  const Shape::Field& f = event->shape().fields[field];
  event->json.assign(json);
  if (!is_one_value(event->json)) return fail(err, WEIR_E_DATA, "field `{}`: the text is not one JSON value", f.name);
  if (event->single == nullptr)
    event->single = std::make_unique<io::JsonDecoder>(event->ruleset->single[static_cast<size_t>(event->event)]);
  event->json.clear();
  event->json += '{';
  io::append_json_quoted(f.name, &event->json);
  event->json += ':';
  event->json += json;
  event->json += '}';
  io::RowTarget target;
  io::Reject reject;
  if (!decode(event, *event->single, &target, &reject)) return rejected(reject, err);
  Value value = event->decoded[target.row + field];
  if (value.is(value::Kind::kString) && value.str().starts_with(kNoId)) value = Value::missing();
  event->row[field] = value;
  return WEIR_OK;
}

}  // namespace
}  // namespace weir::embed

using weir::embed::call;
using weir::embed::fail;
using weir::embed::report;
using weir::embed::view;

weir_status weir_event_read_json(weir_event* event, weir_str json, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event, err);
    WEIR_REQUIRE_TEXT(json, err);
    try {
      return weir::embed::read_whole(event, view(json), err);
    } catch (...) {
      if (event->any) event->event = -1;
      weir_event_clear(event);
      throw;
    }
  });
}

weir_status weir_event_set_json(weir_event* event, int32_t field, weir_str json, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(event, err);
    WEIR_REQUIRE_TEXT(json, err);
    if (event->event < 0) return report(err, WEIR_E_SCHEMA, "the event has no type yet: read a JSON text first");
    if (field < 0 || static_cast<size_t>(field) >= event->row.size())
      return fail(err, WEIR_E_ARG, "event `{}` has no field number {}", event->shape().name, field);
    return weir::embed::read_field(event, static_cast<size_t>(field), view(json), err);
  });
}
