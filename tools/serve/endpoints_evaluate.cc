// Events in, verdicts out.
#include <fmt/format.h>

#include "compiler/driver/units.h"
#include "compiler/types/schema.h"
#include "runtime/engine/state.h"
#include "runtime/explain/explain.h"
#include "runtime/io/json_text.h"
#include "runtime/state/time.h"
#include "tools/serve/body.h"
#include "tools/serve/endpoints.h"
#include "tools/serve/problem.h"
#include "tools/serve/service.h"
#include "tools/weir/verdict_line.h"

namespace weir::serve {
namespace {

constexpr std::string_view kGenerationHeader = "Weir-Generation", kRulesHeader = "Weir-Rules";
using Clock = std::chrono::steady_clock;

// By when all events of the request are to be decided about: `Weir-Timeout`, or what the server was started with.
// False, and answered, if the header is no duration.
bool read_deadline(const Exchange& exchange, std::optional<Clock::time_point>* out, Response* response) {
  std::chrono::nanoseconds time = exchange.service.limits().deadline;
  if (!exchange.request.timeout.empty()) {
    const auto nanos = driver::parse_duration(exchange.request.timeout);
    if (!nanos || *nanos <= 0) {
      set_problem(response, 400, fmt::format("Weir-Timeout `{}` is no duration like 5ms", exchange.request.timeout));
      return false;
    }
    time = std::chrono::nanoseconds(*nanos);
  }
  if (time.count() > 0) *out = Clock::now() + time;
  return true;
}

void limit_time(const std::optional<Clock::time_point>& deadline, engine::Session& session) {
  if (deadline) {
    session.set_deadline(*deadline);
  } else {
    session.set_time_limit({});
  }
}

// `?event=`: -1 if the body says which. False, and answered, if there is no such event.
bool asked_event(const Exchange& exchange, int* event, Response* response) {
  *event = -1;
  if (exchange.request.query.empty()) return true;
  const std::string name = query_value(exchange.request, "event");
  if (name.empty()) return true;
  *event = exchange.worker.pinned->set->program->find_event(name);
  if (*event < 0) set_problem(response, 404, fmt::format("the rules declare no event `{}`", name));
  return *event >= 0;
}

int status_of(io::RejectCause cause) {
  return cause == io::RejectCause::kNotJson || cause == io::RejectCause::kInvalidUtf8 ? 400 : 422;
}

void refuse(const io::Reject& reject, Response* response) {
  tools::Json members = {{"cause", io::reject_cause_name(reject.cause)}};
  if (!reject.field.empty()) members["field"] = reject.field;
  set_problem(response, status_of(reject.cause), reject.message, members);
}

void begin(Worker& worker) {
  worker.arena.reset();
  worker.slots.clear();
  ++worker.requests;
}

// What a line of verdicts says in place of one.
void append_error(const io::Reject& reject, std::string* out) {
  out->append("{\"error\":{\"cause\":");
  io::append_json_quoted(io::reject_cause_name(reject.cause), out);
  if (!reject.field.empty()) {
    out->append(",\"field\":");
    io::append_json_quoted(reject.field, out);
  }
  out->append(",\"message\":");
  io::append_json_quoted(reject.message, out);
  out->append("}}\n");
}

// Which rules to explain: one, or those that did something.
struct Explained {
  bool wanted = false;
  int rule = -1;
};

bool asked_explanation(const Exchange& exchange, Explained* out, Response* response) {
  if (exchange.request.query.empty()) return true;
  const std::string name = query_value(exchange.request, "explain");
  if (name.empty()) return true;
  out->wanted = true;
  if (name == "fired") return true;
  out->rule = exchange.worker.pinned->set->program->find_rule(name);
  if (out->rule < 0) set_problem(response, 404, fmt::format("there is no rule `{}`", name));
  return out->rule >= 0;
}

// Into the verdict, as its last member.
void append_explanations(const Explained& explained, uint32_t event, engine::Session& session,
                         const engine::EventResult& result, std::string* out) {
  const ir::Program& program = session.rules().program();
  std::vector<uint32_t> chosen;
  if (explained.rule >= 0) {
    if (program.rules[static_cast<size_t>(explained.rule)].event == event)
      chosen.push_back(static_cast<uint32_t>(explained.rule));
  } else {
    for (const engine::Hit& hit : result.hits) chosen.push_back(hit.rule);
  }
  out->resize(out->size() - 2);  // "}\n"
  out->append(",\"explain\":[");
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0) out->push_back(',');
    out->append(explain::to_json(program, session.explain(chosen[i])));
  }
  out->append("]}\n");
}

void tell_generation(const Worker& worker, Response* response) {
  fmt::format_int number(worker.pinned->number);
  response->add_header(kGenerationHeader, std::string_view(number.data(), number.size()));
  response->add_header(kRulesHeader, worker.pinned->set->files_hash);
}

void not_kept(const absl::Status& status, Response* response) {
  set_problem(response, 503, fmt::format("the event could not be logged: {}", std::string(status.message())));
}

constexpr std::string_view kBlank = " \t\r\n";

