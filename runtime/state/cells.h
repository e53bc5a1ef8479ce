// Aggregations: what one pane (or a whole window) remembers of the values added to it.
//
// A cell type C has: C::Item, what it keeps of one value; convert(), which makes an item or refuses the value; add();
// merge(), where the argument's values are later than its own; result(), missing if nothing was added; heap_bytes();
// save(), and load() into a new cell, which is false if the reader has failed.
// Cells are merged oldest first, so that floating-point results are reproducible bit for bit.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/state/codec.h"
#include "runtime/state/distinct_set.h"
#include "runtime/state/frequency_table.h"
#include "runtime/state/heap_block.h"
#include "runtime/state/key.h"
#include "runtime/state/owned_value.h"
#include "runtime/state/quantile_sketch.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::state {

// int128 without its alignment of 16, which would double the size of a pane.
typedef __int128 Int128 __attribute__((aligned(8)));

inline void save_integer(__int128 n, Writer& out) {
  out.fixed64(static_cast<uint64_t>(n));
  out.fixed64(static_cast<uint64_t>(n >> 64));
}
inline __int128 load_integer(Reader& in) {
  const uint64_t low = in.fixed64();
  return static_cast<__int128>(static_cast<unsigned __int128>(in.fixed64()) << 64 | low);
}

struct CountCell {
  struct Item {};
  uint64_t n = 0;

  static bool convert(const ir::Feature&, const value::Value&, Item*) { return true; }
  void add(const Item&, int64_t) { ++n; }
  void merge(const CountCell& later) { n += later.n; }
  value::Value result(const ir::Feature&, value::Arena&) const {
    return value::Value::integer(static_cast<int64_t>(n));
  }
  size_t heap_bytes() const { return 0; }
  void save(Writer& out) const { out.varint(n); }
  bool load(Reader& in) { return n = in.varint(), in.ok(); }
};

// int, uint and duration (nanoseconds): exact; what does not fit the kind is an overflow when read.
struct IntegerSumCell {
  struct Item {
    Int128 n = 0;
    void save(Writer& out) const { save_integer(n, out); }
    bool load(Reader& in) { return n = load_integer(in), in.ok(); }
  };
  Int128 sum = 0;

  static bool convert(const ir::Feature& feature, const value::Value& v, Item* item);
  void add(const Item& item, int64_t) { sum += item.n; }
  void merge(const IntegerSumCell& later) { sum += later.sum; }
  value::Value result(const ir::Feature& feature, value::Arena&) const;
  size_t heap_bytes() const { return 0; }
  void save(Writer& out) const { save_integer(sum, out); }
  bool load(Reader& in) { return sum = load_integer(in), in.ok(); }
};

struct DoubleSumCell {
  using Item = double;
  double sum = 0;

  static bool convert(const ir::Feature& feature, const value::Value& v, Item* item);
  void add(const Item& item, int64_t) { sum += item; }
  void merge(const DoubleSumCell& later) { sum += later.sum; }
  value::Value result(const ir::Feature&, value::Arena&) const { return value::Value::dbl(sum); }
  size_t heap_bytes() const { return 0; }
  void save(Writer& out) const { out.dbl(sum); }
  bool load(Reader& in) { return sum = in.dbl(), in.ok(); }
};

// The mean of durations is a duration, of numbers a double.
struct MeanCell {
  using Item = double;
  double sum = 0;
  uint64_t n = 0;

  static bool convert(const ir::Feature& feature, const value::Value& v, Item* item);
  void add(const Item& item, int64_t) {
    sum += item;
    ++n;
  }
  void merge(const MeanCell& later) {
    sum += later.sum;
    n += later.n;
  }
  value::Value result(const ir::Feature& feature, value::Arena&) const;
  size_t heap_bytes() const { return 0; }
  void save(Writer& out) const {
    out.dbl(sum);
    out.varint(n);
  }
  bool load(Reader& in) { return sum = in.dbl(), n = in.varint(), in.ok(); }
};

// Sample standard deviation: missing below two values. Welford's method; parts joined as in Chan, Golub and LeVeque,
// Updating formulae and a pairwise algorithm for computing sample variances (1979).
struct StddevCell {
  using Item = double;
  uint64_t n = 0;
  double mean = 0;
  double m2 = 0;

  static bool convert(const ir::Feature& feature, const value::Value& v, Item* item);
  void add(const Item& item, int64_t) {
    ++n;
    const double delta = item - mean;
    mean += delta / static_cast<double>(n);
    m2 += delta * (item - mean);
  }
  void merge(const StddevCell& later);
  value::Value result(const ir::Feature&, value::Arena&) const {
    if (n < 2) return value::Value::missing();
    return value::Value::dbl(std::sqrt(m2 / static_cast<double>(n - 1)));
  }
  size_t heap_bytes() const { return 0; }
  void save(Writer& out) const {
    out.varint(n);
    out.dbl(mean);
    out.dbl(m2);
  }
  bool load(Reader& in) { return n = in.varint(), mean = in.dbl(), m2 = in.dbl(), in.ok(); }
};

// Numbers, text, times. NaN, once added, is the result: an extreme of what has no order is none.
template <bool kMax>
struct ExtremeCell {
  using Item = OwnedValue;
  OwnedValue value;
  bool any = false;

