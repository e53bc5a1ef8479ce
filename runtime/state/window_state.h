// What one key of a feature remembers, by kind of window: a container of cells (cells.h).
//
// A window state W<C> has: add(), which returns by how many bytes the heap grew, and throws std::bad_alloc with the
// state whole but the value perhaps not in it; read(), the aggregate as an event at time t sees it; newest(), what
// decides whether it can still be read; heap_bytes(); save(), and load() into a new state, which is false if the reader
// has failed. What was loaded has the capacities of what was saved: the memory a key is charged with, and so what is
// evicted when, must not depend on a restart.
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
#include "runtime/state/codec.h"
#include "runtime/state/heap_block.h"
#include "runtime/state/time.h"

namespace weir::state {

// Panes sorted by index. The first one is kept inside: a key seen in one pane costs no allocation.
template <typename C>
class PaneState {
 public:
  PaneState() { new (storage_) C(); }
  PaneState(PaneState&& other) noexcept { take(other); }
  PaneState& operator=(PaneState&& other) noexcept {
    if (this == &other) return *this;
    destroy();
    take(other);
    return *this;
  }
  ~PaneState() { destroy(); }

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
        auto block = std::make_unique<Block>();
        block->reserve(2);
        block->push_back({pane_, std::move(one())});
        one().~C();
        new (storage_) Block*(block.release());
        pane_ = kMany;
        grown += static_cast<ptrdiff_t>(heap_block(sizeof(Block)) + block_bytes(2));
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
      grown += static_cast<ptrdiff_t>(block_bytes(panes.capacity()) - block_bytes(capacity));
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

  // f(index, cell) on all panes, oldest first.
  template <typename F>
  void for_each(F f) const {
    if (!many()) {
      if (pane_ != kEmpty) f(pane_, one());
      return;
    }
    for (const Pane& pane : *block()) f(pane.index, pane.cell);
  }

  int64_t newest() const { return many() ? block()->back().index : pane_; }  // a pane

  size_t heap_bytes() const {
    if (!many()) return one().heap_bytes();
    size_t n = heap_block(sizeof(Block)) + block_bytes(block()->capacity());
    for (const Pane& pane : *block()) n += pane.cell.heap_bytes();
    return n;
  }

  void save(Writer& out) const {
    out.u8(pane_ == kEmpty ? 0 : many() ? 2 : 1);
    if (pane_ == kEmpty) return;
    if (!many()) {
      out.zigzag(pane_);
      one().save(out);
      return;
    }
    out.varint(block()->size());
    out.varint(block()->capacity());
    for (const Pane& pane : *block()) {
      out.zigzag(pane.index);
      pane.cell.save(out);
    }
  }

  bool load(Reader& in) {
    const uint8_t form = in.u8();
    if (form == 0) return in.ok();
    if (form == 1) {
      const int64_t pane = in.zigzag();
      if (pane <= kMany) return in.fail("a pane has no such number");
      if (!one().load(in)) return false;
      pane_ = pane;
      return true;
    }
    if (form != 2) return in.fail("panes are stored in no known form");
    const size_t size = in.count(2);
    const size_t capacity = in.capacity(size, sizeof(Pane));
    if (size == 0) return in.fail("a window of many panes has none");
    if (!in.ok()) return false;
    auto panes = std::make_unique<Block>();
    panes->reserve(capacity);
    for (size_t i = 0; i < size; ++i) {
      const int64_t index = in.zigzag();
      if (i > 0 && index <= panes->back().index) return in.fail("panes are not in order");
      panes->push_back({index, C()});
      if (!panes->back().cell.load(in)) return false;
    }
    one().~C();
    new (storage_) Block*(panes.release());
    pane_ = kMany;
    return true;
  }

 private:
  static constexpr int64_t kEmpty = INT64_MIN;
  static constexpr int64_t kMany = INT64_MIN + 1;
  struct Pane {
    int64_t index;
    C cell;
  };
  using Block = std::vector<Pane>;
  static constexpr size_t block_bytes(size_t panes) { return heap_block(panes * sizeof(Pane)); }

