// Labels on entities, each with an expiry in event time.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/state/key.h"
#include "runtime/state/key_table.h"

namespace weir::state {

// Not thread-safe.
class LabelStore {
 public:
  explicit LabelStore(const std::vector<ir::Label>& labels);

  // Until time + min(duration, the label's max age); a duration of 0 is the max age, and that of 0 is for ever. A label
  // already there is never shortened.
  void set(uint32_t label, const Key& key, int64_t time, int64_t duration, uint32_t rule, uint64_t clock);
  void clear(uint32_t label, const Key& key);
  bool has(uint32_t label, const Key& key, int64_t time) const;

  struct Mark {
    int64_t set_at = 0;
    int64_t expires = 0;  // INT64_MAX: never. Exclusive.
    uint32_t rule = 0;    // that set it last
  };
  // Null if there is none at that time.
  const Mark* find(uint32_t label, const Key& key, int64_t time) const;

  static int64_t expiry(const ir::Label& label, int64_t time, int64_t duration);

  size_t bytes() const;

 private:
  const std::vector<ir::Label>& labels_;
  std::vector<KeyTable<Mark>> tables_;
};

}  // namespace weir::state
