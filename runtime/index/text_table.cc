#include "runtime/index/text_table.h"

#include <bit>

namespace weir::index {

using value::TextEnds;

uint32_t TextTable::add(std::string_view text) {
  auto [it, added] = numbers_.try_emplace(std::string(text), static_cast<uint32_t>(texts_.size() + 1));
  if (added) texts_.emplace_back(text);
  return it->second;
}

void TextTable::build() {
  numbers_ = {};
  entries_.resize(std::bit_ceil(texts_.size() * 2 + 2));
  mask_ = entries_.size() - 1;
  for (uint32_t i = 0; i < texts_.size(); ++i) {
    const TextEnds ends = TextEnds::of(texts_[i]);
    uint64_t at = ends.hash() & mask_;
    while (entries_[at].number != 0) at = (at + 1) & mask_;
    entries_[at] = {ends, i + 1};
  }
}

uint32_t TextTable::find(std::string_view text) const {
  const TextEnds ends = TextEnds::of(text);
  for (uint64_t at = ends.hash() & mask_; entries_[at].number != 0; at = (at + 1) & mask_) {
    const Entry& entry = entries_[at];
    if (entry.ends == ends && (text.size() <= TextEnds::kTold || texts_[entry.number - 1] == text)) return entry.number;
  }
  return 0;
}

}  // namespace weir::index
