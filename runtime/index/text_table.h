// Numbers of constant strings: one probe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/value/text_ends.h"

namespace weir::index {

// Immutable once built.
class TextTable {
 public:
  // From 1, in order of first mention.
  uint32_t add(std::string_view text);
  void build();
  uint32_t find(std::string_view text) const;  // 0: not there
  uint32_t size() const { return static_cast<uint32_t>(texts_.size()); }

 private:
  struct Entry {
    value::TextEnds ends;
    uint32_t number = 0;  // 0: free
  };
  std::vector<std::string> texts_;
  std::unordered_map<std::string, uint32_t> numbers_;  // until built
  std::vector<Entry> entries_;
  uint64_t mask_ = 0;
};

}  // namespace weir::index
