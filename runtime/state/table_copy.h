// A copy of a KeyTable as of one moment, made while the table changes: chunk by chunk, each before the first change to
// it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "runtime/state/codec.h"

namespace weir::state {

// Not thread-safe.
class TableCopy {
 public:
  // `head` comes before the chunks: the table's places [0, places), `chunk` of them each.
  TableCopy(Writer head, uint32_t places, uint32_t chunk)
      : head_(std::move(head)), places_(places), chunk_(chunk), chunks_((places + size_t{chunk} - 1) / chunk) {}

  bool lacks(uint32_t place) const { return place < places_ && !lost_ && !chunks_[place / chunk_].copied; }
  // Of those that it lacks, the first; places() if there is none.
  uint32_t first_lacking() {
    if (lost_) return places_;
    while (next_ < chunks_.size() && chunks_[next_].copied) ++next_;
    return next_ == chunks_.size() ? places_ : static_cast<uint32_t>(next_) * chunk_;
  }
  uint32_t places() const { return places_; }
  // What the chunk of a place that it lacks is: f(first, end, writer). Where memory runs out, the copy is lost.
  template <typename F>
  void copy(uint32_t place, F f) noexcept {
    Chunk& chunk = chunks_[place / chunk_];
    const uint32_t first = place / chunk_ * chunk_;
    try {
      Writer out;
      f(first, first + std::min(chunk_, places_ - first), out);
      chunk.bytes = out.take();
      chunk.copied = true;
    } catch (const std::bad_alloc&) {
      lost_ = true;
      for (Chunk& c : chunks_) c.bytes = {};
    }
  }
  // Once it lacks none. It is empty then. std::bad_alloc if it is lost.
  void write(Writer& out) {
    if (lost_) throw std::bad_alloc();
    out.raw(head_.bytes().data(), head_.size());
    for (Chunk& chunk : chunks_) {
      const std::string bytes = std::exchange(chunk.bytes, {});
      out.raw(bytes.data(), bytes.size());
    }
  }

 private:
  struct Chunk {
    std::string bytes;
    bool copied = false;
  };
  Writer head_;
  uint32_t places_, chunk_;
  std::vector<Chunk> chunks_;
  size_t next_ = 0;    // those before it are copied
  bool lost_ = false;  // for want of memory
};

}  // namespace weir::state
