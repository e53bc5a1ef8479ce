// The log of inputs: what was evaluated after the last snapshot, so that a crash loses nothing that was acknowledged.
//
// A log is a row of segments, each a file named after the number of its first record; inputs are numbered from 1 over
// the life of a state directory. All numbers are little-endian, `hash` is XXH3-64.
//   segment   "WEIRLOG."  u32 version  u32 length of the payload  payload: u64 first sequence, schema
//             u64 hash of all that
//   record    u32 length of the payload  u32 low half of the hash of what follows  u64 sequence  u8 kind  payload
// A record that is cut off, or whose checksum is wrong, ends the log if nothing valid comes after it: that is what a
// crash leaves behind. With a valid record after it the file was damaged, and the log is refused.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/durable/file.h"

namespace weir::durable {

inline constexpr uint32_t kLogVersion = 1;
inline constexpr uint32_t kMaxRecord = 64u << 20;  // bytes of a payload

enum class RecordKind : uint8_t {
  kEvent = 1,   // event_record.h
  kChange = 2,  // engine::StateChange
};

struct LogRecord {
  uint64_t sequence = 0;
  RecordKind kind = RecordKind::kEvent;
  std::string_view payload;
};

// A segment in memory.
struct LogSegment {
  uint64_t first = 0;  // the number of its first record
  std::string schema;
  std::vector<LogRecord> records;  // payloads borrow from the bytes
  uint64_t valid = 0;              // bytes up to the end of the last record
  bool whole = true;               // false: it ends in a record that is cut off
};
// DataLoss if a record inside is damaged. An empty segment whose header is cut off is NotFound: it was being created.
absl::StatusOr<LogSegment> parse_segment(std::string_view bytes);

// When records are safe from what. A process that is killed loses nothing that was committed, whatever the policy; what
// a power cut or a kernel crash may take is what was not yet synced.
enum class Sync : uint8_t {
  kEveryCommit,  // commit() returns when its records are on the disk
  kInterval,     // a thread syncs every `interval`
  kSystem,       // when the operating system writes them: tens of seconds
};
struct SyncPolicy {
  Sync sync = Sync::kInterval;
  std::chrono::milliseconds interval{100};
};

// Appends to one segment at a time. One caller at a time.
class LogWriter {
 public:
  explicit LogWriter(SyncPolicy policy);
  ~LogWriter();  // commits

  // Ends the segment at hand, if any, and begins one whose records count from `first`.
  absl::Status begin(const std::string& path, uint64_t first, std::string_view schema);
  // To memory. The sequence goes up by one with each. InvalidArgument for a payload above kMaxRecord.
  absl::Status append(RecordKind kind, std::string_view payload);
  // To the file, and to the disk as the policy says: only then may what the records led to be shown to others.
  absl::Status commit();

  uint64_t next_sequence() const { return next_; }
  uint64_t segment_bytes() const { return bytes_; }

 private:
  absl::Status write_out();
  void sync_in_background();

  const SyncPolicy policy_;
  std::string path_;
  std::string pending_;
  uint64_t next_ = 1;
  uint64_t bytes_ = 0;  // of the segment, pending ones included

  std::mutex mutex_;  // over file_ and what follows
  std::condition_variable wake_;
  File file_;
  bool unsynced_ = false;
  bool stop_ = false;
  absl::Status failure_;  // of the thread; reported by the next commit
  std::thread syncer_;
};

}  // namespace weir::durable
