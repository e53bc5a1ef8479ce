// The ids of events seen lately, by event type: what tells a duplicate.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/state/id_window.h"

namespace weir::state {

// Not thread-safe until share() was called. Ids are divided among shards from the start, so that what is forgotten for
// want of room does not depend on share().
class IdStore {
 public:
  // By event type: how long its ids are remembered; 0: not at all. All ids together take about max_bytes at most.
  IdStore(const std::vector<int64_t>& windows, size_t max_bytes);

  bool wanted(uint32_t event) const { return types_[event] != nullptr; }
  // As IdWindow's, of an event type that is wanted.
  int add(uint32_t event, uint64_t hash, int64_t now);
  void set_note(uint32_t event, uint64_t hash, uint8_t note);
  void take_back(uint32_t event, uint64_t hash);

  void share() { shared_ = true; }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  // A copy of one event type that is wanted, as FeatureStore's; load() into a store that has none of its ids.
  void begin_copy(uint32_t event);
  void finish_copy(uint32_t event, Writer& out);
  bool load(uint32_t event, Reader& in);
  // The same from another store. What it remembers for how long stays this one's.
  void take(uint32_t event, IdStore& from, uint32_t from_event);

 private:
  static constexpr size_t kIdShards = 16;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    IdWindow ids{0, 0};
  };
  // Of bits that IdWindow keeps and its home slots are not made of.
  static size_t shard_of(uint64_t hash) { return (hash >> 8) % kIdShards; }

  std::vector<std::unique_ptr<Shard[]>> types_;
  std::atomic<size_t> bytes_{0};
  bool shared_ = false;
};

}  // namespace weir::state
