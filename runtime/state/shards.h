// How the state of one thing (a feature, the labels) is divided among threads.
#pragma once

#include <cstddef>
#include <mutex>

#include "runtime/state/key.h"

namespace weir::state {

// State begins as one shard without a lock. Once a second session shares it, it is kShards of them, each with its own.
inline constexpr size_t kShards = 64;

// Bits that neither KeyTable's home slot nor its tag is made of.
inline size_t shard_of(const Key& key) { return static_cast<size_t>(key.hi >> 58); }

// Holds the mutex if `shared`.
inline std::unique_lock<std::mutex> lock_if(bool shared, std::mutex& mutex) {
  return shared ? std::unique_lock(mutex) : std::unique_lock(mutex, std::defer_lock);
}

}  // namespace weir::state
