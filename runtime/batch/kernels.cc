#include "runtime/batch/kernels.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/batch/kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace weir::batch {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<uint64_t, 8>;

// One bit a lane, eight lanes a byte.
template <class D, typename T, class Test>
void compare_all(D d, const T* column, size_t words, RowSet& out, Test test) {
  const size_t lanes = hn::Lanes(d);
  auto* bytes = reinterpret_cast<uint8_t*>(out.words);
  const size_t rows = words * 64;
  if (lanes >= 8) {
    for (size_t i = 0; i < rows; i += lanes) hn::StoreMaskBits(d, test(hn::LoadU(d, column + i)), bytes + i / 8);
    return;
  }
  for (size_t i = 0; i < rows; i += 8) {
    unsigned byte = 0;
    for (size_t j = 0; j < 8; j += lanes) {
      uint8_t bits[8];
      hn::StoreMaskBits(d, test(hn::LoadU(d, column + i + j)), bits);
      byte |= static_cast<unsigned>(bits[0]) << j;
    }
    bytes[i / 8] = static_cast<uint8_t>(byte);
  }
}

void CompareInts(Compare relation, const int64_t* column, int64_t constant, size_t words, RowSet& out) {
  const hn::CappedTag<int64_t, 8> d;
  const auto c = hn::Set(d, constant);
  switch (relation) {
    case Compare::kLess:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Lt(v, c); });
    case Compare::kLessEquals:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Not(hn::Gt(v, c)); });
    case Compare::kGreater:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Gt(v, c); });
    case Compare::kGreaterEquals:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Not(hn::Lt(v, c)); });
    case Compare::kEquals:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Eq(v, c); });
  }
}

void CompareDoubles(Compare relation, const double* column, double constant, size_t words, RowSet& out) {
  const hn::CappedTag<double, 8> d;
  const auto c = hn::Set(d, constant);
  switch (relation) {
    case Compare::kLess:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Lt(v, c); });
    case Compare::kLessEquals:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Le(v, c); });
    case Compare::kGreater:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Gt(v, c); });
    case Compare::kGreaterEquals:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Ge(v, c); });
    case Compare::kEquals:
      return compare_all(d, column, words, out, [&](auto v) { return hn::Eq(v, c); });
  }
}

void Unite(const RowSet* sets, const uint32_t* which, size_t count, RowSet& out) {
  const Words d;
  const size_t lanes = hn::Lanes(d);
  for (size_t w = 0; w < kWords; w += lanes) {
    auto all = hn::Zero(d);
    for (size_t i = 0; i < count; ++i) all = hn::Or(all, hn::Load(d, sets[which[i]].words + w));
    hn::Store(all, d, out.words + w);
  }
}

// Evaluates conditions for their upper bound (where they may be other than false) or their lower one (where they are
// true). Conjunctions are monotone in both.
class Evaluation {
 public:
  Evaluation(const LeafSets& leaves, size_t words, bool upper) : leaves_(leaves), words_(words), upper_(upper) {}

  // The rows of `in` in the bound of the item at `at`; whether there is one.
  bool run(const Item* at, const RowSet& in, RowSet& out) {
    switch (kind_of(*at)) {
      case ItemKind::kAnd:
        return conjunction(at, in, out);
      case ItemKind::kOr:
        return disjunction(at, in, out);
      default:
        return leaf<false>(*at, in, out);
    }
  }
  bool inexact() const { return inexact_; }

 private:
  static size_t length(const Item* at) {
    return kind_of(*at) == ItemKind::kAnd || kind_of(*at) == ItemKind::kOr ? value_of(*at) + 1 : 1;
  }

  bool conjunction(const Item* at, const RowSet& in, RowSet& out) {
    const Item* const end = at + 1 + value_of(*at);
    const RowSet* left = &in;
    for (++at; at != end; at += length(at)) {
      if (!run(at, *left, out)) return false;
      left = &out;
    }
    return true;
  }

