// Sets of strings, 64-bit integers and doubles: open addressing at a load of at most one half.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::match {

// Texts live in one buffer, at most 16 GiB of it. A question touches one place in memory for a text that is not there,
// two for one that is: what it costs in a set that no cache holds. Immutable once filled; contains() is thread-safe
// then.
class StringSet {
 public:
  // For so many texts in all, which then come in sooner.
  void reserve(size_t texts) {
    while (texts * 2 > table_.size()) grow();
  }
  // False if it was there already.
  bool insert(std::string_view text);
  bool contains(std::string_view text) const;
  size_t size() const { return size_; }
  size_t bytes() const { return texts_.capacity() + table_.capacity() * sizeof(Slot); }

 private:
  static constexpr size_t kAlign = 4;  // of a text in the buffer, behind its size
  struct Slot {
    uint32_t tag;    // upper half of the hash
    uint32_t place;  // of the text, in units of kAlign, and one more: 0 is free
  };
  std::string_view text(Slot slot) const;
  // The slot with the text, or the free one where it belongs.
  size_t find(uint64_t hash, std::string_view text) const;
  void grow();

  std::vector<char> texts_;
  std::vector<Slot> table_;
  size_t size_ = 0;
};

// Any 64-bit pattern: integers, or doubles by their bits.
class BitsSet {
 public:
  bool insert(uint64_t v);
  bool contains(uint64_t v) const;
  size_t size() const { return size_; }
  size_t bytes() const { return table_.capacity() * sizeof(uint64_t); }

 private:
  void grow();
  static uint64_t mix(uint64_t v);

  std::vector<uint64_t> table_;  // 0 = free; zero itself is has_zero_
  size_t size_ = 0;
  bool has_zero_ = false;
};

}  // namespace weir::match
