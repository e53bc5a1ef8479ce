// JSON documents for people and programs: keys in the order they were set.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/io/json_text.h"

namespace weir::tools {

using Json = nlohmann::ordered_json;

// Text that is not UTF-8 is replaced, never thrown about.
inline std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

inline Json json_of(const value::Value& v) {
  std::string text;
  io::append_json(v, &text);
  return Json::parse(text, nullptr, false);
}

}  // namespace weir::tools
