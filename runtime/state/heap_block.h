// What a block of the heap takes, for the memory budget.
#pragma once

#include <algorithm>
#include <cstddef>

namespace weir::state {

// Of an allocation of so many bytes, as glibc's malloc rounds it: a small block is up to four times what was asked for.
constexpr size_t heap_block(size_t bytes) {
  return bytes == 0 ? 0 : std::max<size_t>(32, (bytes + 8 + 15) & ~size_t{15});
}

}  // namespace weir::state