// One past the end of the object that begins the text; 0 if it does not end.
size_t object_end(std::string_view text) {
  size_t end = 0;
  each_bracket(text, [&](size_t at, size_t depth) {
    if (depth == 0) end = at + 1;
    return depth != 0;
  });
  return end;
}

// The objects of a JSON array, each as it stands there: what is inside of one is for its decoder to judge.
bool split_array(std::string_view text, std::vector<std::string_view>* out) {
  const auto skip = [&] { text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size())); };
  const auto take = [&](char c) {
    skip();
    const bool there = text.starts_with(c);
    if (there) text.remove_prefix(1);
    return there;
  };
  if (!take('[')) return false;
  if (!take(']')) {
    do {
      skip();
      const size_t end = text.starts_with('{') ? object_end(text) : 0;
      if (end == 0) return false;
      out->push_back(text.substr(0, end));
      text.remove_prefix(end);
    } while (take(','));
    if (!take(']')) return false;
  }
  skip();
  return text.empty();
}

int64_t time_of(const io::Record& record) { return state::to_nanos(record.row[types::EventSchema::kTimeSlot]); }

// Rules that tripped (engine/trips.h) are in the audit log, where one is kept.
void tell_trips(Service& service, const engine::Session& session, const engine::EventResult& result, int64_t time) {
  if (result.trips.empty() || !service.audit().kept()) return;
  const engine::State& state = *session.state();
  for (const uint32_t rule : result.trips) {
    const engine::Trips::Status status = state.trips().status(rule, time);
    const std::string text =
        fmt::format("out of service for {} until {}", engine::trip_cause_name(status.cause), wall_text(status.until));
    service.audit()
        .append_step({"trip", state.program().rules[rule].id, text}, state.clock())
        .IgnoreError();  // the verdict stands
  }
}

// The records of a batch, and how its verdicts are laid out.
struct Batch {
  std::vector<std::string_view> texts;
  bool lines = false;
};

// False, and answered, if the body is neither.
bool split(const Exchange& exchange, Batch* batch, Response* response) {
  const std::string& body = exchange.request.body;
  batch->lines = exchange.request.content_type.starts_with(kJsonLines);
  if (batch->lines) {
    for (std::string_view rest = body; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.find_first_not_of(" \t\r") != line.npos) batch->texts.push_back(line);
    }
    return true;
  }
  if (split_array(body, &batch->texts)) return true;
  set_problem(response, 400, "the body is not a JSON array of objects");
  return false;
}

struct Decoded {
  bool taken = false;
  uint32_t event = 0;
  size_t row = 0;  // in the worker's slots
  io::Reject reject;
};

void decode_all(Worker& worker, const Batch& batch, int event, size_t most_depth, std::vector<Decoded>* out) {
  out->clear();
  for (const std::string_view text : batch.texts) {
    Decoded& d = out->emplace_back();
    io::Record record;
    if (!depth_within(text, most_depth)) {
      d.reject.cause = io::RejectCause::kNotJson;
      d.reject.message = "nested too deeply";
      continue;
    }
    d.taken = worker.decode(text, event, &record, &d.reject);
    if (!d.taken) continue;
    d.event = record.event;
    d.row = static_cast<size_t>(record.row - worker.slots.data());
  }
}

}  // namespace

void evaluate(Exchange& exchange, Response* response) {
  Worker& worker = exchange.worker;
  const std::string& body = exchange.request.body;
  if (!depth_within(body, exchange.service.limits().json_depth))
    return set_problem(response, 400, "the event is nested too deeply", {{"cause", "not_json"}});
  std::optional<Clock::time_point> deadline;
  if (!read_deadline(exchange, &deadline, response)) return;
  for (bool done = false; !done;) {
    worker.pin(exchange.service.deciders());
    begin(worker);
    int event = -1;
    Explained explained;
    if (!asked_event(exchange, &event, response) || !asked_explanation(exchange, &explained, response)) return;
    io::Record record;
    io::Reject reject;
    if (!worker.decode(body, event, &record, &reject)) {
      WorkerMetrics::add(worker.metrics.rejected);
      return refuse(reject, response);
    }
    absl::Status kept;
    done = exchange.service.deciders().with_session(
        worker.index, worker.pinned.get(), [&](engine::Session& session, Store* store) {
          if (store != nullptr) kept = store->log(record.event, record.row);
          if (!kept.ok()) return;
          limit_time(deadline, session);
          const engine::EventResult& result = session.evaluate(record.event, record.row);
          if (worker.pinned->rollout != nullptr) worker.pinned->rollout->trial.add(record.event, record.row, result);
          WorkerMetrics::add(worker.metrics.verdicts[static_cast<size_t>(result.verdict)]);
          tell_trips(exchange.service, session, result, time_of(record));
          tools::append_verdict_line(result, record, session, &response->body);
          if (explained.wanted) {
            // Explaining evaluates nodes, which must not disturb what is being told about.
            const engine::EventResult told = result;
            append_explanations(explained, record.event, session, told, &response->body);
          }
          if (store != nullptr) kept = store->commit();
        });
    if (!kept.ok()) return not_kept(kept, response);
  }
  WorkerMetrics::add(worker.metrics.events);
  tell_generation(worker, response);
}

