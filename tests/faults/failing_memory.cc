#include "tests/faults/failing_memory.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_OWN_MALLOC 0
#else
#define WEIR_OWN_MALLOC 1
#endif

namespace weir::faults {
namespace {

thread_local long allocations = 0;
thread_local long first_failing = LONG_MAX;
thread_local long last_failing = LONG_MAX;

[[maybe_unused]] bool fails() {
  const long n = allocations++;
  if (n < first_failing || n > last_failing) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

FailingMemory::FailingMemory(long n, Failing how) {
  allocations = 0;
  first_failing = n;
  last_failing = how == Failing::kOne ? n : LONG_MAX;
}
FailingMemory::~FailingMemory() { first_failing = LONG_MAX; }
long FailingMemory::count() { return allocations; }

bool memory_can_fail() { return WEIR_OWN_MALLOC != 0; }

}  // namespace weir::faults

#if WEIR_OWN_MALLOC
// Every way to memory that glibc has; operator new calls malloc or aligned_alloc.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) { return weir::faults::fails() ? nullptr : __libc_malloc(size); }
void* calloc(size_t n, size_t size) { return weir::faults::fails() ? nullptr : __libc_calloc(n, size); }
void* realloc(void* p, size_t size) { return weir::faults::fails() ? nullptr : __libc_realloc(p, size); }
void* aligned_alloc(size_t align, size_t size) {
  return weir::faults::fails() ? nullptr : __libc_memalign(align, size);
}
void* memalign(size_t align, size_t size) { return weir::faults::fails() ? nullptr : __libc_memalign(align, size); }
int posix_memalign(void** out, size_t align, size_t size) {
  *out = weir::faults::fails() ? nullptr : __libc_memalign(align, size);
  return *out == nullptr ? ENOMEM : 0;
}
// Large tables take their pages themselves.
void* mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
  if (weir::faults::fails()) return MAP_FAILED;
  const long got = syscall(SYS_mmap, at, size, protection, flags, file, offset);
  return reinterpret_cast<void*>(got);
}
}
#endif
