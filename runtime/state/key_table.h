// A hash table from keys to state, with its least recently touched keys at hand.
//
// Entries sit in chunks and never move; the index over them is open addressing of (entry, 32 bits of hash) at a load of
// 0.57 to 0.85, so that an entry of state S costs sizeof(S) + 32 + 9 to 14 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "runtime/state/key.h"

namespace weir::state {

// S is default-constructible and destructible. Not thread-safe. Pointers to state stay valid until the key is erased.
template <typename S>
class KeyTable {
 public:
  struct Entry {
    Key key;
    uint32_t newer;  // towards the most recently touched; of a free entry: the next free one
    uint32_t older;
    uint64_t touched;  // clock of the last touch
    S state;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  KeyTable() = default;
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;
  ~KeyTable() {
    while (oldest_ != kNone) erase_oldest();
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // In use: entries freed by erase() are kept for the next keys and not counted.
  size_t bytes() const { return size_ * sizeof(Entry) + index_.size() * sizeof(Cell); }

  // Null if there is none. Touches the key.
  S* find(const Key& key, uint64_t clock) {
    const uint32_t id = lookup(key);
    if (id == kNone) return nullptr;
    touch(id, clock);
    return &entry(id).state;
  }
  const S* peek(const Key& key) const {
    const uint32_t id = lookup(key);
    return id == kNone ? nullptr : &entry(id).state;
  }
  S& find_or_add(const Key& key, uint64_t clock) {
    uint32_t id = lookup(key);
    if (id == kNone) {
      id = add(key);
      entry(id).touched = clock;
    } else {
      touch(id, clock);
    }
    return entry(id).state;
  }

  // The table must not be empty.
  const Entry& oldest() const { return entry(oldest_); }
  void erase_oldest() { erase(oldest_); }
  void touch_oldest(uint64_t clock) { touch(oldest_, clock); }
  bool erase(const Key& key) {
    const uint32_t id = lookup(key);
    if (id == kNone) return false;
    erase(id);
    return true;
  }

  // From the least to the most recently touched: f(key, state).
  template <typename F>
  void for_each(F f) const {
    for (uint32_t id = oldest_; id != kNone; id = entry(id).newer) f(entry(id).key, entry(id).state);
  }

 private:
  static constexpr uint32_t kChunk = 256;
  struct Cell {
    uint32_t id = kNone;
    uint32_t tag = 0;
  };
  struct alignas(Entry) Raw {
    unsigned char bytes[sizeof(Entry)];
  };

  Entry& entry(uint32_t id) const {
    return *std::launder(reinterpret_cast<Entry*>(chunks_[id / kChunk][id % kChunk].bytes));
  }
  size_t home(const Key& key) const {
    return static_cast<size_t>((static_cast<unsigned __int128>(key.lo) * index_.size()) >> 64);
  }
  static uint32_t tag(const Key& key) { return static_cast<uint32_t>(key.hi); }
  size_t next(size_t i) const { return i + 1 == index_.size() ? 0 : i + 1; }

  uint32_t lookup(const Key& key) const {
    if (index_.empty()) return kNone;
    for (size_t i = home(key); index_[i].id != kNone; i = next(i)) {
      if (index_[i].tag == tag(key) && entry(index_[i].id).key == key) return index_[i].id;
    }
    return kNone;
  }

  uint32_t add(const Key& key) {
    if (size_ + 1 > index_.size() / 20 * 17) rehash();
    uint32_t id = free_;
    if (id != kNone) {
      free_ = entry(id).newer;
    } else {
      id = used_++;
      if (id % kChunk == 0) chunks_.push_back(std::make_unique<Raw[]>(kChunk));
    }
    new (chunks_[id / kChunk][id % kChunk].bytes) Entry{key, kNone, newest_, 0, S()};
    if (newest_ != kNone) entry(newest_).newer = id;
    newest_ = id;
    if (oldest_ == kNone) oldest_ = id;
    ++size_;
    place({id, tag(key)}, key);
    return id;
  }

  void place(Cell cell, const Key& key) {
    size_t i = home(key);
    while (index_[i].id != kNone) i = next(i);
    index_[i] = cell;
  }

  void rehash() {
    std::vector<Cell> old(index_.empty() ? 20 : index_.size() / 2 * 3);
    old.swap(index_);
    for (const Cell& cell : old) {
      if (cell.id != kNone) place(cell, entry(cell.id).key);
    }
  }

  void touch(uint32_t id, uint64_t clock) {
    Entry& e = entry(id);
    e.touched = clock;
    if (id == newest_) return;
    unlink(e);
    e.older = newest_;
    e.newer = kNone;
    entry(newest_).newer = id;
    newest_ = id;
  }

  void unlink(const Entry& e) {
    if (e.older != kNone) {
      entry(e.older).newer = e.newer;
    } else {
      oldest_ = e.newer;
    }
    if (e.newer != kNone) {
      entry(e.newer).older = e.older;
    } else {
      newest_ = e.older;
    }
  }

  void erase(uint32_t id) {
    Entry& e = entry(id);
    size_t i = home(e.key);
    while (index_[i].id != id) i = next(i);
    // Backward shift: no tombstones, so that lookups stay short however many keys come and go.
    for (size_t j = next(i); index_[j].id != kNone; j = next(j)) {
      const size_t h = home(entry(index_[j].id).key);
      const bool stays = i <= j ? (i < h && h <= j) : (i < h || h <= j);
      if (stays) continue;
      index_[i] = index_[j];
      i = j;
    }
    index_[i] = Cell();
    unlink(e);
    e.state.~S();
    new (&e.state) S();  // a free entry stays a valid object
    e.newer = free_;
    free_ = id;
    --size_;
  }

  std::vector<std::unique_ptr<Raw[]>> chunks_;
  std::vector<Cell> index_;
  uint32_t used_ = 0;
  uint32_t free_ = kNone;
  uint32_t oldest_ = kNone;
  uint32_t newest_ = kNone;
  size_t size_ = 0;
};

}  // namespace weir::state
