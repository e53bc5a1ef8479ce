// Labels on entities, each with an expiry in event time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/state/codec.h"
#include "runtime/state/key.h"
#include "runtime/state/key_table.h"
#include "runtime/state/provenance.h"
#include "runtime/state/shards.h"

namespace weir::state {

// Not thread-safe until share() was called.
class LabelStore {
 public:
  // New labels are refused, and counted, while those there take more than `max_bytes`.
  explicit LabelStore(const std::vector<ir::Label>& labels, size_t max_bytes = SIZE_MAX);

  // Until time + min(duration, the label's max age); a duration of 0 is the max age, and that of 0 is for ever. A label
  // already there is never shortened. Nobody will ask for what has expired by `keep_from`.
  void set(uint32_t label, const Key& key, int64_t time, int64_t duration, uint32_t rule, uint64_t clock,
           int64_t keep_from, const Provenance& from = {});
  void clear(uint32_t label, const Key& key);
  bool has(uint32_t label, const Key& key, int64_t time) const;

  struct Mark {
    int64_t set_at = 0;
    int64_t expires = 0;  // INT64_MAX: never. Exclusive.
    uint32_t rule = 0;    // that set it last, unless somebody did by hand; kNoRule: one that is no more
    Provenance from;

    void save(Writer& out) const {
      out.zigzag(set_at);
      out.zigzag(expires);
      out.varint(rule);
      from.save(out);
    }
    bool load(Reader& in) {
      set_at = in.zigzag();
      expires = in.zigzag();
      rule = static_cast<uint32_t>(in.varint());
      return from.load(in);
    }
  };
  static constexpr uint32_t kNoRule = UINT32_MAX;
  // Nothing if the entity does not bear the label at that time.
  std::optional<Mark> find(uint32_t label, const Key& key, int64_t time) const;

  // f(key, mark) for whatever bears the label at that time, while no other thread uses the store.
  template <typename F>
  void for_each(uint32_t label, int64_t time, F f) const {
    for (size_t i = 0; i < shards(); ++i) {
      shards_[i].tables[label].for_each([&](const Key& key, const Mark& mark) {
        if (time < mark.expires) f(key, mark);
      });
    }
  }

  static int64_t expiry(const ir::Label& label, int64_t time, int64_t duration);

  // From now on several threads may use the store.
  void share();
  bool shared() const { return shared_; }

  // A copy of one label, as FeatureStore's.
  void begin_copy(uint32_t label);
  void finish_copy(uint32_t label, Writer& out);
  // Into a store that does not have the label on any key. `rules` says which rule of today each one was that set it.
  bool load(uint32_t label, Reader& in, const std::vector<uint32_t>& rules);
  // The same from another store, which is shared if this one is.
  void take(uint32_t label, LabelStore& from, uint32_t from_label, const std::vector<uint32_t>& rules);
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // Labels not set for want of memory.
  uint64_t refused(uint32_t label) const { return refused_[label].load(std::memory_order_relaxed); }

 private:
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::vector<KeyTable<Mark>> tables;  // by label
  };
  size_t shards() const { return shared_ ? kShards : 1; }
  Shard& shard_for(const Key& key) const { return shards_[shared_ ? shard_of(key) : 0]; }
  static void rename_rules(KeyTable<Mark>& table, const std::vector<uint32_t>& rules);
  void count_bytes(size_t before, size_t after) { bytes_.fetch_add(after - before, std::memory_order_relaxed); }

  const std::vector<ir::Label>& labels_;
  const size_t max_bytes_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<size_t> bytes_{0};
  std::unique_ptr<std::atomic<uint64_t>[]> refused_;
  std::vector<uint64_t> copied_refused_;  // as they were when a copy began
  bool shared_ = false;
};

}  // namespace weir::state
