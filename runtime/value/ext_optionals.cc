// optional.* and the members of optionals, after cel-go's optional types (version 2).
#include "runtime/value/ext_support.h"

namespace weir::value {
namespace {

// Whether a value is the default of its kind.
bool is_zero(const Value& v) {
  switch (v.kind) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
      return v.i == 0;
    case Kind::kDouble:
      return v.d == 0;
    case Kind::kString:
    case Kind::kBytes:
      return v.aux == 0;
    case Kind::kTimestamp:  // protobuf's default is the epoch
    case Kind::kDuration:
      return v.i == 0 && v.aux == 0;
    case Kind::kList:
      return v.list->size == 0;
    case Kind::kMap:
      return v.map->size == 0;
    case Kind::kOptional:
      return v.optional == nullptr;
    default:
      return false;
  }
}

Value of_non_zero(EvalContext& ctx, const Value& v) { return is_zero(v) ? Value::none() : ext::make_some(ctx, v); }

Value value_of(EvalContext& ctx, const Value& optional) {
  if (optional.optional == nullptr) return make_error(ctx, ErrorCode::kOptionalNone, "optional.none() dereference");
  return *optional.optional;
}

Value unwrap(EvalContext& ctx, const ListRep& list) {
  ext::ListBuilder values(ctx, list.size);
  for (uint32_t i = 0; i < list.size && !values.failed(); ++i) {
    const Value& item = list.items[i];
    if (!item.is(Kind::kOptional)) return wrong_kind(ctx, "unwrapOpt", item);
    if (item.optional != nullptr) values.add(*item.optional);
  }
  return values.finish();
}

Value element(EvalContext& ctx, const ListRep& list, bool last) {
  if (list.size == 0) return Value::none();
  return ext::make_some(ctx, list.items[last ? list.size - 1 : 0]);
}

}  // namespace

WEIR_BODY_CONST(optional_of, ext::make_some(ctx, args[0]))
WEIR_BODY_CONST(optional_none, Value::none())
WEIR_BODY_CONST(optional_of_non_zero_value, of_non_zero(ctx, args[0]))
WEIR_BODY_OF(optional_has_value, 0, Value::boolean(args[0].optional != nullptr), Kind::kOptional)
WEIR_BODY_OF(optional_value, 0, value_of(ctx, args[0]), Kind::kOptional)
WEIR_BODY_OF(optional_or, 0, args[0].optional != nullptr ? args[0] : args[1], Kind::kOptional, Kind::kOptional)
WEIR_BODY_OF(optional_or_value, 0, args[0].optional != nullptr ? *args[0].optional : args[1], Kind::kOptional)
WEIR_BODY_OF(optional_unwrap, 1, unwrap(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(optional_unwrap_opt, 1, unwrap(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_first, 0, element(ctx, *args[0].list, false), Kind::kList)
WEIR_BODY_OF(list_last, 0, element(ctx, *args[0].list, true), Kind::kList)

}  // namespace weir::value
