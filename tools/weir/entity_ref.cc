#include "tools/weir/entity_ref.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/base/diagnostics.h"
#include "runtime/engine/inspect.h"
#include "tools/weir/output.h"

namespace weir::tools {

std::optional<EntityRef> parse_entity(const ir::Program& program, const std::string& spec) {
  const size_t equals = spec.find('=');
  const std::string name = spec.substr(0, equals);
  const int entity = program.find_entity(name);
  if (equals == std::string::npos || entity < 0) {
    std::vector<std::string_view> names;
    for (const ir::Entity& e : program.entities) names.push_back(e.name);
    const std::string_view close = base::did_you_mean(name, names);
    if (names.empty()) {
      complain("--entity: the rules declare no entity");
    } else if (entity >= 0) {
      complain(fmt::format("--entity: which `{}`? write it as {}=KEY", name, name));
    } else {
      complain(fmt::format("--entity: there is no entity `{}`; {}", name,
                           close.empty() ? fmt::format("there are {}", fmt::join(names, ", "))
                                         : fmt::format("did you mean `{}`?", close)));
    }
    return std::nullopt;
  }
  EntityRef ref;
  ref.entity = static_cast<uint32_t>(entity);
  ref.key = spec.substr(equals + 1);
  const value::Value key = engine::entity_key(program, ref.entity, ref.key);
  if (key.is_missing()) {
    complain(fmt::format("--entity: `{}` is not an int, as `{}` is", ref.key, name));
    return std::nullopt;
  }
  ref.is_int = key.is(value::Kind::kInt);
  if (ref.is_int) ref.number = key.i;
  return ref;
}

std::vector<EntitySlot> entity_slots(const ir::Event& event, const ir::Program& program, uint32_t entity) {
  const auto is_entity = [&](const types::Type* type) {
    return type->is(types::Kind::kEntity) && type->name() == program.entities[entity].name;
  };
  std::vector<EntitySlot> out;
  for (size_t slot = 0; slot < event.schema.fields.size(); ++slot) {
    const types::Type* type = event.schema.fields[slot].type;
    if (type->is(types::Kind::kOptional)) type = type->arg(0);
    if (is_entity(type)) {
      out.push_back({slot, false});
    } else if (type->is(types::Kind::kList) && is_entity(type->arg(0))) {
      out.push_back({slot, true});
    }
  }
  return out;
}

std::vector<std::string> roles(const ir::Event& event, const std::vector<EntitySlot>& slots, const value::Value* row,
                               const value::Value& key) {
  std::vector<std::string> out;
  for (const EntitySlot& s : slots) {
    const value::Value& v = row[s.slot];
    bool there = !s.list && v.ok() && value::equal(v, key);
    if (s.list && v.is(value::Kind::kList)) {
      for (uint32_t i = 0; i < v.list->size && !there; ++i) there = value::equal(v.list->items[i], key);
    }
    if (there) out.push_back(event.schema.fields[s.slot].name);
  }
  return out;
}

}  // namespace weir::tools
