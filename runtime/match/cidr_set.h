// Sets of IP networks: disjoint sorted ranges, one binary search a question.
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

class CidrSet {
 public:
  // `text` is an address or a network in prefix form (host bits are ignored). False if it is neither.
  bool insert(std::string_view text);
  // Sorts and joins the ranges; call once after the last insert.
  void build();
  bool contains(const Address& address) const;
  size_t size() const { return ranges_.size(); }
  size_t bytes() const { return ranges_.capacity() * sizeof(Range); }

 private:
  struct Range {
    Address first, last;
  };
  std::vector<Range> ranges_;
};

}  // namespace weir::match
