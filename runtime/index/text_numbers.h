// Numbers of the texts of a field as they come, while they are few and short: countries, kinds of event, domains.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/value/text_ends.h"

namespace weir::index {

// One caller at a time. What a text is asked may be kept by its number.
class TextNumbers {
 public:
  static constexpr size_t kMax = 128;
  static constexpr size_t kMaxSize = 64;  // of a text

  // Known texts have the numbers from 0 to size() - 1; a new one gets the next. None: there are too many texts, or this
  // one is too long.
  std::optional<size_t> number_of(std::string_view text);
  size_t size() const { return texts_.size(); }

 private:
  struct Text {
    value::TextEnds ends;
    char bytes[kMaxSize];
  };
  std::vector<Text> texts_;
  std::array<uint8_t, 2 * kMax> places_ = {};  // by hash: number + 1
};

}  // namespace weir::index
