// One feature's state over all its keys.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "compiler/ir/program.h"
#include "runtime/state/codec.h"
#include "runtime/state/key.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::state {

enum class Added : uint8_t { kAdded, kLate, kRefused };  // refused: a value the aggregation has no use for

struct FeatureCounters {
  uint64_t added = 0;
  uint64_t late = 0;     // older than the window as of the newest event less the allowed lateness
  uint64_t errors = 0;   // where, each, key or argument ended in an error or missing, or the value was refused
  uint64_t evicted = 0;  // keys given up for want of memory
};

// What an event brings to the stores it touches.
struct Access {
  uint64_t clock = 0;                 // number of the event: grows with every event of all sessions
  int64_t time = 0;                   // of the event
  int64_t newest = INT64_MAX;         // event of the feature's event type, as its clock has it
  int64_t horizon = INT64_MIN + 1;    // that less the allowed lateness
  int64_t keep_from = INT64_MIN + 1;  // the least horizon of all sessions: what no event there can read is freed
  bool looks_on = false;              // a read that leaves no trace: explanations must not change what is given up when
  ptrdiff_t grown = 0;                // out: by how many bytes the state has grown is added here
};

// What a key's value is made of: a pane, one value of an `exact` window or of `last N`, the run of a session.
struct Part {
  int64_t from = 0, until = 0;  // times; of a pane, `until` is exclusive
  value::Value value;           // the aggregate of it alone
};

// Not thread-safe until share() was called. Which values are read depends on the events alone, never on when memory was
// cleaned up: what lies before the horizon's window is not read even if it is still there.
class FeatureStore {
 public:
  virtual ~FeatureStore() = default;

  virtual Added add(const Key& key, const value::Value& v, Access& access) = 0;
  // The aggregate in the window of the event; as unseen() if the key has nothing there. Before share() it may borrow
  // from the store until the next add or evict.
  virtual value::Value read(const Key& key, Access& access, value::Arena& arena) = 0;
  // Whether a state that has seen only events after `since` knows all that a read of the key at the event's time is
  // about. Never for `all`.
  virtual bool reaches_back(const Key& key, const Access& access, int64_t since) const = 0;
  void count_error() { errors_.fetch_add(1, std::memory_order_relaxed); }

  // From now on several threads may use the store: it is divided into kShards, which are locked one by one.
  virtual void share() = 0;
  bool shared() const { return shared_; }

  virtual size_t keys() const = 0;
  virtual size_t bytes() const = 0;
  virtual FeatureCounters counters() const = 0;

  virtual size_t shards() const = 0;
  // Clock of the shard's key touched least recently; UINT64_MAX if it has no key.
  virtual uint64_t oldest_touch(size_t shard) const = 0;
  // Gives it up, if there is one. Returns how many bytes that freed.
  virtual size_t evict_oldest(size_t shard) = 0;

  // Every key whose value, as read() gives it, has something in it: f(key, value, parts), in no order that means
  // anything. Only while no other thread uses the store. What f gets is valid until it returns.
  using Visitor = std::function<void(const Key&, const value::Value&, std::span<const Part>)>;
  virtual void visit(Access access, const Visitor& f) = 0;
  virtual void visit_one(const Key& key, Access access, const Visitor& f) = 0;

  // A copy of all keys and counters: as they are when it begins, while no other thread uses the store. Once shared it
  // may be used while the copy is made; what is about to change is copied first, a chunk of keys at a time. What was
  // saved when shared is shared when loaded.
  virtual void begin_copy() = 0;
  virtual void finish_copy(Writer& out) = 0;
  // Into a new store, which is to be given up if this is false.
  virtual bool load(Reader& in) = 0;

 protected:
  std::atomic<uint64_t> errors_{0};
  bool shared_ = false;
};

// Null if the aggregation is not supported.
std::unique_ptr<FeatureStore> make_feature_store(const ir::Feature& feature);

}  // namespace weir::state
