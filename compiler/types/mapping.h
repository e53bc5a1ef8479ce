// How a record of a log (a JSON object, a CSV row) becomes an event: which key feeds which field. Written in weir.yaml
// (compiler/driver/manifest.h), applied by runtime/io.
#pragma once

#include <map>
#include <string>

namespace weir::types {

struct FieldMapping {
  std::string path;    // JSON path "a.b.c" or CSV column; empty: the field's own name
  std::string split;   // not empty: a text is split into a list at this separator, empty pieces dropped
  std::string format;  // timestamps: "" or "rfc3339", "unix", "unix_ms", or a strptime format read as UTC
};

// Defaults: a field reads the key of its own name; `time` reads "time", `id` reads "id" (and is "file:line" if absent).
struct EventMapping {
  std::string event;
  std::map<std::string, FieldMapping> fields;  // by field name, `time` and `id` included
  // With several event types in one log: the key that tells, and its value for this event. Default "type" and the
  // event's name.
  std::string type_path, type_value;
};

}  // namespace weir::types
