// Memory of big tables: in huge pages where the system gives them, as every access to such a table is a page that the
// TLB does not hold.
#pragma once

#include <cstddef>

namespace weir::state {

inline constexpr size_t kHugePage = size_t{2} << 20;

// Whole pages from the system, aligned to kHugePage. They go back to it when freed. Throws std::bad_alloc.
void* allocate_pages(size_t bytes);
void free_pages(void* memory, size_t bytes);

}  // namespace weir::state
