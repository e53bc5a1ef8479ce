#include <algorithm>

#include "embed-api/src/handles.h"

namespace weir::embed {
namespace {

uint32_t type_code(const types::Type* type) {
  switch (type->base()->kind()) {
    case types::Kind::kDyn:
      return WEIR_TYPE_DYN;
    case types::Kind::kBool:
      return WEIR_TYPE_BOOL;
    case types::Kind::kInt:
      return WEIR_TYPE_INT;
    case types::Kind::kUint:
      return WEIR_TYPE_UINT;
    case types::Kind::kDouble:
      return WEIR_TYPE_DOUBLE;
    case types::Kind::kString:
      return WEIR_TYPE_STRING;
    case types::Kind::kBytes:
      return WEIR_TYPE_BYTES;
    case types::Kind::kTimestamp:
      return WEIR_TYPE_TIMESTAMP;
    case types::Kind::kDuration:
      return WEIR_TYPE_DURATION;
    case types::Kind::kList:
      return WEIR_TYPE_LIST;
    case types::Kind::kMap:
      return WEIR_TYPE_MAP;
    default:
      return WEIR_TYPE_OTHER;
  }
}

// As types::to_string, with each entity written as its base: what the data look like, whatever they are called.
std::string data_type(const types::Type* type) {
  type = type->base();
  switch (type->kind()) {
    case types::Kind::kList:
      return "list<" + data_type(type->arg(0)) + ">";
    case types::Kind::kMap:
      return "map<" + data_type(type->arg(0)) + ", " + data_type(type->arg(1)) + ">";
    case types::Kind::kOptional:
      return "optional<" + data_type(type->arg(0)) + ">";
    default:
      return types::to_string(type);
  }
}

}  // namespace

int Shape::find(std::string_view field) const {
  auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == field; });
  return it == fields.end() ? -1 : static_cast<int>(it - fields.begin());
}

Shape make_shape(const types::EventSchema& schema) {
  Shape shape;
  shape.name = schema.name;
  for (const types::Field& field : schema.fields) {
    Shape::Field f;
    f.name = field.name;
    f.declared = types::to_string(field.type);
    f.data = data_type(field.type);
    f.type = field.type->base();
    f.kind = type_code(field.type);
    if (f.type->is(types::Kind::kList)) f.element = type_code(f.type->arg(0));
    if (f.type->is(types::Kind::kMap)) f.element = type_code(f.type->arg(1));
    // An id that a host does not set reads as the empty text.
    f.optional = field.optional || shape.fields.size() == types::EventSchema::kIdSlot;
    shape.fields.push_back(std::move(f));
  }
  return shape;
}

bool fit(const Shape& from, const Shape& to, bool strict, std::vector<int>* slots, std::string* why) {
  slots->clear();
  for (const Shape::Field& field : to.fields) {
    int i = from.find(field.name);
    slots->push_back(i);
    if (i < 0) {
      if (field.optional) continue;
      *why = fmt::format("event `{}`: the rules need field `{}`, which the event does not have", to.name, field.name);
      return false;
    }
    const Shape::Field& given = from.fields[static_cast<size_t>(i)];
    if (given.data != field.data) {
      *why = fmt::format("event `{}`: field `{}` is {} in the rules and {} in the event", to.name, field.name,
                         field.data, given.data);
      return false;
    }
    if (strict && given.optional && !field.optional) {
      *why = fmt::format("event `{}`: the rules require field `{}`, which may be absent from the event", to.name,
                         field.name);
      return false;
    }
  }
  return true;
}

}  // namespace weir::embed

using weir::embed::call;
using weir::embed::fail;
using weir::embed::str;
using weir::embed::view;

weir_status weir_ruleset_schema(const weir_ruleset* ruleset, weir_str event, weir_schema** schema_out,
                                weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(schema_out, err);
    *schema_out = nullptr;
    WEIR_REQUIRE(ruleset, err);
    WEIR_REQUIRE_TEXT(event, err);
    int index = ruleset->state->program->find_event(view(event));
    if (index < 0) return fail(err, WEIR_E_SCHEMA, "the rules declare no event `{}`", view(event));
    *schema_out = new weir_schema{ruleset->state, static_cast<uint32_t>(index)};
    return WEIR_OK;
  });
}

weir_str weir_schema_name(const weir_schema* schema) {
  return schema == nullptr ? weir_str{nullptr, 0} : str(schema->shape().name);
}

size_t weir_schema_field_count(const weir_schema* schema) {
  return schema == nullptr ? 0 : schema->shape().fields.size();
}

int32_t weir_schema_field(const weir_schema* schema, weir_str name) {
  return schema == nullptr ? -1 : schema->shape().find(view(name));
}

weir_status weir_schema_field_get(const weir_schema* schema, size_t i, weir_field* field) {
  if (schema == nullptr || i >= schema->shape().fields.size()) return WEIR_E_ARG;
  const weir::embed::Shape::Field& f = schema->shape().fields[i];
  weir_field full = {};
  full.type = f.kind;
  full.element = f.element;
  full.optional = f.optional ? 1 : 0;
  full.name = str(f.name);
  full.type_name = str(f.declared);
  return weir::embed::write_out(full, field);
}

void weir_schema_release(weir_schema* schema) { delete schema; }
