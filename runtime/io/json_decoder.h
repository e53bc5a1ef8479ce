// One JSON object to a row, by simdjson's on-demand parser. The whole line is validated, also what no field reads.
#pragma once

#include <memory>
#include <string_view>

#include "runtime/io/plan.h"
#include "runtime/io/record.h"

namespace weir::io {

// Reuses its buffers: no allocation after warm-up. One caller at a time. The plan must outlive it.
class JsonDecoder {
 public:
  explicit JsonDecoder(const DecodePlan& plan);
  ~JsonDecoder();

  // `text` must be followed by kPadding readable bytes. Values it yields live in the target's arena; the text may go.
  // False and *reject (cause, field, message) if the record cannot become an event.
  bool decode(std::string_view text, RowTarget* target, Reject* reject);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::io