  static bool convert(const ir::Feature&, const value::Value& v, Item* item);
  void add(const Item& item, int64_t);
  void merge(const ExtremeCell& later) {
    if (later.any) add(later.value, 0);
  }
  value::Value result(const ir::Feature&, value::Arena&) const { return any ? value.get() : value::Value::missing(); }
  size_t heap_bytes() const { return value.heap_bytes(); }
  void save(Writer& out) const {
    out.u8(any);
    if (any) value.save(out);
  }
  bool load(Reader& in) { return any = in.u8() != 0, !any || value.load(in); }
};
using MinCell = ExtremeCell<false>;
using MaxCell = ExtremeCell<true>;

// By event time; of equal times the last (first) in input order.
template <bool kLast>
struct EdgeCell {
  using Item = OwnedValue;
  OwnedValue value;
  int64_t time = 0;
  bool any = false;

  static bool convert(const ir::Feature&, const value::Value& v, Item* item) {
    *item = OwnedValue(v);
    return true;
  }
  void add(const Item& item, int64_t t) {
    if (any && (kLast ? t < time : t >= time)) return;
    value = item;
    time = t;
    any = true;
  }
  void merge(const EdgeCell& later) {
    if (later.any) add(later.value, later.time);
  }
  value::Value result(const ir::Feature&, value::Arena&) const { return any ? value.get() : value::Value::missing(); }
  size_t heap_bytes() const { return value.heap_bytes(); }
  void save(Writer& out) const {
    out.u8(any);
    if (!any) return;
    value.save(out);
    out.zigzag(time);
  }
  bool load(Reader& in) {
    any = in.u8() != 0;
    return !any || (value.load(in) && (time = in.zigzag(), in.ok()));
  }
};
using LastCell = EdgeCell<true>;
using FirstCell = EdgeCell<false>;

struct DistinctCell {
  using Item = uint64_t;
  DistinctSet set;

  static bool convert(const ir::Feature&, const value::Value& v, Item* item) {
    *item = hash_of(v);
    return true;
  }
  void add(const Item& item, int64_t) { set.add(item); }
  void merge(const DistinctCell& later) { set.merge(later.set); }
  value::Value result(const ir::Feature&, value::Arena&) const { return value::Value::integer(set.count()); }
  size_t heap_bytes() const { return set.heap_bytes(); }
  void save(Writer& out) const { set.save(out); }
  bool load(Reader& in) { return set.load(in); }
};

// The most frequent values, the feature's parameter says how many; equally frequent ones by compare(), smallest first.
struct TopCell {
  struct Item {
    uint64_t hash = 0;
    OwnedValue value;
    size_t heap_bytes() const { return value.heap_bytes(); }
    void save(Writer& out) const {
      out.fixed64(hash);
      value.save(out);
    }
    bool load(Reader& in) { return hash = in.fixed64(), value.load(in); }
  };
  FrequencyTable table;
  std::vector<OwnedValue> values;  // by the table's slots
  size_t value_bytes = 0;

  static bool convert(const ir::Feature&, const value::Value& v, Item* item) {
    *item = {hash_of(v), OwnedValue(v)};
    return true;
  }
  void add(const Item& item, int64_t) { add(item.hash, 1, item.value); }
  void merge(const TopCell& later);
  value::Value result(const ir::Feature& feature, value::Arena& arena) const;
  size_t heap_bytes() const {
    return table.heap_bytes() + heap_block(values.capacity() * sizeof(OwnedValue)) + value_bytes;
  }
  void save(Writer& out) const;
  bool load(Reader& in);

 private:
  void add(uint64_t hash, uint64_t count, const OwnedValue& v);
};

// Shannon entropy of the values' frequencies, in bits: 0 if they are all one, log2(n) if n are equally frequent.
// Beyond FrequencyTable::kTracked distinct values each further one counts as unique.
struct EntropyCell {
  using Item = uint64_t;
  FrequencyTable table;
  uint64_t unique = 0;  // values not in the table

  static bool convert(const ir::Feature&, const value::Value& v, Item* item) {
    *item = hash_of(v);
    return true;
  }
  void add(const Item& item, int64_t) { add_count(item, 1); }
  void merge(const EntropyCell& later);
  value::Value result(const ir::Feature&, value::Arena&) const;
  size_t heap_bytes() const { return table.heap_bytes(); }
  void save(Writer& out) const {
    table.save(out);
    out.varint(unique);
  }
  bool load(Reader& in) { return table.load(in) && (unique = in.varint(), in.ok()); }

 private:
  void add_count(uint64_t hash, uint64_t count);
};

// The feature's parameter is the quantile, 0 to 1.
struct QuantileCell {
  using Item = double;
  QuantileSketch sketch;

  static bool convert(const ir::Feature& feature, const value::Value& v, Item* item);
  void add(const Item& item, int64_t) { sketch.add(item); }
  void merge(const QuantileCell& later) { sketch.merge(later.sketch); }
  value::Value result(const ir::Feature& feature, value::Arena&) const {
    return sketch.count() == 0 ? value::Value::missing() : value::Value::dbl(sketch.quantile(feature.param));
  }
  size_t heap_bytes() const { return sketch.heap_bytes(); }
  void save(Writer& out) const { sketch.save(out); }
  bool load(Reader& in) { return sketch.load(in); }
};

// -1, 0 or 1 for values of one kind that have an order; values of unlike kinds are ordered by kind.
int compare(const value::Value& a, const value::Value& b);

// What a key never seen reads: zero of the right kind for count, sum and distinct, missing for the others.
value::Value unseen(const ir::Feature& feature);

}  // namespace weir::state
