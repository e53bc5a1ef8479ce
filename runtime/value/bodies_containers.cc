// Lists and maps: concatenation, membership, index, size.
#include <cstring>
#include <new>

#include "runtime/value/bodies.h"
#include "runtime/value/containers.h"
#include "runtime/value/operations.h"

namespace weir::value {

WEIR_BODY(add_list) {
  if (!a[0].is(Kind::kList) || !a[1].is(Kind::kList)) {
    *out = wrong_kind(ctx, "+", a[a[0].is(Kind::kList) ? 1 : 0]);
    return;
  }
  const ListRep& left = *a[0].list;
  const ListRep& right = *a[1].list;
  *out = budget_error();
  if (!charge_linear(ctx, a[0], a[1]) || left.size > UINT32_MAX - right.size) return;
  void* room = ctx.arena->allocate(sizeof(ListRep));
  Value* items = ctx.arena->allocate_array<Value>(size_t{left.size} + right.size);
  if (room == nullptr || items == nullptr) return;
  if (left.size > 0) std::memcpy(static_cast<void*>(items), left.items, left.size * sizeof(Value));
  if (right.size > 0) std::memcpy(static_cast<void*>(items + left.size), right.items, right.size * sizeof(Value));
  ListRep* list = new (room) ListRep;
  list->size = left.size + right.size;
  list->items = items;
  *out = Value::of(list);
}

WEIR_BODY(in_list) {
  bool indexed = a[1].is(Kind::kList) && a[1].list->index != nullptr;
  charge_read(ctx, size_of(a[0]) + (indexed ? 0 : size_of(a[1])));
  *out = Value::boolean(a[1].is(Kind::kList) && contains(*a[1].list, a[0], &ctx.steps));
}
WEIR_BODY(in_map) {
  charge_read(ctx, size_of(a[0]));
  *out = Value::boolean(a[1].is(Kind::kMap) && find(*a[1].map, a[0]) != nullptr);
}

WEIR_BODY(index_list) { *out = index(ctx, a[0], a[1]); }
WEIR_BODY(index_map) { *out = index(ctx, a[0], a[1]); }

WEIR_BODY(size_list) { *out = Value::integer(size_of(a[0])); }
WEIR_BODY(size_map) { *out = Value::integer(size_of(a[0])); }
WEIR_BODY(member_size_list) { weir_bi_size_list(ctx, a, out); }
WEIR_BODY(member_size_map) { weir_bi_size_map(ctx, a, out); }

}  // namespace weir::value
