// Counts every allocation of the program: malloc and its kin, which `new` calls too, from whatever library. Included by
// one source of a program.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_COUNTS_ALLOCATIONS 0
#else
#define WEIR_COUNTS_ALLOCATIONS 1
namespace weir {
inline std::atomic<uint64_t> allocations{0};
}

// glibc's own, under the names by which it can be reached when the others are replaced.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* p, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

#define WEIR_EXPORT __attribute__((visibility("default")))
WEIR_EXPORT void* malloc(size_t size) {
  ++weir::allocations;
  return __libc_malloc(size);
}
WEIR_EXPORT void* calloc(size_t count, size_t size) {
  ++weir::allocations;
  return __libc_calloc(count, size);
}
WEIR_EXPORT void* realloc(void* p, size_t size) {
  ++weir::allocations;
  return __libc_realloc(p, size);
}
WEIR_EXPORT void* memalign(size_t alignment, size_t size) {
  ++weir::allocations;
  return __libc_memalign(alignment, size);
}
WEIR_EXPORT void* aligned_alloc(size_t alignment, size_t size) {
  ++weir::allocations;
  return __libc_memalign(alignment, size);
}
WEIR_EXPORT int posix_memalign(void** out, size_t alignment, size_t size) {
  ++weir::allocations;
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? 12 : 0;  // ENOMEM
}
#undef WEIR_EXPORT
}
#endif
