#include "runtime/match/cidr_set.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace weir::match {
namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool parse(std::string_view text, Address* out, bool* is_v4) {
  char buffer[64];
  if (text.empty() || text.size() >= sizeof(buffer)) return false;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  *is_v4 = text.find(':') == std::string_view::npos;
  if (!*is_v4) return inet_pton(AF_INET6, buffer, out->data()) == 1;
  std::memcpy(out->data(), kMappedPrefix, sizeof(kMappedPrefix));
  return inet_pton(AF_INET, buffer, out->data() + 12) == 1;
}

bool is_mapped(const Address& a) { return std::memcmp(a.data(), kMappedPrefix, sizeof(kMappedPrefix)) == 0; }

uint32_t v4_of(const Address& a) {
  return uint32_t{a[12]} << 24 | uint32_t{a[13]} << 16 | uint32_t{a[14]} << 8 | uint32_t{a[15]};
}

}  // namespace

bool parse_address(std::string_view text, Address* out) {
  bool is_v4 = false;
  return parse(text, out, &is_v4);
}

bool CidrSet::insert(std::string_view text) {
  const size_t slash = text.find('/');
  Address first, last;
  bool is_v4 = false;
  if (!parse(text.substr(0, slash), &first, &is_v4)) return false;
  int prefix = 128;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || prefix < 0 || prefix > (is_v4 ? 32 : 128)) {
      return false;
    }
    if (is_v4) prefix += 96;
  }
  last = first;
  for (int bit = prefix; bit < 128; ++bit) {
    const uint8_t mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    first[bit / 8] &= static_cast<uint8_t>(~mask);
    last[bit / 8] |= mask;
  }
  if (is_mapped(first) && is_mapped(last)) {
    v4_.add(v4_of(first), v4_of(last));
    return true;
  }
  v6_.add(first, last);
  // A network above all of IPv4's: ::/0, ::ffff:0:0/90.
  Address v4{};
  std::memcpy(v4.data(), kMappedPrefix, sizeof(kMappedPrefix));
  if (first <= v4 && v4 <= last) v4_.add(0, UINT32_MAX);
  return true;
}

template <typename T>
void CidrSet::Ranges<T>::build() {
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  size_t kept = 0;
  for (const Range& range : ranges_) {
    // Networks nest or are disjoint, so joining overlaps is enough for the search to be right.
    if (kept > 0 && range.first <= ranges_[kept - 1].last) {
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
  ranges_.shrink_to_fit();
  fences_.clear();
  for (size_t i = 0; i < ranges_.size(); i += kBlock) fences_.push_back(ranges_[i].first);
}

template <typename T>
bool CidrSet::Ranges<T>::contains(const T& address) const {
  const auto fence = std::upper_bound(fences_.begin(), fences_.end(), address);
  if (fence == fences_.begin()) return false;
  const auto block = ranges_.begin() + (fence - fences_.begin() - 1) * static_cast<ptrdiff_t>(kBlock);
  const auto end = ranges_.end() - block < static_cast<ptrdiff_t>(kBlock) ? ranges_.end() : block + kBlock;
  const auto after =
      std::upper_bound(block, end, address, [](const T& a, const Range& range) { return a < range.first; });
  return address <= std::prev(after)->last;  // the fence is that of `block`: it is not after it
}

void CidrSet::build() {
  v4_.build();
  v6_.build();
}

bool CidrSet::contains(const Address& address) const {
  return is_mapped(address) ? v4_.contains(v4_of(address)) : v6_.contains(address);
}

}  // namespace weir::match
