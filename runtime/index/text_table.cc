#include "runtime/index/text_table.h"

#define XXH_INLINE_ALL  // short texts take less than the call
#include <xxhash.h>

#include <bit>

namespace weir::index {
namespace {

uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

}  // namespace

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
    const uint64_t hash = hash_of(texts_[i]);
    uint64_t at = hash & mask_;
    while (entries_[at].number != 0) at = (at + 1) & mask_;
    entries_[at] = {hash, i + 1};
  }
}

uint32_t TextTable::find(std::string_view text) const {
  const uint64_t hash = hash_of(text);
  for (uint64_t at = hash & mask_; entries_[at].number != 0; at = (at + 1) & mask_)
    if (entries_[at].hash == hash && texts_[entries_[at].number - 1] == text) return entries_[at].number;
  return 0;
}

}  // namespace weir::index
