// Bump allocation for what one evaluation creates; reset between events, keeping its blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::value {

// Not thread-safe. Memory is aligned to 16 bytes. Allocation past max_bytes returns null: callers report kBudget. So it
// does where the process has no memory left, and starved() tells the two apart. Nothing here throws.
class Arena {
 public:
  explicit Arena(size_t max_bytes = size_t{64} << 20) : max_bytes_(max_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t bytes) {
    bytes = (bytes + 15) & ~size_t{15};
    if (bytes <= static_cast<size_t>(end_ - next_)) {
      char* p = next_;
      next_ += bytes;
      return p;
    }
    return allocate_slow(bytes);
  }
  template <typename T>
  T* allocate_array(size_t n) {
    return static_cast<T*>(allocate(n * sizeof(T)));
  }
  // Null if out of budget.
  const char* copy(std::string_view text);

  // Everything allocated becomes invalid. Keeps up to a few blocks so that steady state allocates nothing.
  void reset();
  size_t bytes_used() const;

  // Whether something since the last reset() failed for want of memory, here or where starve() was called: results are
  // not to be believed then.
  bool starved() const { return starved_; }
  void starve() { starved_ = true; }

 private:
  void* allocate_slow(size_t bytes);

  struct Block {
    std::unique_ptr<char[]> data;
    size_t size;
  };
  std::vector<Block> blocks_;
  // Never null, so that an allocation of no bytes is not taken for an exhausted budget.
  static char empty_[16];

  size_t current_ = 0;  // the block that next_ points into, if there is any
  char* next_ = empty_;
  char* end_ = empty_;
  size_t used_before_current_ = 0;
  size_t max_bytes_;
  bool starved_ = false;
};

}  // namespace weir::value
