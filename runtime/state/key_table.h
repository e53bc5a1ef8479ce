// A hash table from keys to state, with its least recently touched keys at hand.
//
// Entries sit in chunks; the index over them is open addressing of (entry, 32 bits of hash) at a load of 0.57 to 0.85,
// so that an entry of state S costs sizeof(S) + 32 + 9 to 14 bytes. Entries are kept dense: what erase() frees is the
// place of the next key, or is filled by the last entry, so that a table that shrinks gives its memory back.
//
// Where memory runs out std::bad_alloc is thrown and the table is as it was; erasing needs none.
//
// An index that is too small, or too large, is replaced by another one step by step: each update, add and erase moves
// kCellsAStep cells, so that none of them waits for the whole table. Until then a key is looked for in both.
//
// A copy as of one moment is likewise made a little at a time (table_copy.h): whatever would change an entry, its links
// included, before it was copied copies its chunk first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "runtime/state/codec.h"
#include "runtime/state/huge_pages.h"
#include "runtime/state/key.h"
#include "runtime/state/table_copy.h"

namespace weir::state {

// S is default-constructible, movable and destructible. Not thread-safe. Pointers to state stay valid until the next
// find_or_add() or erase.
template <typename S>
class KeyTable {
 public:
  struct Entry {
    Key key;
    uint32_t newer;  // towards the most recently touched
    uint32_t older;
    uint64_t touched;  // clock of the last noted touch
    S state;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  KeyTable() = default;
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;
  ~KeyTable() { clear(); }

