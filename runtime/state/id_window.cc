#include "runtime/state/id_window.h"

#include <algorithm>
#include <iterator>
#include <new>

#include "runtime/state/time.h"

namespace weir::state {
namespace {

constexpr uint64_t kHashBits = ~uint64_t{IdWindow::kMaxNote};

}  // namespace

size_t IdWindow::find(uint64_t hash) const {
  size_t i = home(hash);
  while (cells_[i].arrived != INT64_MIN && (cells_[i].tag & kHashBits) != hash) i = next(i);
  return i;
}

bool IdWindow::outside(int64_t arrived, int64_t now) const {
  return saturating_sub(now, arrived) > window_ || saturating_sub(arrived, now) > window_;
}

int IdWindow::add(uint64_t hash, int64_t now) {
  hash &= kHashBits;
  // Four a call: what a pause of the log leaves to be forgotten is spread over the events after it.
  for (int i = 0; i < 4 && !order_.empty() && outside(cells_[find(order_.front())].arrived, now); ++i) forget_first();
  if (!order_.empty()) {
    const Cell* cell = &cells_[find(hash)];
    while (cell->arrived != INT64_MIN) {
      if (!outside(cell->arrived, now)) return static_cast<int>(cell->tag & kMaxNote);
      forget_first();
      cell = &cells_[find(hash)];
    }
  }
  if (max_ids_ == 0) return -1;
  if (order_.size() >= max_ids_) {
    forgotten_ += !outside(cells_[find(order_.front())].arrived, now);
    forget_first();
  }
  insert(hash, now, 0);
  return -1;
}

void IdWindow::set_note(uint64_t hash, uint8_t note) {
  if (order_.empty()) return;
  Cell& cell = cells_[find(hash & kHashBits)];
  if (cell.arrived != INT64_MIN) cell.tag = (cell.tag & kHashBits) | note;
}

void IdWindow::begin_copy() {
  copied_.clear();
  copied_.varint(order_.size());
  copied_.varint(cells_.size());
  copied_.varint(forgotten_);
  to_copy_ = order_.size();
  next_copy_ = 0;
  copy_lost_ = false;
}

void IdWindow::copy_next() {
  const Cell& cell = cells_[find(order_[next_copy_++])];
  try {
    copied_.fixed64(cell.tag);
    copied_.zigzag(cell.arrived);
    --to_copy_;
  } catch (const std::bad_alloc&) {  // the copy is lost, and the window goes on
    copied_.clear();
    to_copy_ = 0;
    copy_lost_ = true;
  }
}

bool IdWindow::copy_some(size_t ids) {
  for (; ids > 0 && to_copy_ > 0; --ids) copy_next();
  return to_copy_ == 0;
}

void IdWindow::end_copy(Writer& out) {
  if (copy_lost_) throw std::bad_alloc();
  const std::string bytes = copied_.take();
  out.raw(bytes.data(), bytes.size());
}

bool IdWindow::load(Reader& in) {
  const size_t size = in.count(9);
  const size_t cells = in.capacity(size, sizeof(Cell));
  forgotten_ = in.varint();
  if (size > 0 && size > cells / 20 * 17) return in.fail("ids do not fit their table");
  if (size > max_ids_) return in.fail("there are more ids than are remembered");
  if (!in.ok() || !in.allocates(size, sizeof(uint64_t))) return false;
  cells_.resize(cells);
  for (size_t i = 0; i < size && in.ok(); ++i) {
    const uint64_t tag = in.fixed64();
    const int64_t arrived = in.zigzag();
    if (arrived == INT64_MIN || cells_[find(tag & kHashBits)].arrived != INT64_MIN) {
      return in.fail("an id is there twice, or came at no time");
    }
    insert(tag & kHashBits, arrived, static_cast<uint8_t>(tag & kMaxNote));
  }
  return in.ok();
}

void IdWindow::insert(uint64_t hash, int64_t arrived, uint8_t note) {
  if (order_.size() + 1 > cells_.size() / 20 * 17) grow();
  order_.push_back(hash);  // which may throw
  cells_[find(hash)] = {hash | note, arrived};
}

void IdWindow::grow() {
  std::vector<Cell> old(cells_.empty() ? 20 : cells_.size() / 2 * 3);
  old.swap(cells_);
  for (const Cell& cell : old) {
    if (cell.arrived != INT64_MIN) cells_[find(cell.tag & kHashBits)] = cell;
  }
}

void IdWindow::forget_first() {
  if (to_copy_ > 0) {
    if (next_copy_ == 0) copy_next();
    --next_copy_;
  }
  empty_cell(find(order_.front()));
  order_.pop_front();
}

void IdWindow::take_back(uint64_t hash) {
  hash &= kHashBits;
  // The last one, or nearly: sessions of other threads may have added theirs.
  const auto at = std::find(order_.rbegin(), order_.rend(), hash);
  if (at == order_.rend()) return;
  const auto place = static_cast<size_t>(order_.rend() - at) - 1;
  if (place < next_copy_ + to_copy_) {  // of a copy that has begun since
    copy_some(to_copy_);
    if (place < next_copy_) --next_copy_;
  }
  empty_cell(find(hash));
  order_.erase(std::next(at).base());
}

void IdWindow::empty_cell(size_t i) {
  // Backward shift, as in KeyTable.
  for (size_t j = next(i); cells_[j].arrived != INT64_MIN; j = next(j)) {
    const size_t h = home(cells_[j].tag & kHashBits);
    const bool stays = i <= j ? (i < h && h <= j) : (i < h || h <= j);
    if (stays) continue;
    cells_[i] = cells_[j];
    i = j;
  }
  cells_[i] = Cell();
}

}  // namespace weir::state
