#include "runtime/index/text_numbers.h"

#include <cstring>

namespace weir::index {
std::optional<size_t> TextNumbers::number_of(std::string_view text) {
  if (text.size() > kMaxSize) return std::nullopt;
  const value::TextEnds ends = value::TextEnds::of(text);
  size_t at = ends.hash() % places_.size();
  for (; places_[at] != 0; at = (at + 1) % places_.size()) {
    const size_t number = places_[at] - size_t{1};
    const Text& known = texts_[number];
    if (known.ends != ends) continue;
    if (text.size() <= value::TextEnds::kTold || std::memcmp(known.bytes, text.data(), text.size()) == 0) return number;
  }
  const size_t number = texts_.size();
  if (number == kMax) return std::nullopt;
  Text& added = texts_.emplace_back();
  std::memcpy(added.bytes, text.data(), text.size());
  added.ends = ends;
  places_[at] = static_cast<uint8_t>(number + 1);
  return number;
}

}  // namespace weir::index
