// Panes of a `distinct` feature, with the union of those read last kept for keys that are read often.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "runtime/state/cells.h"
#include "runtime/state/heap_block.h"
#include "runtime/state/window_state.h"

namespace weir::state {

// A window state as window_state.h says. The union is only a shortcut: it holds exactly what merging the panes would
// give.
class DistinctPaneState {
 public:
  ptrdiff_t add(int64_t pane, int64_t first_kept, const uint64_t& hash, int64_t t) {
    ptrdiff_t grown = panes_.add(pane, first_kept, hash, t);
    if (union_ != nullptr && pane >= union_->first && pane <= union_->last) {
      grown -= static_cast<ptrdiff_t>(union_->set.heap_bytes());
      try {
        if (union_->set.add(hash)) union_->count = kUnknown;
      } catch (const std::bad_alloc&) {
        union_ = nullptr;  // it would lack the hash
        throw;
      }
      grown += static_cast<ptrdiff_t>(union_->set.heap_bytes());
    }
    return grown;
  }

  // The number of distinct hashes in the panes first..last; -1 if there are none. With `grown` null nothing is kept.
  int64_t count(int64_t first, int64_t last, ptrdiff_t* grown) const {
    if (union_ == nullptr || union_->first != first || union_->last != last) {
      uint32_t stored = 0, panes = 0;
      const DistinctSet* one = nullptr;
      panes_.visit(first, last, [&](const DistinctCell& cell) {
        stored += cell.set.stored();
        ++panes;
        one = &cell.set;
      });
      if (panes == 0) return -1;
      if (panes == 1) return one->count();
      // Few hashes are merged faster than looked after; a late event's window is not the next one's.
      if (stored <= kMergedEachTime || grown == nullptr || (union_ != nullptr && last < union_->last))
        return merged(first, last).count();
      *grown -= static_cast<ptrdiff_t>(union_bytes());
      union_ = std::make_unique<Union>(Union{first, last, kUnknown, merged(first, last)});
      *grown += static_cast<ptrdiff_t>(union_bytes());
    }
    if (union_->count == kUnknown) union_->count = union_->set.count();
    return union_->count;
  }

  template <typename F>
  void for_each(F f) const {
    panes_.for_each(f);
  }

  int64_t newest() const { return panes_.newest(); }
  size_t heap_bytes() const { return panes_.heap_bytes() + union_bytes(); }

  // The union, too, because of its weight (see window_state.h).
  void save(Writer& out) const {
    panes_.save(out);
    out.u8(union_ != nullptr);
    if (union_ == nullptr) return;
    out.zigzag(union_->first);
    out.zigzag(union_->last);
    union_->set.save(out);
  }
  bool load(Reader& in) {
    if (!panes_.load(in)) return false;
    if (in.u8() == 0) return in.ok();
    if (!in.allocates(1, sizeof(Union))) return false;
    union_ = std::make_unique<Union>();
    union_->first = in.zigzag();
    union_->last = in.zigzag();
    union_->count = kUnknown;
    return union_->set.load(in);
  }

 private:
  static constexpr uint32_t kMergedEachTime = 24;
  static constexpr int64_t kUnknown = -1;
  struct Union {
    int64_t first, last;  // panes
    int64_t count;        // of set, or kUnknown
    DistinctSet set;
  };

  DistinctSet merged(int64_t first, int64_t last) const {
    DistinctSet set;
    panes_.visit(first, last, [&](const DistinctCell& cell) { set.merge(cell.set); });
    return set;
  }
  size_t union_bytes() const { return union_ == nullptr ? 0 : heap_block(sizeof(Union)) + union_->set.heap_bytes(); }

  PaneState<DistinctCell> panes_;
  mutable std::unique_ptr<Union> union_;
};

}  // namespace weir::state
