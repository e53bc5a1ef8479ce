// Records that could not become events: counted by cause, the first of each kept as examples, all of them written to a
// dead-letter file when one is asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace weir::io {

enum class RejectCause : uint8_t {
  kNotJson,          // the line is not one JSON object
  kNotCsv,           // the row does not fit its header
  kWrongType,        // a field holds another type than the schema says
  kMissingRequired,  // a field without `?` is absent or null
  kInvalidUtf8,
  kOutOfRange,  // a number or time that its type cannot hold
  kLineTooLong,
  kTruncatedInput,  // a compressed file, or a quoted CSV value, that ends too early
  kUnknownEventType,
  kCount,
};
inline constexpr size_t kRejectCauseCount = static_cast<size_t>(RejectCause::kCount);
std::string_view reject_cause_name(RejectCause cause);     // "not_json", …: stable, for machines
std::string_view reject_cause_meaning(RejectCause cause);  // a few words for people

struct Reject {
  RejectCause cause = RejectCause::kNotJson;
  std::string file;
  uint64_t line = 0;  // of the record's first line, from 1
  std::string field;  // the event's field, or the path in the record; empty if none is to blame
  std::string message;
};
// "posts.jsonl:17: wrong_type: field `followers`: expected int, found a string"
std::string to_string(const Reject& reject);

class RejectLog {
 public:
  static constexpr size_t kExamples = 3;             // kept per cause
  static constexpr size_t kDeadLetterBytes = 65536;  // of a record, kept in the dead-letter file

  // JSON lines {"file","line","cause","field","message","record"[,"record_bytes"]}; a record that is not UTF-8 is kept
  // as "record_base64", one longer than kDeadLetterBytes is cut and record_bytes says how long it was.
  absl::Status open_dead_letter(const std::string& path);
  void add(const Reject& reject, std::string_view record, uint64_t record_bytes);
  // Writes out what is buffered; an error if anything could not be written since the last call.
  absl::Status flush();

  uint64_t count(RejectCause cause) const { return counts_[static_cast<size_t>(cause)]; }
  uint64_t total() const;
  const std::vector<Reject>& examples(RejectCause cause) const { return examples_[static_cast<size_t>(cause)]; }

 private:
  struct Closer {
    void operator()(FILE* f) const;
  };
  std::array<uint64_t, kRejectCauseCount> counts_{};
  std::array<std::vector<Reject>, kRejectCauseCount> examples_;
  std::unique_ptr<FILE, Closer> dead_letter_;
  std::string dead_letter_path_;
};

}  // namespace weir::io