  HWY_NOINLINE bool disjunction(const Item* at, const RowSet& in_or_out, RowSet& out) {
    const Item* const end = at + 1 + value_of(*at);
    RowSet in, one;  // `out` may be the same as the input
    const Words d;
    for (size_t w = 0; w < words_; w += hn::Lanes(d)) {
      hn::Store(hn::Load(d, in_or_out.words + w), d, in.words + w);
      hn::Store(hn::Zero(d), d, out.words + w);
    }
    bool any = false;
    for (++at; at != end; at += length(at)) {
      if (kind_of(*at) <= ItemKind::kNotLeaf) {
        any = leaf<true>(*at, in, out) || any;
      } else if (run(at, in, one)) {
        any = true;
        for (size_t w = 0; w < words_; w += hn::Lanes(d))
          hn::Store(hn::Or(hn::Load(d, out.words + w), hn::Load(d, one.words + w)), d, out.words + w);
      }
    }
    return any;
  }

  // out = in & leaf, or out |= in & leaf.
  template <bool kAdd>
  bool leaf(Item item, const RowSet& in, RowSet& out) {
    const uint32_t number = value_of(item);
    const bool negated = kind_of(item) == ItemKind::kNotLeaf, inexact = leaves_.inexact[number] != 0;
    inexact_ = inexact_ || inexact;
    const RowSet& set = inexact && negated == upper_ ? leaves_.must[number] : leaves_.may[number];
    const Words d;
    auto any = hn::Zero(d);
    for (size_t w = 0; w < words_; w += hn::Lanes(d)) {
      const auto bits = hn::Load(d, set.words + w), rows = hn::Load(d, in.words + w);
      auto both = negated ? hn::AndNot(bits, rows) : hn::And(bits, rows);
      any = hn::Or(any, both);
      if (kAdd) both = hn::Or(both, hn::Load(d, out.words + w));
      hn::Store(both, d, out.words + w);
    }
    return !hn::AllTrue(d, hn::Eq(any, hn::Zero(d)));
  }

  const LeafSets& leaves_;
  const size_t words_;
  const bool upper_;
  bool inexact_ = false;
};

size_t Evaluate(const Item* items, const uint32_t* starts, uint32_t first, uint32_t end, const LeafSets& leaves,
                const RowSet& rows, size_t words, Survivor* out) {
  size_t count = 0;
  for (uint32_t c = first; c < end; ++c) {
    if (starts[c] == starts[c + 1]) continue;  // false
    Survivor& s = out[count];
    Evaluation upper(leaves, words, true);
    if (!upper.run(items + starts[c], rows, s.may)) continue;
    std::fill(s.may.words + words, s.may.words + kWords, 0);
    s.condition = c;
    s.exact = !upper.inexact();
    if (!s.exact) {
      Evaluation lower(leaves, words, false);
      if (!lower.run(items + starts[c], s.may, s.must)) s.must = RowSet();
      std::fill(s.must.words + words, s.must.words + kWords, 0);
    }
    ++count;
  }
  return count;
}

const char* Name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace weir::batch
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weir::batch {

HWY_EXPORT(CompareInts);
HWY_EXPORT(CompareDoubles);
HWY_EXPORT(Unite);
HWY_EXPORT(Evaluate);
HWY_EXPORT(Name);

void compare(Compare relation, const int64_t* column, int64_t constant, size_t words, RowSet& out) {
  HWY_DYNAMIC_DISPATCH(CompareInts)(relation, column, constant, words, out);
}
void compare(Compare relation, const double* column, double constant, size_t words, RowSet& out) {
  HWY_DYNAMIC_DISPATCH(CompareDoubles)(relation, column, constant, words, out);
}
void unite(const RowSet* sets, std::span<const uint32_t> which, RowSet& out) {
  HWY_DYNAMIC_DISPATCH(Unite)(sets, which.data(), which.size(), out);
}
size_t evaluate(const Item* items, const uint32_t* starts, uint32_t first, uint32_t end, const LeafSets& leaves,
                const RowSet& rows, size_t words, Survivor* out) {
  return HWY_DYNAMIC_DISPATCH(Evaluate)(items, starts, first, end, leaves, rows, words, out);
}
std::string_view kernels_in_use() { return HWY_DYNAMIC_DISPATCH(Name)(); }

bool use_kernels(std::string_view target) {
  for (int64_t left = hwy::SupportedTargets() & HWY_TARGETS; left != 0; left &= left - 1) {
    const int64_t lowest = left & -left;
    if (hwy::TargetName(lowest) != target) continue;
    hwy::SetSupportedTargetsForTest(lowest);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    return kernels_in_use() == target;
  }
  return false;
}

}  // namespace weir::batch
#endif
