// A record batch of events.
#include <algorithm>
#include <chrono>
#include <new>
#include <optional>

#include "embed-api/src/arrow_columns.h"
#include "embed-api/src/arrow_result.h"
#include "embed-api/src/rollout.h"
#include "embed-api/src/session.h"
#include "runtime/state/time.h"

namespace weir::embed {
namespace {

using types::EventSchema;
using value::Value;

constexpr size_t kTogether = 1024;  // rows made of columns at a time
constexpr uint64_t kLongestTimeout = INT64_MAX;

// Rows of one event type, made from columns.
class RowMaker {
 public:
  RowMaker(const Shape& shape, size_t slots) : shape_(shape), slots_(slots) {}

  weir_status open(const ArrowSchema& type, const ArrowArray& rows, weir_error* err) {
    if (type.format == nullptr || std::string_view(type.format) != "+s" || type.dictionary != nullptr)
      return report(err, WEIR_E_SCHEMA, "a batch is a struct of columns");
    if (rows.length < 0 || rows.offset < 0 || rows.offset > INT64_MAX - rows.length)
      return report(err, WEIR_E_DATA, "the batch's length or offset is out of range");
    if (type.n_children < 0 || type.n_children != rows.n_children ||
        (type.n_children > 0 && (type.children == nullptr || rows.children == nullptr)))
      return report(err, WEIR_E_DATA, "the batch has not as many columns as its type");
    if (weir_status s = refuse_null_rows(rows, err)) return s;
    first_ = rows.offset;
    count_ = rows.length;
    for (int64_t c = 0; c < type.n_children; ++c) {
      const ArrowSchema* const column_type = type.children[c];
      const ArrowArray* const column = rows.children[c];
      if (column_type == nullptr || column == nullptr || column_type->release == nullptr || column->release == nullptr)
        return fail(err, WEIR_E_DATA, "column {} was released", c);
      if (column_type->name == nullptr) continue;
      const int field = shape_.find(column_type->name);
      if (field < 0) continue;
      for (const auto& [known, other] : columns_)
        if (known == static_cast<size_t>(field))
          return fail(err, WEIR_E_SCHEMA, "column `{}` comes twice", column_type->name);
      const Shape::Field& f = shape_.fields[static_cast<size_t>(field)];
      auto& [number, reader] = columns_.emplace_back();
      number = static_cast<size_t>(field);
      std::string why;
      if (!reader.open(*column_type, *column, f.kind, f.element, first_, count_, &why))
        return fail(err, WEIR_E_SCHEMA, "column `{}` for field `{}`, {}: {}", column_type->name, f.name, f.declared,
                    why);
    }
    for (size_t field = 0; field < shape_.fields.size(); ++field) {
      if (field == EventSchema::kIdSlot || shape_.fields[field].optional) continue;
      if (std::ranges::find(columns_, field, [](const auto& c) { return c.first; }) == columns_.end())
        return fail(err, WEIR_E_SCHEMA, "event `{}`: no column for the required field `{}`", shape_.name,
                    shape_.fields[field].name);
    }
    values_.resize(kTogether * slots_);
    return WEIR_OK;
  }

  int64_t count() const { return count_; }
  Value* row(size_t i) { return values_.data() + i * slots_; }

  // Rows first, …, first + count - 1, at most kTogether; row(0) is the first of them.
  weir_status make(int64_t first, size_t count, weir_error* err) {
    arena_.reset();
    std::fill_n(values_.begin(), count * slots_, Value::missing());
    std::string why;
    for (const auto& [field, column] : columns_) {
      const bool required = !shape_.fields[field].optional;
      for (size_t i = 0; i < count; ++i) {
        Value& v = row(i)[field];
        const bool taken = column.read(first_ + first + static_cast<int64_t>(i), arena_, &v, &why);
        if (arena_.starved()) throw std::bad_alloc();
        if (!taken)
          return fail(err, WEIR_E_DATA, "row {}, field `{}`: {}", first + static_cast<int64_t>(i),
                      shape_.fields[field].name, why);
        if (required && v.is_missing() && field != EventSchema::kIdSlot)
          return fail(err, WEIR_E_DATA, "row {}: required field `{}` is null", first + static_cast<int64_t>(i),
                      shape_.fields[field].name);
      }
    }
    for (size_t i = 0; i < count; ++i) {
      Value& id = row(i)[EventSchema::kIdSlot];
      if (id.is_missing()) id = Value::string("");
    }
    return WEIR_OK;
  }

 private:
  static weir_status refuse_null_rows(const ArrowArray& rows, weir_error* err) {
    if (rows.n_buffers != 1 || rows.buffers == nullptr) return report(err, WEIR_E_DATA, "a struct has one buffer");
    const auto* const validity = static_cast<const uint8_t*>(rows.buffers[0]);
    if (validity == nullptr) return WEIR_OK;
    for (int64_t i = rows.offset; i < rows.offset + rows.length; ++i)
      if ((validity[i / 8] >> (i % 8) & 1) == 0) return fail(err, WEIR_E_DATA, "row {} is null", i - rows.offset);
    return WEIR_OK;
  }

