#include "runtime/state/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace weir::state {

void* allocate_pages(size_t bytes) {
  bytes = (bytes + 4095) & ~size_t{4095};
  // One huge page more than needed, and what sticks out on either side is given back.
  void* const all = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(all);
  const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  if (before < kHugePage) munmap(begin + before + bytes, kHugePage - before);
#ifdef MADV_HUGEPAGE
  madvise(begin + before, bytes, MADV_HUGEPAGE);  // a wish: without it the memory is as good, only slower
#endif
  return begin + before;
}

void free_pages(void* memory, size_t bytes) { munmap(memory, (bytes + 4095) & ~size_t{4095}); }

}  // namespace weir::state