void evaluate_batch(Exchange& exchange, Response* response) {
  Worker& worker = exchange.worker;
  Service& service = exchange.service;
  Batch batch;
  std::optional<Clock::time_point> deadline;
  if (!read_deadline(exchange, &deadline, response)) return;
  if (!split(exchange, &batch, response)) return;
  if (batch.texts.size() > service.limits().batch_events) {
    return set_problem(response, 413,
                       fmt::format("{} events are more than a batch may have ({})", batch.texts.size(),
                                   service.limits().batch_events));
  }
  if (batch.texts.size() > 1 && !service.charge(exchange, static_cast<double>(batch.texts.size() - 1), response))
    return;
  std::vector<Decoded> decoded;
  std::vector<engine::Session::EventRow> rows;
  std::vector<size_t> places;  // of the rows, in `decoded`
  std::vector<std::string> lines;
  for (bool done = false; !done;) {
    worker.pin(service.deciders());
    begin(worker);
    int event = -1;
    if (!asked_event(exchange, &event, response)) return;
    decode_all(worker, batch, event, service.limits().json_depth, &decoded);
    rows.clear();
    places.clear();
    lines.assign(decoded.size(), "");
    for (size_t i = 0; i < decoded.size(); ++i) {
      if (decoded[i].taken) {
        rows.push_back({decoded[i].event, worker.slots.data() + decoded[i].row});
        places.push_back(i);
      } else {
        append_error(decoded[i].reject, &lines[i]);
      }
    }
    absl::Status kept;
    done =
        service.deciders().with_session(worker.index, worker.pinned.get(), [&](engine::Session& session, Store* store) {
          for (const auto& row : rows)
            if (store != nullptr && kept.ok()) kept = store->log(row.event, row.row);
          if (!kept.ok()) return;
          limit_time(deadline, session);
          session.evaluate_batch(rows, [&](size_t i, const engine::EventResult& result) {
            if (worker.pinned->rollout != nullptr)
              worker.pinned->rollout->trial.add(rows[i].event, rows[i].row, result);
            io::Record record;
            record.event = rows[i].event;
            record.row = rows[i].row;
            WorkerMetrics::add(worker.metrics.verdicts[static_cast<size_t>(result.verdict)]);
            tell_trips(service, session, result, time_of(record));
            tools::append_verdict_line(result, record, session, &lines[places[i]]);
          });
          if (store != nullptr) kept = store->commit();
        });
    if (!kept.ok()) return not_kept(kept, response);
  }
  WorkerMetrics::add(worker.metrics.events, rows.size());
  WorkerMetrics::add(worker.metrics.rejected, decoded.size() - rows.size());
  tell_generation(worker, response);
  if (batch.lines) response->content_type = kJsonLines;
  if (!batch.lines) response->body = "[";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!batch.lines) {
      lines[i].pop_back();
      if (i > 0) response->body.push_back(',');
    }
    response->body.append(lines[i]);
  }
  if (!batch.lines) response->body.append("]\n");
}

void explain_event(Exchange& exchange, Response* response) {
  Worker& worker = exchange.worker;
  Members members(exchange);
  const std::string rule_name = members.required_text("rule");
  const std::optional<std::string> type = members.text("event_type");
  std::string event_text = members.object("event").value_or("");
  if (!members.finish(response)) return;
  const size_t size = event_text.size();
  event_text.append(io::kPadding, ' ');
  for (bool done = false; !done;) {
    worker.pin(exchange.service.deciders());
    begin(worker);
    const ir::Program& program = *worker.pinned->set->program;
    int event = type ? program.find_event(*type) : -1;
    if (type && event < 0) return set_problem(response, 404, fmt::format("the rules declare no event `{}`", *type));
    const int rule = program.find_rule(rule_name);
    if (rule < 0) return set_problem(response, 404, fmt::format("there is no rule `{}`", rule_name));
    const uint32_t of = program.rules[static_cast<size_t>(rule)].event;
    // The rule says which event it is on.
    if (!type && !worker.pinned->set->records) event = static_cast<int>(of);
    io::Record record;
    io::Reject reject;
    if (!worker.decode(std::string_view(event_text).substr(0, size), event, &record, &reject)) {
      refuse(reject, response);
      response->status = 422;
      return;
    }
    if (record.event != of) {
      return set_problem(response, 422,
                         fmt::format("rule `{}` is on event `{}`, not on `{}`", rule_name,
                                     program.events[of].schema.name, program.events[record.event].schema.name));
    }
    done = exchange.service.deciders().with_session(
        worker.index, worker.pinned.get(), [&](engine::Session& session, Store*) {
          session.look_at(record.event, record.row);
          response->body = explain::to_json(program, session.explain(static_cast<uint32_t>(rule))) + "\n";
        });
  }
  tell_generation(worker, response);
}

}  // namespace weir::serve
