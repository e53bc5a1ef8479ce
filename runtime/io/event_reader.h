// Logs to events, in the order of the log: the front door of runtime/io.
//
// With several threads, one reads, decompresses and cuts, the others decode; the caller sees the same records in the
// same order as with one. Memory is bounded by a fixed pool of batches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/io/lines.h"
#include "runtime/io/plan.h"
#include "runtime/io/reject.h"
#include "runtime/value/value.h"

namespace weir::io {

struct ReaderOptions {
  SplitOptions split;
  unsigned threads = 1;
  bool strict = false;      // stop at the first record that is rejected
  std::string dead_letter;  // path; empty: none
};

// Valid until the next call of next().
struct Record {
  uint32_t event = 0;
  value::Value* row = nullptr;           // the event's slot_count slots
  const value::Value* extras = nullptr;  // as PlanOptions::extra_paths
  std::string_view file;
  uint64_t line = 0;
  std::string_view text;  // the record as it stood in the log
};

class EventReader {
 public:
  // The plan's types must outlive the reader. "-" is standard input. NotFound: a file that cannot be opened.
  static absl::StatusOr<std::unique_ptr<EventReader>> open(std::vector<std::string> paths, DecodePlan plan,
                                                           const ReaderOptions& options);
  ~EventReader();

  // False at the end, and when reading cannot go on: see status().
  bool next(Record* record);
  // The same for several: one at least, `most` at most, as many as are decoded. All are valid until the next call.
  bool next(std::vector<Record>* records, size_t most);
  // Records are decoded by another plan from now on: the one that next() gave last, which it gives again, and all after
  // it. FailedPrecondition, and nothing has changed: several threads decode ahead, or the file at hand is CSV, whose
  // header was read by the plan before.
  absl::Status set_plan(DecodePlan plan);
  // InvalidArgument: strict, and a record was rejected; otherwise what the system said.
  absl::Status status() const;
  // Whether next() would return without waiting for input: a good moment to flush output if not.
  bool buffered() const;
  const RejectLog& rejects() const;
  // Writes the dead-letter file out.
  absl::Status finish();

  uint64_t raw_position() const;  // compressed bytes behind the records seen so far
  uint64_t raw_size() const;      // of all files; 0 if unknown

 private:
  struct Impl;
  explicit EventReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::io
