// What the text functions ask of a code point, in one look-up: Unicode's tables say it once for each block of code
// points a process meets.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::value {

struct CodePointInfo {
  static constexpr size_t kMaxFolded = 14;

  enum Flags : uint8_t {
    kWord = 1,   // general category L*, M* or N*
    kApart = 2,  // folding a text is folding what comes before this code point and what begins with it
  };
  uint8_t flags = 0;
  uint8_t size = 0;  // of its NFKC_Casefold, if it is apart; 0 too if folding drops it, whatever is around it
  char folded[kMaxFolded] = {};  // in UTF-8

  bool is_word() const { return (flags & kWord) != 0; }
  bool is_apart() const { return (flags & kApart) != 0; }
};

// Thread-safe; 4 KB for each block of 256 code points of which one was asked for, kept until the process ends.
class CodePoints {
 public:
  static const CodePoints& get();

  // `c` is at most 0x10FFFF.
  const CodePointInfo& operator[](char32_t c) const {
    const Block* block = blocks_[c >> 8].load(std::memory_order_acquire);
    return (block != nullptr ? *block : make(c >> 8))[c & 0xFF];
  }

  CodePoints(const CodePoints&) = delete;
  CodePoints& operator=(const CodePoints&) = delete;

 private:
  using Block = std::array<CodePointInfo, 256>;

  CodePoints() = default;
  const Block& make(char32_t block) const;

  mutable std::array<std::atomic<const Block*>, 0x1100> blocks_{};
};

}  // namespace weir::value
