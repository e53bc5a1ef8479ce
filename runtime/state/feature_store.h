// One feature's state over all its keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "compiler/ir/program.h"
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

// Not thread-safe. Which values are kept depends on the events alone, never on when memory was cleaned up: what lies
// before the horizon's window is not read even if it is still there.
class FeatureStore {
 public:
  virtual ~FeatureStore() = default;

  // Called before the adds and reads of an event. `clock` grows with every event; `horizon` is the time of the newest
  // event of the feature's event type less the allowed lateness.
  void advance(uint64_t clock, int64_t horizon) {
    clock_ = clock;
    horizon_ = horizon;
  }
  virtual Added add(const Key& key, int64_t time, const value::Value& v) = 0;
  // The aggregate in the window of an event at `time`; as unseen() if the key has nothing there. May borrow from the
  // store until the next add or evict.
  virtual value::Value read(const Key& key, int64_t time, value::Arena& arena) = 0;

  virtual size_t keys() const = 0;
  virtual size_t bytes() const = 0;
  // Clock of the key touched least recently; UINT64_MAX if there is no key.
  virtual uint64_t oldest_touch() const = 0;
  virtual void evict_oldest() = 0;

  FeatureCounters counters;

 protected:
  uint64_t clock_ = 0;
  int64_t horizon_ = INT64_MIN + 1;
};

// `feature` must outlive the store. Null if the aggregation is not supported.
std::unique_ptr<FeatureStore> make_feature_store(const ir::Feature& feature);

}  // namespace weir::state
