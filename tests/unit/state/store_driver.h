// A feature store with the access it is to be used with next.
#pragma once

#include <memory>
#include <utility>

#include "runtime/state/feature_store.h"

namespace weir::state {

struct StoreDriver {
  explicit StoreDriver(std::unique_ptr<FeatureStore> s) : store(std::move(s)) {}

  void advance(uint64_t clock, int64_t horizon) {
    access.clock = clock;
    access.horizon = access.keep_from = horizon;
  }
  Added add(const Key& key, int64_t time, const value::Value& v) {
    access.time = time;
    return store->add(key, v, access);
  }
  value::Value read(const Key& key, int64_t time, value::Arena& arena) {
    access.time = time;
    return store->read(key, access, arena);
  }
  size_t keys() const { return store->keys(); }
  size_t bytes() const { return store->bytes(); }

  std::unique_ptr<FeatureStore> store;
  Access access;
};

}  // namespace weir::state
