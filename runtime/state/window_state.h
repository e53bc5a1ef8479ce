// What one key of a feature remembers, by kind of window: a container of cells (cells.h).
//
// A window state W<C> has: add(), which returns by how many bytes the heap grew; read(), the aggregate as an event at
// time t sees it; newest(), what decides whether it can still be read; heap_bytes().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/state/cells.h"
#include "runtime/state/time.h"

namespace weir::state {

// Panes sorted by index. The first one is kept inside: a key seen in one pane costs no allocation.
template <typename C>
class PaneState {
 public:
  PaneState() { new (storage_) C(); }
  PaneState(const PaneState&) = delete;
  PaneState& operator=(const PaneState&) = delete;
  ~PaneState() {
    if (many()) {
      delete block();
    } else {
      one().~C();
    }
  }

  // Panes before `first_kept` are forgotten.
  ptrdiff_t add(int64_t pane, int64_t first_kept, const typename C::Item& item, int64_t t) {
    ptrdiff_t grown = 0;
    C* cell = nullptr;
    if (!many()) {
      if (pane_ == kEmpty || pane_ < first_kept) {
        grown -= static_cast<ptrdiff_t>(one().heap_bytes());
        one() = C();
        pane_ = pane;
      }
      if (pane_ == pane) {
        cell = &one();
      } else {
        auto* block = new Block();
        block->reserve(2);
        block->push_back({pane_, std::move(one())});
        one().~C();
        new (storage_) Block*(block);
        pane_ = kMany;
        grown += static_cast<ptrdiff_t>(sizeof(Block) + 2 * sizeof(Pane));
      }
    }
    if (cell == nullptr) {
      Block& panes = *block();
      const size_t capacity = panes.capacity();
      auto kept = panes.begin();
      for (; kept != panes.end() && kept->index < first_kept; ++kept) {
        grown -= static_cast<ptrdiff_t>(kept->cell.heap_bytes());
      }
      panes.erase(panes.begin(), kept);
      auto at = panes.end();
      while (at != panes.begin() && std::prev(at)->index >= pane) --at;  // nearly always the last
      if (at == panes.end() || at->index != pane) at = panes.insert(at, Pane{pane, C()});
      cell = &at->cell;
      grown += static_cast<ptrdiff_t>((panes.capacity() - capacity) * sizeof(Pane));
    }
    grown -= static_cast<ptrdiff_t>(cell->heap_bytes());
    cell->add(item, t);
    return grown + static_cast<ptrdiff_t>(cell->heap_bytes());
  }

  // f(cell) on the panes first..last, oldest first.
  template <typename F>
  void visit(int64_t first, int64_t last, F f) const {
    if (!many()) {
      if (pane_ != kEmpty && pane_ >= first && pane_ <= last) f(one());
      return;
    }
    for (const Pane& pane : *block()) {
      if (pane.index > last) break;
      if (pane.index >= first) f(pane.cell);
    }
  }

  int64_t newest() const { return many() ? block()->back().index : pane_; }  // a pane

  size_t heap_bytes() const {
    if (!many()) return one().heap_bytes();
    size_t n = sizeof(Block) + block()->capacity() * sizeof(Pane);
    for (const Pane& pane : *block()) n += pane.cell.heap_bytes();
    return n;
  }

 private:
  static constexpr int64_t kEmpty = INT64_MIN;
  static constexpr int64_t kMany = INT64_MIN + 1;
  struct Pane {
    int64_t index;
    C cell;
  };
  using Block = std::vector<Pane>;

  bool many() const { return pane_ == kMany; }
  C& one() { return *std::launder(reinterpret_cast<C*>(storage_)); }
  const C& one() const { return *std::launder(reinterpret_cast<const C*>(storage_)); }
  Block* block() const { return *std::launder(reinterpret_cast<Block* const*>(storage_)); }

  int64_t pane_ = kEmpty;
  // A cell; a Block* if there are many panes.
  alignas(std::max(alignof(C), alignof(Block*))) unsigned char storage_[std::max(sizeof(C), sizeof(Block*))];
};

// Every value with its time: `exact` windows and `last N`.
template <typename C>
class ExactState {
 public:
  using Item = typename C::Item;

  // Values before `first_kept`, and all but the newest `max_count`, are forgotten.
  ptrdiff_t add(int64_t first_kept, size_t max_count, const Item& item, int64_t t) {
    const size_t capacity = values_.capacity();
    ptrdiff_t grown = 0;
    size_t dropped = 0;
    while (dropped < values_.size() && values_[dropped].time < first_kept) ++dropped;
    auto at = values_.end();
    while (at != values_.begin() && std::prev(at)->time > t) --at;
    values_.insert(at, Observation{t, item});
    grown += item_bytes(item);
    if (values_.size() - dropped > max_count) dropped = values_.size() - max_count;
    for (size_t i = 0; i < dropped; ++i) grown -= item_bytes(values_[i].item);
    values_.erase(values_.begin(), values_.begin() + static_cast<ptrdiff_t>(dropped));
    return grown + static_cast<ptrdiff_t>((values_.capacity() - capacity) * sizeof(Observation));
  }

  // The values of times in (after, until], and of those the newest `max_count`, oldest first.
  // False if there is none.
  bool read(int64_t after, int64_t until, size_t max_count, C* out) const {
    auto end = values_.end();
    while (end != values_.begin() && std::prev(end)->time > until) --end;
    auto begin =
        std::upper_bound(values_.begin(), end, after, [](int64_t t, const Observation& o) { return t < o.time; });
    if (static_cast<size_t>(end - begin) > max_count) begin = end - static_cast<ptrdiff_t>(max_count);
    if constexpr (std::is_same_v<C, CountCell>) {
      out->n = static_cast<uint64_t>(end - begin);
    } else {
      for (auto it = begin; it != end; ++it) out->add(it->item, it->time);
    }
    return begin != end;
  }

  bool empty() const { return values_.empty(); }
  int64_t newest() const { return values_.empty() ? kNever : values_.back().time; }
  size_t heap_bytes() const {
    size_t n = values_.capacity() * sizeof(Observation);
    for (const Observation& o : values_) n += static_cast<size_t>(item_bytes(o.item));
    return n;
  }

 private:
  struct Observation {
    int64_t time;
    [[no_unique_address]] Item item;
  };
  static ptrdiff_t item_bytes(const Item& item) {
    if constexpr (requires { item.heap_bytes(); }) return static_cast<ptrdiff_t>(item.heap_bytes());
    return 0;
  }
  std::vector<Observation> values_;
};

// One run of events, each within `gap` of the one before; with an endless gap: all events.
template <typename C>
struct RunState {
  int64_t first = 0;
  int64_t last = kNever;
  C cell;

  // False if the value is older than the run it would have to join.
  bool add(int64_t gap, const typename C::Item& item, int64_t t, ptrdiff_t* grown) {
    const auto before = static_cast<ptrdiff_t>(cell.heap_bytes());
    if (last == kNever || saturating_sub(t, last) > gap) {
      cell = C();
      first = last = t;
    } else if (saturating_sub(first, t) > gap) {
      return false;
    }
    first = std::min(first, t);
    last = std::max(last, t);
    cell.add(item, t);
    *grown = static_cast<ptrdiff_t>(cell.heap_bytes()) - before;
    return true;
  }
  int64_t newest() const { return last; }
  size_t heap_bytes() const { return cell.heap_bytes(); }
};

}  // namespace weir::state
