// What a batch of events came to, as an Arrow array that its receiver owns.
#pragma once

#include <cstdint>
#include <vector>

#include "embed-api/src/boundary.h"
#include "runtime/engine/engine.h"

namespace weir::embed {

class ArrowResult {
 public:
  // `timed`: with the column "expired".
  explicit ArrowResult(bool timed) : timed_(timed) {}
  void add(const engine::EventResult& result);
  // Moves all there is out. Throws std::bad_alloc, with both untouched.
  void move_to(ArrowSchema* schema, ArrowArray* array);

 private:
  bool timed_;
  std::vector<uint8_t> verdicts_, shadow_verdicts_;
  std::vector<uint8_t> duplicates_, expired_;  // a bit an event
  std::vector<double> scores_, shadow_scores_;
  std::vector<int32_t> first_hit_ = {0};  // by event, and one more
  std::vector<uint32_t> rules_;           // by hit
  std::vector<uint8_t> outcomes_;
};

}  // namespace weir::embed
