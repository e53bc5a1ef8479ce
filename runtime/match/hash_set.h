// Sets of strings, 64-bit integers and doubles: open addressing at a load of at most one half.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::match {

// Texts live in one buffer. Immutable once filled; contains() is thread-safe then.
class StringSet {
 public:
  // False if it was there already.
  bool insert(std::string_view text);
  bool contains(std::string_view text) const;
  size_t size() const { return entries_.size(); }
  size_t bytes() const { return text_.capacity() + entries_.capacity() * sizeof(Entry) + table_.capacity() * 4; }

 private:
  struct Entry {
    uint64_t hash;
    uint64_t begin;
    uint32_t size;
  };
  void grow();
  std::string_view text(const Entry& e) const { return {text_.data() + e.begin, e.size}; }

  std::string text_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> table_;  // entry number + 1, 0 = free
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
