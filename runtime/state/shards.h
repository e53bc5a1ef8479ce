// How the state of one thing (a feature, the labels) is divided among threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>

#include "runtime/state/codec.h"
#include "runtime/state/key.h"

namespace weir::state {

// State begins as one shard without a lock. Once a second session shares it, it is kShards of them, each with its own.
inline constexpr size_t kShards = 64;

// Bits that neither KeyTable's home slot nor its tag is made of.
inline size_t shard_of(const Key& key) { return static_cast<size_t>(key.hi >> 58); }

// How many shards were saved: those of a store that may be loaded from it, which is shared if they were. 0 if the
// reader has failed.
template <typename Share>
size_t load_shard_count(Reader& in, bool shared, Share share) {
  const uint64_t count = in.varint();
  if (count != 1 && count != kShards) return in.fail("it is of more or fewer shards than any store"), 0;
  if (count == kShards) share();
  if (count == 1 && shared) return in.fail("it is of one shard"), 0;
  return count;
}

// Keeps a count of bytes right however a change of what is counted ends: `bytes()` before it and after it.
template <typename Bytes>
class CountedChange {
 public:
  CountedChange(std::atomic<size_t>& total, Bytes bytes) : total_(total), bytes_(bytes), before_(bytes()) {}
  ~CountedChange() { total_.fetch_add(bytes_() - before_, std::memory_order_relaxed); }
  CountedChange(const CountedChange&) = delete;
  CountedChange& operator=(const CountedChange&) = delete;

 private:
  std::atomic<size_t>& total_;
  const Bytes bytes_;
  const size_t before_;
};

// Holds the mutex if `shared`.
inline std::unique_lock<std::mutex> lock_if(bool shared, std::mutex& mutex) {
  return shared ? std::unique_lock(mutex) : std::unique_lock(mutex, std::defer_lock);
}

// Goes on with the copies begun of table_of(shard), a little of each shard in turn, until nothing is left to copy:
// whoever waits for one shard has it while the others are at it.
template <typename Shard, typename TableOf>
void copy_in_turns(Shard* shards, size_t count, bool shared, size_t at_once, TableOf table_of) {
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < count; ++i) {
      const auto lock = lock_if(shared, shards[i].mutex);
      if (!table_of(shards[i]).copy_some(at_once)) more = true;
    }
  }
}

}  // namespace weir::state