  void destroy() {
    if (many()) {
      delete block();
    } else {
      one().~C();
    }
  }
  // Leaves `other` empty. This one's storage holds nothing.
  void take(PaneState& other) {
    pane_ = other.pane_;
    if (other.many()) {
      new (storage_) Block*(other.block());
      new (other.storage_) C();
    } else {
      new (storage_) C(std::move(other.one()));
      other.one() = C();
    }
    other.pane_ = kEmpty;
  }

  bool many() const { return pane_ == kMany; }
  C& one() { return *std::launder(reinterpret_cast<C*>(storage_)); }
  const C& one() const { return *std::launder(reinterpret_cast<const C*>(storage_)); }
  Block* block() const { return *std::launder(reinterpret_cast<Block* const*>(storage_)); }

  int64_t pane_ = kEmpty;
  // A cell; a Block* if there are many panes.
  alignas(std::max(alignof(C), alignof(Block*))) unsigned char storage_[std::max(sizeof(C), sizeof(Block*))];
};

template <typename Item>
void save_item(const Item& item, Writer& out) {
  if constexpr (std::is_same_v<Item, double>) {
    out.dbl(item);
  } else if constexpr (std::is_same_v<Item, uint64_t>) {
    out.fixed64(item);
  } else if constexpr (!std::is_empty_v<Item>) {
    item.save(out);
  }
}
template <typename Item>
bool load_item(Item* item, Reader& in) {
  if constexpr (std::is_same_v<Item, double>) {
    *item = in.dbl();
  } else if constexpr (std::is_same_v<Item, uint64_t>) {
    *item = in.fixed64();
  } else if constexpr (!std::is_empty_v<Item>) {
    return item->load(in);
  }
  return in.ok();
}

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
    return grown + static_cast<ptrdiff_t>(block_bytes(values_.capacity()) - block_bytes(capacity));
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

  // f(time, item), oldest first.
  template <typename F>
  void for_each(F f) const {
    for (const Observation& o : values_) f(o.time, o.item);
  }

  bool empty() const { return values_.empty(); }
  size_t count() const { return values_.size(); }
  int64_t newest() const { return values_.empty() ? kNever : values_.back().time; }
  size_t heap_bytes() const {
    size_t n = block_bytes(values_.capacity());
    for (const Observation& o : values_) n += static_cast<size_t>(item_bytes(o.item));
    return n;
  }

  void save(Writer& out) const {
    out.varint(values_.size());
    out.varint(values_.capacity());
    for (const Observation& o : values_) {
      out.zigzag(o.time);
      save_item(o.item, out);
    }
  }

  bool load(Reader& in) {
    const size_t size = in.count(1);
    const size_t capacity = in.capacity(size, sizeof(Observation));
    if (!in.ok()) return false;
    values_.reserve(capacity);
    for (size_t i = 0; i < size; ++i) {
      const int64_t time = in.zigzag();
      if (i > 0 && time < values_.back().time) return in.fail("values are not in order of time");
      values_.push_back({time, Item()});
      if (!load_item(&values_.back().item, in)) return false;
    }
    return in.ok();
  }

 private:
  struct Observation {
    int64_t time;
    [[no_unique_address]] Item item;
  };
  static constexpr size_t block_bytes(size_t values) { return heap_block(values * sizeof(Observation)); }
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

  // `now` is the event clock's. False if the value is older than the run it would have to join, unless that one lies in
  // a future that the clock does not believe in.
  bool add(int64_t gap, int64_t now, const typename C::Item& item, int64_t t, ptrdiff_t* grown) {
    const auto before = static_cast<ptrdiff_t>(cell.heap_bytes());
    const bool unbelieved = first > now && saturating_sub(first, t) > gap;
    if (last == kNever || saturating_sub(t, last) > gap || unbelieved) {
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

  void save(Writer& out) const {
    out.zigzag(first);
    out.zigzag(last);
    cell.save(out);
  }
  bool load(Reader& in) {
    first = in.zigzag();
    last = in.zigzag();
    if (first > last && last != kNever) return in.fail("a run ends before it begins");
    return cell.load(in);
  }
};

}  // namespace weir::state
