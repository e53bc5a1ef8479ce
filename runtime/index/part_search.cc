#include "runtime/index/part_search.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir::index {
namespace {

constexpr size_t kTogether = 16;
constexpr size_t kMaxText = 4096;  // beyond, memmem's table pays

typedef char Bytes __attribute__((vector_size(kTogether)));

Bytes load(const char* p) {
  Bytes out;
  std::memcpy(&out, p, sizeof out);
  return out;
}

// Whether the first, second and last byte of the part are where they should be at any of the places from `p` on.
bool any_place(const char* p, const char* part, size_t last) {
  const auto here = (load(p) == part[0]) & (load(p + 1) == part[1]) & (load(p + last) == part[last]);
  uint64_t halves[2];
  std::memcpy(halves, &here, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

}  // namespace

bool contains_part(std::string_view text, std::string_view part) {
  if (part.size() < 2)
    return part.empty() || (!text.empty() && std::memchr(text.data(), part[0], text.size()) != nullptr);
  if (text.size() < part.size()) return false;
  const size_t places = text.size() - part.size() + 1, last = part.size() - 1;
  if (text.size() > kMaxText) return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
  const auto is_at = [&](size_t place) { return std::memcmp(text.data() + place, part.data(), part.size()) == 0; };
  size_t i = 0;
  for (; i + kTogether <= places; i += kTogether) {
    if (!any_place(text.data() + i, part.data(), last)) continue;
    for (size_t place = i; place < i + kTogether; ++place)
      if (is_at(place)) return true;
  }
  if (i == places) return false;
  if (places >= kTogether && !any_place(text.data() + places - kTogether, part.data(), last)) return false;
  for (; i < places; ++i)
    if (is_at(i)) return true;
  return false;
}

}  // namespace weir::index
