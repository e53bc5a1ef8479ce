#include "runtime/index/value_cells.h"

#include <algorithm>
#include <bit>

namespace weir::index {
namespace {

using value::Kind;
using value::Value;

constexpr uint64_t kSign = uint64_t{1} << 63;

// Unsigned integers in the order of the numbers. -0.0 is 0.0; NaN has no place.
uint64_t order_of_int(int64_t v) { return static_cast<uint64_t>(v) ^ kSign; }
uint64_t order_of_double(double v) {
  const auto bits = std::bit_cast<uint64_t>(v == 0 ? 0.0 : v);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

uint64_t order_of(const ir::Constant& c) {
  switch (c.kind) {
    case ir::ConstantKind::kInt:
      return order_of_int(c.i);
    case ir::ConstantKind::kDouble:
      return order_of_double(c.d);
    default:
      return c.u;
  }
}

// Positions of numbers among n thresholds: 2t + 1 is threshold t, 2t and 2t + 2 are what is below and above it.
struct Range {
  size_t first, end;
};

Range where_true(Relation relation, size_t threshold, size_t positions) {
  const size_t at = 2 * threshold + 1;
  switch (relation) {
    case Relation::kLess:
      return {0, at};
    case Relation::kLessEquals:
      return {0, at + 1};
    case Relation::kGreater:
      return {at + 1, positions};
    case Relation::kGreaterEquals:
      return {at, positions};
    default:
      return {at, at + 1};
  }
}

}  // namespace

ValueCells::ValueCells(const ir::Module& module, Domain domain, std::span<const Test> tests) : domain_(domain) {
  switch (domain) {
    case Domain::kBool:
      size_ = 2;
      for (const Test& test : tests) {
        Truths& t = truths_.emplace_back(Truths{Bits(2), true});
        t.cells.set(test.negated ? 0 : 1);
      }
      break;
    case Domain::kText:
      number_texts(module, tests);
      break;
    default:
      cut_numbers(module, tests);
  }
}

std::vector<uint32_t> ValueCells::constants_of(const ir::Module& module, const Test& test) const {
  if (test.relation == Relation::kIn) return module.constants[test.constant].items;
  return {test.constant};
}

void ValueCells::number_texts(const ir::Module& module, std::span<const Test> tests) {
  for (const Test& test : tests)
    for (uint32_t constant : constants_of(module, test)) texts_.add(module.constants[constant].s);
  size_ = texts_.size() + 1;
  for (const Test& test : tests) {
    Truths& t = truths_.emplace_back(Truths{Bits(size_), true});
    for (uint32_t constant : constants_of(module, test)) t.cells.set(texts_.add(module.constants[constant].s));
    if (test.negated) t.cells.flip();
  }
  texts_.build();
}

void ValueCells::cut_numbers(const ir::Module& module, std::span<const Test> tests) {
  for (const Test& test : tests)
    for (uint32_t constant : constants_of(module, test)) thresholds_.push_back(order_of(module.constants[constant]));
  std::ranges::sort(thresholds_);
  thresholds_.erase(std::unique(thresholds_.begin(), thresholds_.end()), thresholds_.end());
  const size_t positions = 2 * thresholds_.size() + 1;
  auto ranges_of = [&](const Test& test) {
    std::vector<Range> ranges;
    for (uint32_t constant : constants_of(module, test)) {
      const auto at = std::ranges::lower_bound(thresholds_, order_of(module.constants[constant])) - thresholds_.begin();
      ranges.push_back(where_true(test.relation, static_cast<size_t>(at), positions));
    }
    return ranges;
  };

  // A cell begins where a test changes; if that makes too many, several become one.
  std::vector<uint8_t> begins(positions + 1, 0);
  begins[0] = 1;
  for (const Test& test : tests)
    for (const Range& range : ranges_of(test)) begins[range.first] = begins[range.end] = 1;
  const auto wanted =
      static_cast<size_t>(std::count(begins.begin(), begins.begin() + static_cast<ptrdiff_t>(positions), 1));
  const size_t per_cell = (wanted + kMaxCells - 2) / (kMaxCells - 1);
  size_ = (wanted + per_cell - 1) / per_cell + 1;
  std::vector<size_t> first_of(size_ + 1, positions);
  size_t seen = 0;
  for (size_t p = 0; p < positions; ++p) {
    if (begins[p] != 0 && seen++ % per_cell == 0) first_of[(seen - 1) / per_cell] = p;
    number_cell_.push_back(static_cast<uint32_t>((seen - 1) / per_cell));
  }
  number_cell_.push_back(static_cast<uint32_t>(size_ - 1));  // NaN: no relation holds

  for (const Test& test : tests) {
    Bits may(size_), must(size_);
    for (const Range& range : ranges_of(test)) {
      if (range.first == range.end) continue;
      for (size_t c = number_cell_[range.first]; c <= number_cell_[range.end - 1]; ++c) {
        may.set(c);
        if (range.first <= first_of[c] && first_of[c + 1] <= range.end) must.set(c);
      }
    }
    if (test.negated) {
      std::swap(may, must);
      may.flip();
      must.flip();
    }
    const bool exact = may.count() == must.count();
    truths_.push_back({std::move(may), exact});
  }
}

int ValueCells::cell_of(const Value& v) const {
  uint64_t order = 0;
  switch (domain_) {
    case Domain::kBool:
      return v.is(Kind::kBool) ? (v.i != 0 ? 1 : 0) : -1;
    case Domain::kText:
      return v.is(Kind::kString) ? static_cast<int>(texts_.find(v.str())) : -1;
    case Domain::kInt:
      if (!v.is(Kind::kInt)) return -1;
      order = order_of_int(v.i);
      break;
    case Domain::kUint:
      if (!v.is(Kind::kUint)) return -1;
      order = v.u;
      break;
    case Domain::kDouble:
      if (!v.is(Kind::kDouble)) return -1;
      if (v.d != v.d) return static_cast<int>(number_cell_.back());
      order = order_of_double(v.d);
      break;
    default:
      return -1;
  }
  // The number of thresholds below, without branches that nobody can predict.
  const uint64_t* base = thresholds_.data();
  size_t n = thresholds_.size();
  while (n > 1) {
    const size_t half = n / 2;
    base = base[half - 1] < order ? base + half : base;
    n -= half;
  }
  auto below = static_cast<size_t>(base - thresholds_.data()) + (*base < order ? 1 : 0);
  const bool at = below < thresholds_.size() && thresholds_[below] == order;
  return static_cast<int>(number_cell_[2 * below + (at ? 1 : 0)]);
}

}  // namespace weir::index
