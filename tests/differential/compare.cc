#include "tests/differential/compare.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/value/operations.h"

namespace weir::differential {

using value::Kind;
using value::Value;

bool identical(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kMissing:
    case Kind::kError:
      return a.aux == b.aux;
    case Kind::kNull:
      return true;
    case Kind::kDouble:
      return (std::isnan(a.d) && std::isnan(b.d)) || a.u == b.u;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return a.str() == b.str();
    case Kind::kTimestamp:
    case Kind::kDuration:
      return a.i == b.i && a.aux == b.aux;
    case Kind::kList:
      if (a.list->size != b.list->size) return false;
      for (uint32_t i = 0; i < a.list->size; ++i)
        if (!identical(a.list->items[i], b.list->items[i])) return false;
      return true;
    case Kind::kMap:
      if (a.map->size != b.map->size) return false;
      for (uint32_t i = 0; i < a.map->size; ++i)
        if (!identical(a.map->entries[i].key, b.map->entries[i].key) ||
            !identical(a.map->entries[i].value, b.map->entries[i].value))
          return false;
      return true;
    case Kind::kOptional:
      if (a.optional == nullptr || b.optional == nullptr) return a.optional == b.optional;
      return identical(*a.optional, *b.optional);
    case Kind::kIp:
    case Kind::kCidr:
      return value::equal(a, b);
    default:
      return a.u == b.u;
  }
}

std::string show(const Value& v) {
  if (v.is_missing()) return fmt::format("missing({:#x})", v.aux);
  if (v.is_error())
    return fmt::format("error({}{}{})", value::error_code_name(v.error_code()), v.error ? ": " : "",
                       v.error ? v.error->message : "");
  return value::to_literal(v);
}

}  // namespace weir::differential
