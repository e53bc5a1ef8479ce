// Finds ids by the hash of what they stand for: 8 bytes a slot, at most half of them taken. What an id stands for is
// its owner's, who compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::ir {

class IdTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // The id of this hash for which `same` holds, or kNone.
  template <typename Same>
  uint32_t find(uint64_t hash, Same same) const {
    if (slots_.empty()) return kNone;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & mask();; at = (at + 1) & mask()) {
      const Slot& slot = slots_[at];
      if (slot.id == kNone) return kNone;
      if (slot.tag == tag && same(slot.id)) return slot.id;
    }
  }

  // `hash_of(id)` is asked of all ids when the table grows.
  template <typename HashOf>
  void insert(uint64_t hash, uint32_t id, HashOf hash_of) {
    if (2 * (count_ + 1) > slots_.size()) {
      std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
      old.swap(slots_);
      for (const Slot& slot : old)
        if (slot.id != kNone) put(hash_of(slot.id), slot.id);
    }
    put(hash, id);
    ++count_;
  }

  size_t size() const { return count_; }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t id = kNone;
  };
  size_t mask() const { return slots_.size() - 1; }
  void put(uint64_t hash, uint32_t id) {
    size_t at = hash & mask();
    while (slots_[at].id != kNone) at = (at + 1) & mask();
    slots_[at] = {static_cast<uint32_t>(hash >> 32), id};
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

}  // namespace weir::ir
