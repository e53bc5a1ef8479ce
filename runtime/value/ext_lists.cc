// The lists, maps and sets extensions, after cel-go ext/lists, ext/maps and ext/sets; membership by hash, not by pairs.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "runtime/value/containers.h"
#include "runtime/value/ext_support.h"
#include "runtime/value/number.h"
#include "runtime/value/operations.h"

namespace weir::value {
namespace {

using ext::ListBuilder;
using ext::ValueSet;

constexpr int64_t kMaxRange = 10'000'000;

Value slice(EvalContext& ctx, const ListRep& list, int64_t begin, int64_t end) {
  if (begin < 0 || end < 0) {
    return ext::invalid(ctx, fmt::format("cannot slice({}, {}), negative indexes not supported", begin, end));
  }
  if (begin > end) {
    return ext::invalid(
        ctx, fmt::format("cannot slice({}, {}), start index must be less than or equal to end index", begin, end));
  }
  if (end > list.size)
    return ext::invalid(ctx, fmt::format("cannot slice({}, {}), list is length {}", begin, end, list.size));
  auto* part = ctx.arena->allocate_array<ListRep>(1);
  if (part == nullptr) return budget_error();
  *part = ListRep{};
  part->size = part->capacity = static_cast<uint32_t>(end - begin);
  part->items = list.items + begin;
  return Value::of(part);
}

// Charged by element: lists that share parts can be exponentially larger than they look.
void flatten_into(EvalContext& ctx, ListBuilder& out, const ListRep& list, int64_t depth) {
  for (uint32_t i = 0; i < list.size && !out.failed() && charge(ctx, 1); ++i) {
    const Value& item = list.items[i];
    if (depth > 0 && item.is(Kind::kList)) {
      flatten_into(ctx, out, *item.list, depth - 1);
    } else {
      out.add(item);
    }
  }
}

Value flatten(EvalContext& ctx, const ListRep& list, int64_t depth) {
  if (depth < 0) return ext::invalid(ctx, "level must be non-negative");
  ListBuilder out(ctx, list.size);
  flatten_into(ctx, out, list, depth);
  return ctx.steps < 0 ? budget_error() : out.finish();
}

Value distinct(EvalContext& ctx, const ListRep& list) {
  ValueSet seen(ctx, list.size);
  ListBuilder out(ctx, list.size);
  for (uint32_t i = 0; i < list.size && !seen.failed(); ++i) {
    if (seen.insert(list.items[i])) out.add(list.items[i]);
  }
  return seen.failed() ? budget_error() : out.finish();
}

bool has_order(Kind k) {
  return k == Kind::kBool || k == Kind::kInt || k == Kind::kUint || k == Kind::kDouble || k == Kind::kString ||
         k == Kind::kBytes || k == Kind::kTimestamp || k == Kind::kDuration;
}

// Both of one ordered kind. NaN goes last, so that the order is strict and weak.
bool less(const Value& a, const Value& b) {
  switch (a.kind) {
    case Kind::kUint:
      return a.u < b.u;
    case Kind::kDouble:
      return a.d < b.d || (a.d == a.d && b.d != b.d);
    case Kind::kString:
    case Kind::kBytes:
      return a.str() < b.str();
    case Kind::kTimestamp:
    case Kind::kDuration:
      return a.i != b.i ? a.i < b.i : a.aux < b.aux;
    default:
      return a.i < b.i;
  }
}

// The elements in the order of their keys; equal keys keep the order of the list.
Value sort_by(EvalContext& ctx, const ListRep& list, const ListRep& keys) {
  if (list.size != keys.size)
    return ext::invalid(ctx, fmt::format("{} elements cannot be sorted by {} keys", list.size, keys.size));
  auto* order = ctx.arena->allocate_array<uint32_t>(list.size);
  if (order == nullptr) return budget_error();
  int64_t size = 0;
  for (uint32_t i = 0; i < keys.size; ++i) {
    const Value& key = keys.items[i];
    if (!has_order(key.kind)) return ext::invalid(ctx, "list elements must be comparable");
    if (key.kind != keys.items[0].kind) return ext::invalid(ctx, "list elements must have the same type");
    size += 1 + size_of(key) / 16;
    order[i] = i;
  }
  if (!charge(ctx, size)) return budget_error();
  std::stable_sort(order, order + list.size,
                   [&](uint32_t a, uint32_t b) { return less(keys.items[a], keys.items[b]); });
  ListBuilder out(ctx, list.size);
  for (uint32_t i = 0; i < list.size && !out.failed(); ++i) out.add(list.items[order[i]]);
  return out.finish();
}

Value sort(EvalContext& ctx, const ListRep& list) { return sort_by(ctx, list, list); }

Value reverse(EvalContext& ctx, const ListRep& list) {
  ListBuilder out(ctx, list.size);
  for (uint32_t i = list.size; i > 0 && !out.failed(); --i) out.add(list.items[i - 1]);
  return out.finish();
}

Value range(EvalContext& ctx, int64_t n) {
  if (n < 0) return ext::invalid(ctx, fmt::format("lists.range: size must be non-negative, got {}", n));
  if (n > kMaxRange) return ext::invalid(ctx, fmt::format("lists.range: size {} exceeds {}", n, kMaxRange));
  if (!charge(ctx, n / 16)) return budget_error();
  ListBuilder out(ctx, static_cast<size_t>(n));
  for (int64_t i = 0; i < n && !out.failed(); ++i) out.add(Value::integer(i));
  return out.finish();
}

// Whether all, or any, elements of `of` are in `list`.
enum class Quantity : uint8_t { kAll, kAny };
Value are_in(EvalContext& ctx, const ListRep& of, const ListRep& list, Quantity wanted) {
  ValueSet set(ctx, list.size);
  for (uint32_t i = 0; i < list.size && !set.failed(); ++i) set.insert(list.items[i]);
  for (uint32_t i = 0; i < of.size && !set.failed(); ++i) {
    bool found = set.contains(of.items[i]);
    if (set.failed()) break;
    if (found == (wanted == Quantity::kAny)) return Value::boolean(found);
  }
  return set.failed() ? budget_error() : Value::boolean(wanted == Quantity::kAll);
}

Value equivalent(EvalContext& ctx, const ListRep& a, const ListRep& b) {
  Value there = are_in(ctx, a, b, Quantity::kAll);
  return there.is_true() ? are_in(ctx, b, a, Quantity::kAll) : there;
}

// In place, as map_insert: only transformMapEntry calls it, whose accumulator nobody else holds.
Value insert_all(EvalContext& ctx, const Value& accu, const MapRep& added) {
  if (!charge(ctx, added.size)) return budget_error();
  Value out = accu;
  for (uint32_t i = 0; i < added.size && out.ok(); ++i)
    out = map_insert(ctx, out, added.entries[i].key, added.entries[i].value);
  return out;
}

// The entries of both; where a key is in both, the second one's value.
Value merge(EvalContext& ctx, const MapRep& a, const MapRep& b) {
  std::vector<Value> items;
  for (uint32_t i = 0; i < a.size; ++i) {
    const Value* newer = find(b, a.entries[i].key);
    items.insert(items.end(), {a.entries[i].key, newer != nullptr ? *newer : a.entries[i].value});
  }
  for (uint32_t i = 0; i < b.size; ++i)
    if (find(a, b.entries[i].key) == nullptr) items.insert(items.end(), {b.entries[i].key, b.entries[i].value});
  return make_map(ctx, items.data(), static_cast<uint32_t>(items.size() / 2), nullptr);
}

}  // namespace

WEIR_BODY_OF(list_slice, 0, slice(ctx, *args[0].list, args[1].i, args[2].i), Kind::kList, Kind::kInt, Kind::kInt)
WEIR_BODY_OF(list_flatten, 1, flatten(ctx, *args[0].list, 1), Kind::kList)
WEIR_BODY_OF(list_flatten_depth, 1, flatten(ctx, *args[0].list, args[1].i), Kind::kList, Kind::kInt)
WEIR_BODY_OF(list_distinct, 1, distinct(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_int, 1, sort(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_uint, 1, sort(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_double, 1, sort(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_bool, 1, sort(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_duration, 1, sort(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_timestamp, 1, sort(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_string, 1, sort(ctx, *args[0].list), Kind::kList)
WEIR_BODY_OF(list_sort_bytes, 1, sort(ctx, *args[0].list), Kind::kList)
#define WEIR_SORT_BY(kind) \
  WEIR_BODY_OF(list_sort_by_##kind, 1, sort_by(ctx, *args[0].list, *args[1].list), Kind::kList, Kind::kList)
WEIR_SORT_BY(int)
WEIR_SORT_BY(uint)
WEIR_SORT_BY(double)
WEIR_SORT_BY(bool)
WEIR_SORT_BY(duration)
WEIR_SORT_BY(timestamp)
WEIR_SORT_BY(string)
WEIR_SORT_BY(bytes)
WEIR_BODY_OF(list_reverse, 1, reverse(ctx, *args[0].list), Kind::kList)
WEIR_BODY_CONST(lists_range, range(ctx, args[0].i))
WEIR_BODY_OF(sets_contains, 2, are_in(ctx, *args[1].list, *args[0].list, Quantity::kAll), Kind::kList, Kind::kList)
WEIR_BODY_OF(sets_equivalent, 2, equivalent(ctx, *args[0].list, *args[1].list), Kind::kList, Kind::kList)
WEIR_BODY_OF(sets_intersects, 2, are_in(ctx, *args[0].list, *args[1].list, Quantity::kAny), Kind::kList, Kind::kList)

WEIR_BODY_OF(map_merge, 2, merge(ctx, *args[0].map, *args[1].map), Kind::kMap, Kind::kMap)
WEIR_BODY_OF(map_insert_all, 0, insert_all(ctx, args[0], *args[1].map), Kind::kMap, Kind::kMap)

}  // namespace weir::value
