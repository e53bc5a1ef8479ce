#include "runtime/value/arena.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace weir::value {
namespace {

constexpr size_t kFirstBlock = size_t{64} << 10;
constexpr size_t kLargestStep = size_t{1} << 20;
// What a quiet arena may hold on to between events.
constexpr size_t kKeptBytes = size_t{4} << 20;

}  // namespace

alignas(16) char Arena::empty_[16];

void* Arena::allocate_slow(size_t bytes) {
  size_t used = bytes_used();
  if (used > max_bytes_ || bytes > max_bytes_ - used) return nullptr;
  size_t next_block = blocks_.empty() ? 0 : current_ + 1;
  while (next_block < blocks_.size() && blocks_[next_block].size < bytes) ++next_block;
  if (next_block >= blocks_.size()) {
    size_t step = blocks_.empty() ? kFirstBlock : std::min(kLargestStep, blocks_.back().size * 2);
    size_t size = std::max(step, bytes);
    try {
      blocks_.push_back(Block{std::make_unique_for_overwrite<char[]>(size), size});
    } catch (const std::bad_alloc&) {
      starve();
      return nullptr;
    }
    next_block = blocks_.size() - 1;
  }
  used_before_current_ = used;
  current_ = next_block;
  next_ = blocks_[current_].data.get();
  end_ = next_ + std::min(blocks_[current_].size, max_bytes_ - used);
  char* p = next_;
  next_ += bytes;
  return p;
}

const char* Arena::copy(std::string_view text) {
  char* p = static_cast<char*>(allocate(text.size()));
  if (p != nullptr && !text.empty()) std::memcpy(p, text.data(), text.size());
  return p;
}

void Arena::reset() {
  size_t kept = 0;
  size_t count = 0;
  while (count < blocks_.size() && kept + blocks_[count].size <= kKeptBytes) kept += blocks_[count++].size;
  blocks_.resize(count);
  starved_ = false;
  current_ = 0;
  used_before_current_ = 0;
  next_ = blocks_.empty() ? empty_ : blocks_[0].data.get();
  end_ = blocks_.empty() ? empty_ : next_ + std::min(blocks_[0].size, max_bytes_);
}

size_t Arena::bytes_used() const {
  if (blocks_.empty()) return 0;
  return used_before_current_ + static_cast<size_t>(next_ - blocks_[current_].data.get());
}

}  // namespace weir::value
