#include "runtime/state/cells.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>

#include "runtime/state/time.h"

namespace weir::state {
namespace {

using value::ErrorCode;
using value::Kind;
using value::Value;

constexpr int64_t kNanos = 1'000'000'000;
constexpr int64_t kMaxDurationSeconds = 315'576'000'000;  // CEL's range of durations: 10,000 years

Value duration_of(__int128 nanos) {
  __int128 seconds = nanos / kNanos;
  __int128 rest = nanos % kNanos;
  if (rest < 0) {
    rest += kNanos;
    --seconds;
  }
  if (seconds > kMaxDurationSeconds || seconds < -kMaxDurationSeconds) return Value::fail(ErrorCode::kOverflow);
  return Value::duration(static_cast<int64_t>(seconds), static_cast<uint32_t>(rest));
}

bool to_double(const Value& v, double* d) {
  switch (v.kind) {
    case Kind::kInt:
      *d = static_cast<double>(v.i);
      return true;
    case Kind::kUint:
      *d = static_cast<double>(v.u);
      return true;
    case Kind::kDouble:
      *d = v.d;
      return true;
    case Kind::kDuration:
      *d = static_cast<double>(v.i) * kNanos + v.aux;
      return true;
    default:
      return false;
  }
}

bool is_nan(const Value& v) { return v.is(Kind::kDouble) && std::isnan(v.d); }

}  // namespace

int compare(const Value& a, const Value& b) {
  if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
  const auto order = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  switch (a.kind) {
    case Kind::kUint:
      return order(a.u, b.u);
    case Kind::kDouble:
      return order(a.d, b.d);
    case Kind::kString:
    case Kind::kBytes:
      return order(a.str().compare(b.str()), 0);
    case Kind::kTimestamp:
    case Kind::kDuration:
      return a.i != b.i ? order(a.i, b.i) : order(a.aux, b.aux);
    case Kind::kBool:
    case Kind::kInt:
      return order(a.i, b.i);
    default:
      return 0;
  }
}

bool IntegerSumCell::convert(const ir::Feature& feature, const Value& v, Item* item) {
  switch (feature.value_kind) {
    case types::Kind::kInt:
      item->n = v.i;
      return v.is(Kind::kInt);
    case types::Kind::kUint:
      item->n = v.u;
      return v.is(Kind::kUint);
    default:
      item->n = static_cast<__int128>(v.i) * kNanos + v.aux;
      return v.is(Kind::kDuration);
  }
}

Value IntegerSumCell::result(const ir::Feature& feature, value::Arena&) const {
  const __int128 n = sum;
  switch (feature.value_kind) {
    case types::Kind::kInt:
      return n < INT64_MIN || n > INT64_MAX ? Value::fail(ErrorCode::kOverflow)
                                            : Value::integer(static_cast<int64_t>(n));
    case types::Kind::kUint:
      return n < 0 || n > UINT64_MAX ? Value::fail(ErrorCode::kOverflow) : Value::uint(static_cast<uint64_t>(n));
    default:
      return duration_of(n);
  }
}

bool DoubleSumCell::convert(const ir::Feature&, const Value& v, Item* item) { return to_double(v, item); }

bool MeanCell::convert(const ir::Feature&, const Value& v, Item* item) { return to_double(v, item); }

Value MeanCell::result(const ir::Feature& feature, value::Arena&) const {
  if (n == 0) return Value::missing();
  const double mean = sum / static_cast<double>(n);
  if (feature.value_kind == types::Kind::kDuration) return duration_of(static_cast<__int128>(std::nearbyint(mean)));
  return Value::dbl(mean);
}

bool StddevCell::convert(const ir::Feature&, const Value& v, Item* item) { return to_double(v, item); }

void StddevCell::merge(const StddevCell& later) {
  if (later.n == 0) return;
  if (n == 0) {
    *this = later;
    return;
  }
  const double count = static_cast<double>(n), other = static_cast<double>(later.n), total = count + other;
  const double delta = later.mean - mean;
  mean += delta * (other / total);
  m2 += later.m2 + delta * delta * (count * other / total);
  n += later.n;
}

void TopCell::add(uint64_t hash, uint64_t count, const OwnedValue& v) {
  bool evicts = false;
  if (table.contains(hash)) {
    table.add(hash, count, &evicts);
    return;
  }
  // All that may throw comes first: table and values must not disagree.
  OwnedValue kept(v);
  table.make_room();
  if (table.size() < FrequencyTable::kTracked && values.size() == values.capacity())
    values.reserve(std::max<size_t>(1, 2 * values.size()));
  const uint32_t slot = table.add(hash, count, &evicts);
  value_bytes += kept.heap_bytes();
  if (evicts) {
    value_bytes -= values[slot].heap_bytes();
    values[slot] = std::move(kept);
  } else {
    values.push_back(std::move(kept));
  }
}

void TopCell::merge(const TopCell& later) {
  for (size_t i = 0; i < later.table.size(); ++i) add(later.table.hash(i), later.table.count(i), later.values[i]);
}

Value TopCell::result(const ir::Feature& feature, value::Arena& arena) const {
  std::vector<uint32_t> slots(table.size());
  std::iota(slots.begin(), slots.end(), 0);
  const size_t size = std::min(slots.size(), static_cast<size_t>(std::max(feature.param, 0.0)));
  std::partial_sort(slots.begin(), slots.begin() + static_cast<ptrdiff_t>(size), slots.end(),
                    [&](uint32_t a, uint32_t b) {
                      if (table.count(a) != table.count(b)) return table.count(a) > table.count(b);
                      const int order = compare(values[a].get(), values[b].get());
                      return order != 0 ? order < 0 : table.hash(a) < table.hash(b);
                    });
  auto* items = arena.allocate_array<Value>(size);
  void* rep = arena.allocate(sizeof(value::ListRep));
  if (items == nullptr || rep == nullptr) return Value::fail(ErrorCode::kBudget);
  for (size_t i = 0; i < size; ++i) items[i] = values[slots[i]].get();
  auto* list = new (rep) value::ListRep;
  list->size = list->capacity = static_cast<uint32_t>(size);
  list->items = items;
  return Value::of(list);
}

void TopCell::save(Writer& out) const {
  table.save(out);
  out.varint(values.capacity());
  for (const OwnedValue& v : values) v.save(out);
}

bool TopCell::load(Reader& in) {
  if (!table.load(in)) return false;
  values.reserve(in.capacity(table.size(), sizeof(OwnedValue)));
  for (size_t i = 0; i < table.size() && in.ok(); ++i) {
    if (!values.emplace_back().load(in)) return false;
    value_bytes += values.back().heap_bytes();
  }
  return in.ok();
}

void EntropyCell::add_count(uint64_t hash, uint64_t count) {
  if (!table.add_if_room(hash, count)) unique += count;
}

void EntropyCell::merge(const EntropyCell& later) {
  for (size_t i = 0; i < later.table.size(); ++i) add_count(later.table.hash(i), later.table.count(i));
  unique += later.unique;
}

Value EntropyCell::result(const ir::Feature&, value::Arena&) const {
  const double n = static_cast<double>(table.total() + unique);
  if (n == 0) return Value::missing();
  std::vector<uint64_t> counts(table.size());
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = table.count(i);
  std::sort(counts.begin(), counts.end());  // the sum must not depend on the order in which values came
  double sum = 0;
  for (uint64_t c : counts) sum += static_cast<double>(c) * std::log2(static_cast<double>(c));
  return Value::dbl(std::max(0.0, std::log2(n) - sum / n));
}

bool QuantileCell::convert(const ir::Feature&, const Value& v, Item* item) {
  return to_double(v, item) && std::isfinite(*item);
}

template <bool kMax>
bool ExtremeCell<kMax>::convert(const ir::Feature&, const Value& v, Item* item) {
  switch (v.kind) {
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kTimestamp:
    case Kind::kDuration:
      *item = OwnedValue(v);
      return true;
    default:
      return false;
  }
}

template <bool kMax>
void ExtremeCell<kMax>::add(const Item& item, int64_t) {
  if (any) {
    if (is_nan(value.get())) return;
    if (!is_nan(item.get())) {
      const int order = compare(item.get(), value.get());
      if (kMax ? order <= 0 : order >= 0) return;
    }
  }
  value = item;
  any = true;
}

template struct ExtremeCell<false>;
template struct ExtremeCell<true>;

Value unseen(const ir::Feature& feature) {
  switch (feature.aggregation) {
    case ir::Aggregation::kCount:
    case ir::Aggregation::kDistinct:
      return Value::integer(0);
    case ir::Aggregation::kSum:
      switch (feature.value_kind) {
        case types::Kind::kUint:
          return Value::uint(0);
        case types::Kind::kDouble:
          return Value::dbl(0);
        case types::Kind::kDuration:
          return Value::duration(0, 0);
        default:
          return Value::integer(0);
      }
    default:
      return Value::missing();
  }
}

}  // namespace weir::state
