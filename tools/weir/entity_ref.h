// An entity as the command line names it, such as Account=u19, and where it stands in events.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/value/value.h"

namespace weir::tools {

struct EntityRef {
  uint32_t entity = 0;
  std::string key;
  bool is_int = false;
  int64_t number = 0;
  value::Value value() const { return is_int ? value::Value::integer(number) : value::Value::string(key); }
};

// Complains and gives nothing if there is no such entity, or the key is not of its type.
std::optional<EntityRef> parse_entity(const ir::Program& program, const std::string& spec);

// A field that holds the entity, or a list of it.
struct EntitySlot {
  size_t slot;
  bool list;
};
std::vector<EntitySlot> entity_slots(const ir::Event& event, const ir::Program& program, uint32_t entity);
// Names of the fields in which the row has the key.
std::vector<std::string> roles(const ir::Event& event, const std::vector<EntitySlot>& slots, const value::Value* row,
                               const value::Value& key);

}  // namespace weir::tools