  const Shape& shape_;
  const size_t slots_;
  int64_t first_ = 0, count_ = 0;
  std::vector<std::pair<size_t, ArrowColumn>> columns_;  // with the number of the field
  std::vector<Value> values_;
  value::Arena arena_;
};

// `timeout` of the whole batch; 0: none. *expired is set if it was over before the last event was through.
weir_status evaluate(weir_session* session, uint32_t event, RowMaker& rows, std::chrono::nanoseconds timeout,
                     ArrowResult& out, bool* expired, weir_error* err) {
  std::vector<engine::Session::EventRow> events;
  bool moved = false;
  weir_status audited = WEIR_OK;
  if (timeout.count() > 0) {
    session->engine->set_deadline(std::chrono::steady_clock::now() + timeout);
  } else {
    session->engine->set_time_limit({});
  }
  for (int64_t first = 0; first < rows.count(); first += kTogether) {
    const auto count = static_cast<size_t>(std::min<int64_t>(kTogether, rows.count() - first));
    if (weir_status s = rows.make(first, count, err)) return s;
    events.clear();
    for (size_t i = 0; i < count; ++i) events.push_back({event, rows.row(i)});
    Keeper::Inputs inputs(session->keeper.get());
    if (session->has_moved()) return report_moved(err);
    if (absl::Status s = inputs.append(events); !s.ok()) return report(err, s, WEIR_E_IO);
    session->engine->evaluate_batch(events, [&](size_t i, const engine::EventResult& result) {
      moved = moved || result.moved;
      if (result.moved) return;
      ++session->events;
      out.add(result);
      *expired = *expired || result.expired;
      const value::Value* const row = events[i].row;
      if (weir_status s = audit_trips(*session, state::to_nanos(row[types::EventSchema::kTimeSlot]), result, err))
        audited = s;
      if (session->ruleset->rollout != nullptr) session->ruleset->rollout->add(event, row, result);
    });
    if (moved) return report_moved(err);
    if (absl::Status s = inputs.commit(); !s.ok()) return report(err, s, WEIR_E_IO);
  }
  return audited;
}

// No limit: *result has no column for it.
weir_status eval_arrow(weir_session* session, const weir_schema* schema, const ArrowSchema* type,
                       const ArrowArray* rows, std::optional<uint64_t> timeout_ns, ArrowSchema* result_type,
                       ArrowArray* result, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(result_type, err);
    WEIR_REQUIRE(result, err);
    *result_type = {};
    *result = {};
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE(schema, err);
    WEIR_REQUIRE(type, err);
    WEIR_REQUIRE(rows, err);
    if (type->release == nullptr || rows->release == nullptr) return report(err, WEIR_E_ARG, "the batch was released");
    if (schema->ruleset != session->ruleset)
      return report(err, WEIR_E_SCHEMA, "`schema` is not of the session's rule set");
    if (timeout_ns.value_or(0) > kLongestTimeout) return report(err, WEIR_E_ARG, "`timeout_ns` is beyond 292 years");
    const Shape& shape = session->ruleset->shapes[schema->event];
    RowMaker maker(shape, session->ruleset->program->events[schema->event].slot_count);
    if (weir_status s = maker.open(*type, *rows, err)) return s;
    // All of it is read before any of it is evaluated: a batch that is refused has changed nothing.
    for (int64_t first = 0; first < maker.count(); first += kTogether) {
      const auto count = static_cast<size_t>(std::min<int64_t>(kTogether, maker.count() - first));
      if (weir_status s = maker.make(first, count, err)) return s;
    }
    ArrowResult out(timeout_ns.has_value());
    bool expired = false;
    const std::chrono::nanoseconds timeout(timeout_ns.value_or(0));
    if (weir_status s = evaluate(session, static_cast<uint32_t>(schema->event), maker, timeout, out, &expired, err))
      return s;
    out.move_to(result_type, result);
    return expired ? report(err, WEIR_E_LIMIT, "the time for the batch was over: see the column `expired`") : WEIR_OK;
  });
}

}  // namespace
}  // namespace weir::embed

weir_status weir_session_eval_arrow(weir_session* session, const weir_schema* schema, const ArrowSchema* type,
                                    const ArrowArray* rows, ArrowSchema* result_type, ArrowArray* result,
                                    weir_error* err) {
  return weir::embed::eval_arrow(session, schema, type, rows, std::nullopt, result_type, result, err);
}

weir_status weir_session_eval_arrow_within(weir_session* session, const weir_schema* schema, const ArrowSchema* type,
                                           const ArrowArray* rows, uint64_t timeout_ns, ArrowSchema* result_type,
                                           ArrowArray* result, weir_error* err) {
  return weir::embed::eval_arrow(session, schema, type, rows, timeout_ns, result_type, result, err);
}
