// Cutting a stream into records without holding more of it than one read and one record.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/io/csv_decoder.h"
#include "runtime/io/record.h"
#include "runtime/io/source.h"

namespace weir::io {

enum class RecordFormat : uint8_t { kAuto, kJson, kCsv };

// A record's text, or why there is none.
struct Slice {
  size_t begin = 0, end = 0;  // in Batch::text; of what is kept, if rejected
  uint64_t line = 0;
  bool rejected = false;  // never decoded: see cause
  RejectCause cause = RejectCause::kLineTooLong;
  uint64_t bytes = 0;  // of the whole record, if rejected
  std::string message;
};

// The raw records of one read. Reused: buffers keep their capacity.
struct RawBatch {
  std::vector<char> text;  // kPadding readable bytes follow what is used
  std::vector<Slice> slices;
  std::shared_ptr<const std::string> file;
  std::shared_ptr<const CsvHeader> csv;  // null: JSON lines
  uint64_t raw_position = 0;             // compressed bytes taken from all files so far
  absl::Status status;                   // not ok: reading cannot go on (the slices before are good)
};

struct SplitOptions {
  RecordFormat format = RecordFormat::kAuto;  // auto: by the file's name, else by its first byte
  size_t max_record_bytes = size_t{16} << 20;
};

// A line ends at "\n" or "\r\n" and nowhere else (not at U+2028); blank lines are no records. A CSV record ends at a
// line end outside quotes. A record over the limit is dropped as it streams by, and counted; reading goes on after its
// line end. One caller at a time.
class RecordSplitter {
 public:
  RecordSplitter(std::vector<std::string> paths, const DecodePlan& plan, const SplitOptions& options);

  // The next records, of one file: those of one read of its source, so that a pipe is served as it fills. False at the
  // end of the last file (the batch is then empty).
  bool next(RawBatch* batch);
  // Sum of the files' sizes; 0 if one of them is a pipe.
  uint64_t raw_size() const { return raw_size_; }

 private:
  bool open_next(RawBatch* batch);
  absl::Status sniff(std::string_view head);
  void cut(RawBatch* batch, bool at_end);
  size_t find_record_end(std::string_view text, size_t from);
  void take(RawBatch* batch, size_t begin, size_t end);
  void skip_long(RawBatch* batch);

  std::vector<std::string> paths_;
  const DecodePlan& plan_;
  SplitOptions options_;
  size_t next_path_ = 0;
  uint64_t raw_size_ = 0, raw_before_ = 0;  // raw bytes of the files done with

  std::unique_ptr<ByteSource> source_;
  std::shared_ptr<const std::string> file_;
  std::shared_ptr<const CsvHeader> csv_;
  bool is_csv_ = false, sniffed_ = false, header_read_ = false;
  uint64_t line_ = 1;
  std::string carry_;   // the record begun in the last read
  size_t scanned_ = 0;  // of the carry: known to hold no record end (JSON lines only)

  size_t begin_ = 0, used_ = 0;  // in the batch's text: start of the record being looked for, end of what was read
  std::string skip_prefix_;      // of a record over the limit: what a dead letter keeps
  uint64_t skip_bytes_ = 0;      // its length so far; 0: none is being skipped
  uint64_t skip_line_ = 0;
};

}  // namespace weir::io
