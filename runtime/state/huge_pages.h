// Memory of big tables: in huge pages where the system gives them, as every access to such a table is a page that the
// TLB does not hold.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace weir::state {

inline constexpr size_t kHugePage = size_t{2} << 20;

// Whole pages from the system, aligned to kHugePage. They go back to it when freed. Throws std::bad_alloc.
void* allocate_pages(size_t bytes);
void free_pages(void* memory, size_t bytes);

// For vectors: such pages from kFrom on, the heap below.
template <typename T>
struct PageAllocator {
  using value_type = T;
  static constexpr size_t kFrom = 2 * kHugePage;

  PageAllocator() = default;
  template <typename U>
  PageAllocator(const PageAllocator<U>&) {}

  T* allocate(size_t n) {
    const size_t bytes = n * sizeof(T);
    return static_cast<T*>(bytes < kFrom ? ::operator new(bytes) : allocate_pages(bytes));
  }
  void deallocate(T* memory, size_t n) {
    const size_t bytes = n * sizeof(T);
    if (bytes < kFrom) {
      ::operator delete(memory);
    } else {
      free_pages(memory, bytes);
    }
  }
  friend bool operator==(const PageAllocator&, const PageAllocator&) { return true; }
};

}  // namespace weir::state
