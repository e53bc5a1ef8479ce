// Who set a label.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "runtime/state/codec.h"

namespace weir::state {

// Inline, so that what labels take is known: ids of events are mostly short, and cut if they are not.
class Provenance {
 public:
  static constexpr size_t kMaxOrigin = 39;

  Provenance() = default;
  // `origin`: the id of the event, or who did it by hand.
  Provenance(bool by_hand, uint64_t generation, std::string_view origin)
      : generation_(generation), by_hand_(by_hand), size_(static_cast<uint8_t>(std::min(origin.size(), kMaxOrigin))) {
    // A character is not cut in two.
    while (size_ < origin.size() && size_ > 0 && (static_cast<uint8_t>(origin[size_]) & 0xC0) == 0x80) --size_;
    origin.copy(origin_.data(), size_);
  }

  void save(Writer& out) const {
    out.varint(generation_);
    out.u8(by_hand_);
    out.text(origin());
  }
  bool load(Reader& in) {
    const uint64_t generation = in.varint();
    const bool by_hand = in.u8() != 0;
    const std::string_view origin = in.text();
    if (origin.size() > kMaxOrigin) return in.fail("an origin is too long");
    *this = Provenance(by_hand, generation, origin);
    return in.ok();
  }

  bool by_hand() const { return by_hand_; }
  uint64_t generation() const { return generation_; }  // of the rules
  std::string_view origin() const { return {origin_.data(), size_}; }

 private:
  uint64_t generation_ = 0;
  bool by_hand_ = false;
  uint8_t size_ = 0;
  std::array<char, kMaxOrigin> origin_{};
};

}  // namespace weir::state
