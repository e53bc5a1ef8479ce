// The ids of the events of one type seen lately, each with what was decided on it.
//
// An id is remembered while the event clock is within the window of where it was when the id came, and no more than
// `max_ids` of them: beyond that the one that came first is forgotten before its time. What is remembered depends on
// the events alone. About 35 bytes an id: a cell of 16 bytes in a table at most 0.85 full, and 8 bytes of arrival
// order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "runtime/state/codec.h"

namespace weir::state {

// Not thread-safe.
class IdWindow {
 public:
  static constexpr uint8_t kMaxNote = 15;

  IdWindow(int64_t window, size_t max_ids) : window_(window), max_ids_(max_ids) {}

  // `hash` is of the id; two ids are taken to be one if 60 bits of it agree (10^7 ids at hand: 10^-11 an event).
  // `now` is the event clock's. The note if the id is there, else -1, and it is there now.
  int add(uint64_t hash, int64_t now);
  // Of an id just added; 0 until then.
  void set_note(uint64_t hash, uint8_t note);
  // As if an id just added had not come.
  void take_back(uint64_t hash);

  size_t size() const { return order_.size(); }
  size_t bytes() const { return cells_.size() * sizeof(Cell) + order_.size() * sizeof(uint64_t); }
  uint64_t forgotten() const { return forgotten_; }  // for want of room, before their time

  // A copy of the ids as they are when it begins, with their capacity, so that they weigh the same when they are
  // loaded. Ids may come and go while it is made, but notes be set only on those that came since.
  void begin_copy();
  bool copy_some(size_t ids);  // true if none is left
  void end_copy(Writer& out);
  // Into an empty window.
  bool load(Reader& in);
  // All that another one remembers, which has what this one did.
  void take(IdWindow& from) {
    cells_.swap(from.cells_);
    order_.swap(from.order_);
    std::swap(forgotten_, from.forgotten_);
  }

 private:
  struct Cell {
    uint64_t tag = 0;             // hash, its lowest bits replaced by the note
    int64_t arrived = INT64_MIN;  // by the clock; INT64_MIN: the cell is free
  };

  size_t home(uint64_t hash) const {
    return static_cast<size_t>((static_cast<unsigned __int128>(hash) * cells_.size()) >> 64);
  }
  size_t next(size_t i) const { return i + 1 == cells_.size() ? 0 : i + 1; }
  size_t find(uint64_t hash) const;  // its cell, or the free one where it would go
  bool outside(int64_t arrived, int64_t now) const;
  void insert(uint64_t hash, int64_t arrived, uint8_t note);
  void copy_next();
  void forget_first();
  void empty_cell(size_t i);
  void grow();

  int64_t window_;
  size_t max_ids_;
  std::vector<Cell> cells_;
  std::deque<uint64_t> order_;
  uint64_t forgotten_ = 0;
  Writer copied_;           // of a copy under way,
  size_t to_copy_ = 0;      // how many ids it lacks,
  size_t next_copy_ = 0;    // and where in the order the first of them is
  bool copy_lost_ = false;  // for want of memory
};

}  // namespace weir::state