  void swap(KeyTable& other) noexcept {
    blocks_.swap(other.blocks_);
    chunks_.swap(other.chunks_);
    index_.swap(other.index_);
    old_.swap(other.old_);
    std::swap(moved_, other.moved_);
    holes_.swap(other.holes_);
    std::swap(used_, other.used_);
    std::swap(first_capacity_, other.first_capacity_);
    std::swap(cursor_, other.cursor_);
    std::swap(oldest_, other.oldest_);
    std::swap(newest_, other.newest_);
    std::swap(size_, other.size_);
    copy_.swap(other.copy_);
    std::swap(copied_clock_, other.copied_clock_);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Of keys and index, without the index that is being replaced. Beside them a table holds room for at most kMaxHoles +
  // 2 * kChunk further keys, and two huge pages once it is larger than kPagesFrom.
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
    if (!old_.empty()) move_cells(kCellsAStep);
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
  // As the most recently touched key. It must not be there.
  S& add_newest(const Key& key, uint64_t clock, S&& state) {
    if (!old_.empty()) move_cells(kCellsAStep);
    Entry& e = entry(add(key));
    e.touched = clock;
    e.state = std::move(state);
    return e.state;
  }
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
  // The same with the clock of its last touch: f(entry). State may be changed or moved from, unless a copy is under
  // way.
  template <typename F>
  void for_each_entry(F f) {
    for (uint32_t id = oldest_; id != kNone; id = entry(id).newer) f(entry(id));
  }
  // Looks at the next `n` entries of an endless round and erases those for which dead(state) is true.
  template <typename F>
  void sweep(uint32_t n, F dead) {
    for (; n > 0 && used_ > 0; --n) {
      if (cursor_ >= used_) cursor_ = 0;
      const uint32_t id = cursor_++;
      if (!is_hole(id) && dead(std::as_const(entry(id).state))) erase(id);
    }
  }

  // Begins a copy of the table as it stands, which place each key has included: growth, sweeps and evictions go on with
  // what load() makes of it as if it had not been stored. Key, links, place and clock are what an entry takes beside
  // its state: about 22 bytes.
  void begin_copy() {
    Writer head;
    head.varint(size_);
    head.varint(index_.size());
    head.varint(cursor_);
    head.varint(holes_.size());
    for (uint32_t id : holes_) head.varint(id);
    head.varint(oldest_ == kNone ? 0 : oldest_ + uint64_t{1});
    copied_clock_ = newest_ == kNone ? 0 : entry(newest_).touched;
    head.varint(copied_clock_);
    copy_ = std::make_unique<TableCopy>(std::move(head), used_, kChunk);
  }
  // Goes on with it; true if there is nothing left to copy.
  bool copy_some(uint32_t chunks) {
    for (; chunks > 0; --chunks) {
      const uint32_t id = copy_->first_lacking();
      if (id == copy_->places()) return true;
      copy_chunk(id);
    }
    return false;
  }
  // Once that is so. Ends the copy.
  void end_copy(Writer& out) {
    copy_->write(out);
    copy_.reset();
  }

  // Into a table that is empty, and is to be given up if this is false.
  bool load(Reader& in) {
    const size_t size = in.count(19);
    const size_t cells = in.capacity(size, sizeof(Cell));
    const uint64_t cursor = in.varint();
    const size_t holes = in.count(1);
    const size_t places = size + holes;
    if (places >= kNone || holes > kMaxHoles || cursor >= kNone || (size > 0 && size >= cells)) {
      return in.fail("a table does not fit its index");
    }
    if (!in.allocates(places + kChunk, sizeof(Entry) + sizeof(uint32_t) + 1)) return false;
    std::vector<bool> hole(places, false);
    if (places > 0) holes_.reserve(kMaxHoles + 1);
    for (size_t i = 0; i < holes; ++i) {
      const uint64_t id = in.varint();
      if (id >= places || hole[id]) return in.fail("a table has a place twice");
      hole[id] = true;
      holes_.push_back(static_cast<uint32_t>(id));
    }
    const uint64_t oldest = in.varint(), clock = in.varint();
    if (places > 0) first_capacity_ = kFirst;
    while (first_capacity_ < kChunk && first_capacity_ < places) first_capacity_ *= 4;
    if (places > 0) chunks_.push_back(blocks_.emplace_back(first_capacity_).raw);
    while (chunks_.size() * kChunk < places) add_chunks();
    used_ = static_cast<uint32_t>(places);
    cursor_ = static_cast<uint32_t>(cursor);
    index_ = Cells(cells);
    std::vector<uint32_t> newer(places, kNone);
    for (uint32_t id = 0; id < places; ++id) {
      if (hole[id]) continue;
      Key key;
      key.lo = in.fixed64();
      key.hi = in.fixed64();
      newer[id] = static_cast<uint32_t>(id + static_cast<uint64_t>(in.zigzag()));
      if (!in.ok()) return false;
      if (lookup(key) != kNone) return in.fail("a table has a key twice");
      link(id, key);
      Entry& e = entry(id);
      e.touched = clock - static_cast<uint64_t>(in.zigzag());
      if (!e.state.load(in)) return false;
    }
    return in.ok() && put_in_order(static_cast<uint32_t>(oldest - 1), newer, in);
  }

  void clear() {
    for (uint32_t id = oldest_; id != kNone; id = entry(id).newer) entry(id).state.~S();
    chunks_.clear();
    blocks_.clear();
    index_ = Cells();
    old_ = Cells();
    moved_ = 0;
    holes_.clear();
    used_ = first_capacity_ = cursor_ = 0;
    oldest_ = newest_ = kNone;
    size_ = 0;
    copy_.reset();
  }

 private:
  static constexpr uint32_t kChunk = 128;
  static constexpr uint32_t kFirst = 8;  // entries of a new table; its first chunk grows
  static constexpr uint32_t kMaxHoles = 16;
  static constexpr size_t kLeastCells = 20;
  static constexpr size_t kCellsAStep = 16;
  static constexpr size_t kMovedAtOnce = 4096;  // cells of an index too small to be worth it
  static constexpr uint32_t kMoved = UINT32_MAX;
  struct Cell {
    uint32_t
        place;  // 0: empty; kMoved: of the old index, it is in the other or erased; else the entry's number and one
    uint32_t tag;
  };
  // Empty when it is made. A large one takes its pages as they are touched, so that to make one takes no time.
  class Cells {
   public:
    Cells() = default;
    explicit Cells(size_t n) : size_(n) {
      if (n == 0) return;
      cells_ = static_cast<Cell*>(in_pages() ? allocate_pages(n * sizeof(Cell)) : std::calloc(n, sizeof(Cell)));
      if (cells_ == nullptr) throw std::bad_alloc();
    }
    Cells(Cells&& other) noexcept { swap(other); }
    Cells& operator=(Cells&& other) noexcept {
      Cells(std::move(other)).swap(*this);
      return *this;
    }
    ~Cells() {
      if (in_pages()) {
        free_pages(cells_, size_ * sizeof(Cell));
      } else {
        std::free(cells_);
      }
    }
    void swap(Cells& other) noexcept {
      std::swap(cells_, other.cells_);
      std::swap(size_, other.size_);
    }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    Cell& operator[](size_t i) const { return cells_[i]; }
    size_t home(const Key& key) const {
      return static_cast<size_t>((static_cast<unsigned __int128>(key.lo) * size_) >> 64);
    }
    size_t next(size_t i) const { return i + 1 == size_ ? 0 : i + 1; }

   private:
    bool in_pages() const { return size_ * sizeof(Cell) >= 2 * kHugePage; }
    Cell* cells_ = nullptr;
    size_t size_ = 0;
  };
  static constexpr size_t kPagesFrom = 4 * kHugePage;
  struct alignas(Entry) Raw {
    unsigned char bytes[sizeof(Entry)];
  };
  // Memory of a chunk, of the beginning of the first one, or of the chunks that a huge page holds.
  struct Block {
    explicit Block(uint32_t n)
        : entries(n),
          raw(static_cast<Raw*>(n > kChunk ? allocate_pages(kHugePage) : ::operator new(n * sizeof(Raw)))) {}
    Block(Block&& other) noexcept : entries(other.entries), raw(std::exchange(other.raw, nullptr)) {}
    Block& operator=(Block&&) = delete;
    ~Block() {
      if (entries > kChunk && raw != nullptr) {
        free_pages(raw, kHugePage);
      } else {
        ::operator delete(raw);
      }
    }
    const uint32_t entries;
    Raw* raw;
  };

  Entry& entry(uint32_t id) const {
    return *std::launder(reinterpret_cast<Entry*>(chunks_[id / kChunk][id % kChunk].bytes));
  }
  static uint32_t tag(const Key& key) { return static_cast<uint32_t>(key.hi); }

  uint32_t lookup(const Key& key) const {
    if (index_.empty()) return kNone;
    for (size_t i = index_.home(key); index_[i].place != 0; i = index_.next(i)) {
      const Cell& cell = index_[i];
      if (cell.tag == tag(key) && entry(cell.place - 1).key == key) return cell.place - 1;
    }
    return old_.empty() ? kNone : lookup_in(old_, key);
  }
  // What is rare stays out of the way of what each event does.
  [[gnu::noinline, gnu::cold]] uint32_t lookup_in(const Cells& cells, const Key& key) const {
    if (cells.empty()) return kNone;
    for (size_t i = cells.home(key); cells[i].place != 0; i = cells.next(i)) {
      const Cell& cell = cells[i];
      if (cell.tag == tag(key) && cell.place != kMoved && entry(cell.place - 1).key == key) return cell.place - 1;
    }
    return kNone;
  }
  // The cell of an entry that is there: its number in index_; or in old_, if *is_old.
  size_t cell_of(uint32_t id, const Key& key, bool* is_old) const {
    *is_old = false;
    size_t i = index_.home(key);
    while (index_[i].place != 0 && index_[i].place != id + 1) i = index_.next(i);
    if (index_[i].place != 0) return i;
    *is_old = true;
    i = old_.home(key);
    while (old_[i].place != id + 1) i = old_.next(i);
    return i;
  }

  uint32_t add(const Key& key) {
    if (size_ + 1 > index_.size() / 20 * 17) replace_index(index_.empty() ? kLeastCells : index_.size() / 2 * 3);
    if (!holes_.empty()) {
      const uint32_t id = holes_.back();
      keep(id);
      link(id, key);
      holes_.pop_back();
      return id;
    }
    const uint32_t id = used_;
    if (id < kChunk) {
      if (id >= first_capacity_) grow_first();
    } else if (id / kChunk >= chunks_.size()) {
      add_chunks();
    }
    link(id, key);
    ++used_;
    return id;
  }

  // A new entry at a free place, as the newest.
  void link(uint32_t id, const Key& key) {
    new (chunks_[id / kChunk][id % kChunk].bytes) Entry{key, kNone, newest_, 0, S()};
    if (newest_ != kNone) {
      keep(newest_);
      entry(newest_).newer = id;
    }
    newest_ = id;
    if (oldest_ == kNone) oldest_ = id;
    ++size_;
    place({id + 1, tag(key)}, key);
  }

  void place(Cell cell, const Key& key) {
    size_t i = index_.home(key);
    while (index_[i].place != 0) i = index_.next(i);
    index_[i] = cell;
  }

  void grow_first() {
    const uint32_t capacity = first_capacity_ == 0 ? kFirst : first_capacity_ * 4;
    blocks_.reserve(1);
    chunks_.reserve(1);
    holes_.reserve(kMaxHoles + 1);
    Block block(capacity);
    for (uint32_t id = 0; id < first_capacity_; ++id) {  // full, or it would not have to grow
      new (block.raw[id].bytes) Entry(std::move(entry(id)));
      entry(id).~Entry();
    }
    first_capacity_ = capacity;
    chunks_.assign(1, block.raw);
    blocks_.clear();
    blocks_.push_back(std::move(block));
  }

  void add_chunks() {
    const uint32_t in_page = kHugePage / (kChunk * sizeof(Raw));
    const uint32_t n = chunks_.size() * kChunk * sizeof(Raw) < kPagesFrom ? 1 : std::max<uint32_t>(in_page, 1);
    if (chunks_.capacity() < chunks_.size() + n) chunks_.reserve(std::max(2 * chunks_.size(), chunks_.size() + n));
    const Block& block = blocks_.emplace_back(n * kChunk);
    for (uint32_t i = 0; i < n; ++i) chunks_.push_back(block.raw + i * kChunk);
  }

  [[gnu::noinline, gnu::cold]] void replace_index(size_t cells) {
    move_cells(SIZE_MAX);  // what the last time has left, if anything
    Cells fresh(cells);
    old_ = std::move(index_);
    index_ = std::move(fresh);
    if (old_.size() <= kMovedAtOnce) move_cells(SIZE_MAX);
  }

  [[gnu::noinline, gnu::cold]] void shrink_index() {
    try {
      replace_index(std::max(kLeastCells, size_ / 2 * 3));
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
      // The one that is too large serves as well, and the next erasure tries again.
    }
  }

  // The next so many cells of the old index into the new one.
  [[gnu::noinline, gnu::cold]] void move_cells(size_t n) {
    for (; n > 0 && moved_ < old_.size(); --n, ++moved_) {
      Cell& cell = old_[moved_];
      if (cell.place == 0 || cell.place == kMoved) continue;
      place(cell, entry(cell.place - 1).key);
      cell.place = kMoved;
    }
    if (moved_ < old_.size()) return;
    old_ = Cells();
    moved_ = 0;
  }

  void touch(uint32_t id, uint64_t clock) {
    Entry& e = entry(id);
    // Threads' clocks may come in any order.
    const uint64_t oldest = entry(oldest_).touched, age = clock > oldest ? clock - oldest : 0;
    keep(id);  // its state may change, too
    if (clock <= e.touched || clock - e.touched < age / 4) return;
    e.touched = clock;
    if (id == newest_) return;
    unlink(e);
    keep(newest_);
    e.older = newest_;
    e.newer = kNone;
    entry(newest_).newer = id;
    newest_ = id;
  }

  void unlink(const Entry& e) {
    if (e.older != kNone) {
      keep(e.older);
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
    keep(id);
    Entry& e = entry(id);
    bool is_old;
    const size_t i = cell_of(id, e.key, &is_old);
    if (is_old) {
      old_[i].place = kMoved;
    } else {
      empty_cell(i);
    }
    unlink(e);
    e.~Entry();
    --size_;
    holes_.push_back(id);
    if (holes_.size() > kMaxHoles) give_back_one();
    if (index_.size() > kLeastCells && size_ < index_.size() / 4) shrink_index();
    if (!old_.empty()) move_cells(kCellsAStep);
  }

  // Backward shift: no tombstones, so that lookups stay short however many keys come and go.
  void empty_cell(size_t i) {
    for (size_t j = index_.next(i); index_[j].place != 0; j = index_.next(j)) {
      const size_t h = index_.home(entry(index_[j].place - 1).key);
      const bool stays = i <= j ? (i < h && h <= j) : (i < h || h <= j);
      if (stays) continue;
      index_[i] = index_[j];
      i = j;
    }
    index_[i] = Cell();
  }

  bool is_hole(uint32_t id) const { return std::find(holes_.begin(), holes_.end(), id) != holes_.end(); }

  // The last entry's place, after the entry has moved to a hole. One chunk is kept for a table that grows again.
  void give_back_one() {
    keep(used_ - 1);
    const uint32_t last = --used_;
    if (auto at = std::find(holes_.begin(), holes_.end(), last); at != holes_.end()) {
      *at = holes_.back();
    } else {
      move(last, holes_.back());
    }
    holes_.pop_back();
    while (chunks_.size() - blocks_.back().entries / kChunk >= used_ / kChunk + 2) {
      chunks_.resize(chunks_.size() - blocks_.back().entries / kChunk);
      blocks_.pop_back();
    }
  }

  // An entry that is kept, or in no copy.
  void move(uint32_t from, uint32_t to) {
    keep(to);
    Entry& e = entry(from);
    if (e.older != kNone) keep(e.older);
    bool is_old;
    const size_t i = cell_of(from, e.key, &is_old);
    (is_old ? old_ : index_)[i].place = to + 1;
    (e.older != kNone ? entry(e.older).newer : oldest_) = to;
    (e.newer != kNone ? entry(e.newer).older : newest_) = to;
    new (chunks_[to / kChunk][to % kChunk].bytes) Entry(std::move(e));
    e.~Entry();  // NOLINT(bugprone-use-after-move): what was moved from ends
  }

  // To be called before a place changes in anything that a copy has: all but the link to the older entry.
  void keep(uint32_t id) {
    if (copy_ != nullptr && copy_->lacks(id)) copy_chunk(id);
  }
  // Where there is no memory for it, the copy is lost and the table goes on.
  [[gnu::noinline, gnu::cold]] void copy_chunk(uint32_t id) noexcept {
    copy_->copy(id, [this](uint32_t first, uint32_t end, Writer& out) {
      for (uint32_t i = first; i < end; ++i) {
        if (is_hole(i)) continue;
        const Entry& e = entry(i);
        out.fixed64(e.key.lo);
        out.fixed64(e.key.hi);
        out.zigzag(static_cast<int64_t>(e.newer) - static_cast<int64_t>(i));
        out.zigzag(static_cast<int64_t>(copied_clock_ - e.touched));
        e.state.save(out);
      }
    });
  }

  // Links loaded entries, which stand in the order of their places, as they were: newer[i] came after i.
  bool put_in_order(uint32_t oldest, const std::vector<uint32_t>& newer, Reader& in) {
    size_t n = 0;
    uint32_t newest = kNone;
    for (uint32_t id = oldest; id != kNone; newest = id, id = newer[id]) {
      if (id >= newer.size() || is_hole(id) || ++n > size_) return in.fail("a table's keys are in no order");
    }
    if (n != size_) return in.fail("a table's keys are in no order");
    uint32_t before = kNone;
    for (uint32_t id = oldest; id != kNone; before = id, id = newer[id]) {
      entry(id).older = before;
      entry(id).newer = newer[id];
    }
    oldest_ = oldest;
    newest_ = newest;
    return true;
  }

  std::vector<Block> blocks_;
  std::vector<Raw*> chunks_;  // into blocks_
  Cells index_;
  Cells old_;                    // empty unless it is being replaced by index_
  size_t moved_ = 0;             // cells of old_ that are done with
  std::vector<uint32_t> holes_;  // free places below used_
  uint32_t used_ = 0;
  uint32_t first_capacity_ = 0;  // entries of chunk 0
  uint32_t cursor_ = 0;          // of sweep()
  uint32_t oldest_ = kNone;
  uint32_t newest_ = kNone;
  size_t size_ = 0;
  std::unique_ptr<TableCopy> copy_;  // under way
  uint64_t copied_clock_ = 0;        // that its entries' clocks are written from
};

}  // namespace weir::state
