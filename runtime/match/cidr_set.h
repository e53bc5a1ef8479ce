// Sets of IP networks: disjoint sorted ranges, one search a question.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::match {

// An address as 16 bytes in network order; IPv4 as IPv4-mapped IPv6 (::ffff:a.b.c.d), so that both forms are one
// address.
using Address = std::array<uint8_t, 16>;

// False if the text is no IPv4 or IPv6 address.
bool parse_address(std::string_view text, Address* out);

// IPv4 and IPv6 apart: ranges of 8 bytes are four times as dense in the cache, and there are more of them.
class CidrSet {
 public:
  // `text` is an address or a network in prefix form (host bits are ignored). False if it is neither.
  bool insert(std::string_view text);
  // Sorts and joins the ranges; call once after the last insert.
  void build();
  bool contains(const Address& address) const;
  size_t size() const { return v4_.size() + v6_.size(); }
  size_t bytes() const { return v4_.bytes() + v6_.bytes(); }

 private:
  // Sorted and disjoint. The first of every kBlock ranges stands in an array of its own, small enough for a near cache:
  // a question finds the block there, and then looks at one or two cache lines of the ranges themselves.
  template <typename T>
  class Ranges {
   public:
    void add(const T& first, const T& last) { ranges_.push_back({first, last}); }
    void build();
    bool contains(const T& address) const;
    size_t size() const { return ranges_.size(); }
    size_t bytes() const { return ranges_.capacity() * sizeof(Range) + fences_.capacity() * sizeof(T); }

   private:
    static constexpr size_t kBlock = 16;
    struct Range {
      T first, last;
    };
    std::vector<Range> ranges_;
    std::vector<T> fences_;
  };
  Ranges<uint32_t> v4_;
  Ranges<Address> v6_;
};

}  // namespace weir::match
