// A malloc of the test program's own, which everything in the process uses, libweir and libstdc++ too: the n-th
// allocation of a thread fails.
#pragma once

namespace weir::faults {

enum class Failing {
  kOne,  // the n-th
  kAll,  // it and all after it
};

// As long as it lives, allocations of this thread are counted from 0, and the n-th fails. One at a time.
class FailingMemory {
 public:
  FailingMemory(long n, Failing how);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  // Allocations so far.
  static long count();
};

// False under a sanitizer, whose malloc cannot be replaced.
bool memory_can_fail();

}  // namespace weir::faults
