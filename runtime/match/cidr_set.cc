#include "runtime/match/cidr_set.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
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

}  // namespace

bool parse_address(std::string_view text, Address* out) {
  bool is_v4 = false;
  return parse(text, out, &is_v4);
}

bool CidrSet::insert(std::string_view text) {
  const size_t slash = text.find('/');
  Range range;
  bool is_v4 = false;
  if (!parse(text.substr(0, slash), &range.first, &is_v4)) return false;
  int prefix = 128;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || prefix < 0 || prefix > (is_v4 ? 32 : 128)) {
      return false;
    }
    if (is_v4) prefix += 96;
  }
  range.last = range.first;
  for (int bit = prefix; bit < 128; ++bit) {
    const uint8_t mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    range.first[bit / 8] &= static_cast<uint8_t>(~mask);
    range.last[bit / 8] |= mask;
  }
  ranges_.push_back(range);
  return true;
}

void CidrSet::build() {
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  size_t kept = 0;
  for (const Range& range : ranges_) {
    // Networks nest or are disjoint, so joining overlaps is enough for the binary search to be right.
    if (kept > 0 && range.first <= ranges_[kept - 1].last) {
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
  ranges_.shrink_to_fit();
}

bool CidrSet::contains(const Address& address) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                [](const Address& a, const Range& range) { return a < range.first; });
  return after != ranges_.begin() && address <= std::prev(after)->last;
}

}  // namespace weir::match
