#include "runtime/explain/failure_text.h"

#include "runtime/value/operations.h"

namespace weir::explain {

std::string missing_name(const ir::Program& program, uint32_t event, const value::Value& missing) {
  const uint32_t index = missing.aux & 0xffffff;
  switch (missing.aux >> 24) {
    case 1: {
      const auto& fields = program.events[event].schema.fields;
      if (index < fields.size()) return fields[index].name;
      break;
    }
    case 2:
      if (index < program.features.size()) return program.features[index].name;
      break;
    case 3:
      if (index < program.features.size()) return program.features[index].name + " (warming)";
      break;
    default:
      break;
  }
  return "value";
}

std::string error_text(const value::Value& error) {
  if (error.error != nullptr && !error.error->message.empty()) return std::string(error.error->message);
  return std::string(value::error_code_name(error.error_code()));
}

std::string outcome_text(const ir::Program& program, uint32_t event, const value::Value& v) {
  if (v.is_missing()) return "missing: " + missing_name(program, event, v);
  if (v.is_error()) return "error: " + error_text(v);
  return value::to_literal(v);
}

}  // namespace weir::explain
