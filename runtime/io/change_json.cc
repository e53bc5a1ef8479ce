#include "runtime/io/change_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <new>
#include <utility>

#include "absl/status/status.h"
#include "runtime/io/json_text.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "runtime/value/text.h"

namespace weir::io {
namespace {

using engine::ChangeKind;
using engine::StateChange;

absl::Status invalid(const std::string& text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

std::string_view subject(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kSetLabel:
    case ChangeKind::kClearLabel:
      return "label";
    case ChangeKind::kSnooze:
    case ChangeKind::kEndSnooze:
    case ChangeKind::kResetLimit:
      return "rule";
    case ChangeKind::kReplaceList:
    case ChangeKind::kAddToList:
    case ChangeKind::kRemoveFromList:
      return "list";
  }
  return "";
}

bool of_list(ChangeKind kind) { return subject(kind) == "list"; }
bool of_label(ChangeKind kind) { return subject(kind) == "label"; }

void member(std::string_view name, std::string_view text, std::string* out) {
  if (!out->empty() && out->back() != '{') out->push_back(',');
  fmt::format_to(std::back_inserter(*out), "\"{}\":", name);
  append_json_quoted(text, out);
}

std::string time_text(int64_t nanos) { return value::to_text(state::from_nanos(nanos)); }

class Members {
 public:
  explicit Members(const simdjson::dom::object& object) : object_(object) {}

  // False if it is absent or null.
  bool text(const char* name, std::string* out) {
    simdjson::dom::element e;
    if (object_.at_key(name).get(e) != simdjson::SUCCESS || e.is_null()) return false;
    std::string_view text;
    int64_t number = 0;
    if (e.get(text) == simdjson::SUCCESS) {
      *out = text;
    } else if (e.get(number) == simdjson::SUCCESS) {
      *out = std::to_string(number);  // a key of an entity that is an int
    } else {
      wrong(name, "a text");
    }
    return true;
  }

  bool time(const char* name, int64_t* out) {
    std::string s;
    if (!text(name, &s)) return false;
    value::Value v;
    if (value::parse_timestamp(s, &v) == value::ParseResult::kOk) {
      *out = state::to_nanos(v);
    } else {
      wrong(name, "a time such as 2026-03-01T10:00:00Z");
    }
    return true;
  }

  bool texts(const char* name, std::vector<std::string>* out) {
    simdjson::dom::array items;
    simdjson::dom::element e;
    if (object_.at_key(name).get(e) != simdjson::SUCCESS) return false;
    if (e.get(items) != simdjson::SUCCESS) {
      wrong(name, "a list of texts");
      return true;
    }
    for (simdjson::dom::element item : items) {
      std::string_view text;
      int64_t number = 0;
      if (item.get(text) == simdjson::SUCCESS) {
        out->emplace_back(text);
      } else if (item.get(number) == simdjson::SUCCESS) {
        out->push_back(std::to_string(number));
      } else {
        wrong(name, "a list of texts");
        return true;
      }
    }
    return true;
  }

  std::optional<uint64_t> count(const char* name) {
    simdjson::dom::element e;
    if (object_.at_key(name).get(e) != simdjson::SUCCESS) return std::nullopt;
    uint64_t n = 0;
    if (e.get(n) != simdjson::SUCCESS) {
      wrong(name, "a number of events");
      return std::nullopt;
    }
    return n;
  }

  void wrong(const char* name, std::string_view what) {
    if (status_.ok()) status_ = invalid(fmt::format("`{}` is not {}", name, what));
  }
  void absent(std::string_view name, ChangeKind kind) {
    if (status_.ok()) status_ = invalid(fmt::format("`{}` needs `{}`", engine::change_name(kind), name));
  }
  const absl::Status& status() const { return status_; }

 private:
  const simdjson::dom::object& object_;
  absl::Status status_;
};

}  // namespace

void append_change_members(const StateChange& c, std::string* out) {
  member("change", engine::change_name(c.kind), out);
  member(subject(c.kind), c.name, out);
  if (c.has_key || of_label(c.kind)) member("key", c.key, out);
  if (of_list(c.kind)) {
    out->append(",\"values\":[");
    for (size_t i = 0; i < c.values.size(); ++i) {
      if (i > 0) out->push_back(',');
      append_json_quoted(c.values[i], out);
    }
    out->push_back(']');
  }
  member("time", time_text(c.time_nanos), out);
  if ((c.kind == ChangeKind::kSetLabel || c.kind == ChangeKind::kSnooze) && c.until_nanos != INT64_MAX)
    member("until", time_text(c.until_nanos), out);
  member("by", c.by, out);
  member("reason", c.reason, out);
}

absl::StatusOr<PlacedChange> parse_change(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::error_code error = parser.parse(json.data(), json.size()).get(object);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error != simdjson::SUCCESS) return invalid("not one JSON object");
  Members in(object);
  PlacedChange out;
  StateChange& c = out.change;
  std::string kind;
  if (!in.text("change", &kind)) return invalid("`change` is absent");
  bool known = false;
  for (uint8_t k = 0; k < engine::kChangeKindCount && !known; ++k) {
    c.kind = static_cast<ChangeKind>(k);
    known = engine::change_name(c.kind) == kind;
  }
  if (!known) return invalid(fmt::format("there is no change `{}`", kind));
  const std::string name(subject(c.kind));
  if (!in.text(name.c_str(), &c.name)) in.absent(name, c.kind);
  c.has_key = in.text("key", &c.key);
  if (of_label(c.kind) && !c.has_key) in.absent("key", c.kind);
  if (of_list(c.kind) && !in.texts("values", &c.values)) in.absent("values", c.kind);
  c.time_nanos = kNoTime;
  in.time("time", &c.time_nanos);
  c.until_nanos = INT64_MAX;
  in.time("until", &c.until_nanos);
  in.text("by", &c.by);
  in.text("reason", &c.reason);
  out.after_events = in.count("after_events");
  if (!in.status().ok()) return in.status();
  return out;
}

bool is_step(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  simdjson::dom::element root, step;
  return parser.parse(padded).get(root) == simdjson::SUCCESS && root.at_key("step").get(step) == simdjson::SUCCESS;
}

}  // namespace weir::io
