#include "runtime/durable/log_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "runtime/state/codec.h"

namespace weir::durable {
namespace {

using state::Reader;
using state::Writer;

constexpr std::string_view kMagic = "WEIRLOG.";
constexpr size_t kHead = 17;     // bytes of a record before its payload
constexpr size_t kUnhashed = 8;  // of them not under the checksum: length and checksum
constexpr size_t kPendingLimit = 1 << 20;

// The record at the start of the bytes, if it is one.
std::optional<LogRecord> record_at(std::string_view bytes) {
  if (bytes.size() < kHead) return std::nullopt;
  uint32_t length, hash;
  LogRecord record;
  std::memcpy(&length, bytes.data(), 4);
  std::memcpy(&hash, bytes.data() + 4, 4);
  std::memcpy(&record.sequence, bytes.data() + 8, 8);
  record.kind = static_cast<RecordKind>(bytes[16]);
  if (length > kMaxRecord || bytes.size() - kHead < length) return std::nullopt;
  if (static_cast<uint32_t>(checksum(bytes.substr(kUnhashed, kHead - kUnhashed + length))) != hash) return std::nullopt;
  record.payload = bytes.substr(kHead, length);
  return record;
}

// Whether a record that follows `sequence` stands anywhere in the bytes.
bool has_later_record(std::string_view bytes, uint64_t sequence) {
  for (size_t at = 0; at + kHead <= bytes.size(); ++at) {
    uint64_t candidate;
    std::memcpy(&candidate, bytes.data() + at + 8, 8);
    if (candidate <= sequence || candidate > sequence + bytes.size() / kHead + 1) continue;  // nearly always
    if (record_at(bytes.substr(at))) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<LogSegment> parse_segment(std::string_view bytes) {
  Reader in(bytes);
  LogSegment out;
  const std::string_view magic = in.raw(std::min(kMagic.size(), bytes.size()));
  if (magic != kMagic.substr(0, magic.size())) return data_loss("it is no log of Weir's");
  const uint32_t version = in.fixed32(), length = in.fixed32();
  const std::string_view payload = in.raw(length);
  const size_t hashed = bytes.size() - in.left();
  const uint64_t hash = in.fixed64();
  if (!in.ok() || hash != checksum(bytes.substr(0, hashed))) {
    if (has_later_record(bytes, 0)) return data_loss("its header is damaged");
    return absl::NotFoundError("its header was not written whole");
  }
  if (version != kLogVersion) {
    return absl::UnimplementedError(
        fmt::format("it is of version {}, and this Weir reads version {}", version, kLogVersion));
  }
  Reader header(payload);
  out.first = header.fixed64();
  out.schema = header.raw(header.left());
  uint64_t next = out.first;
  while (in.left() > 0) {
    const std::string_view rest = bytes.substr(bytes.size() - in.left());
    const std::optional<LogRecord> record = record_at(rest);
    if (!record || record->sequence != next) {
      if (record || has_later_record(rest.substr(1), next)) {
        return data_loss(fmt::format("record {} is damaged, and valid ones come after it", next));
      }
      out.whole = false;
      break;
    }
    out.records.push_back(*record);
    in.raw(kHead + record->payload.size());
    ++next;
  }
  out.valid = bytes.size() - in.left();
  return out;
}

LogWriter::LogWriter(SyncPolicy policy) : policy_(policy) {
  if (policy_.sync == Sync::kInterval) syncer_ = std::thread([this] { sync_in_background(); });
}

LogWriter::~LogWriter() {
  const absl::Status ignored = commit();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (syncer_.joinable()) syncer_.join();
}

absl::Status LogWriter::begin(const std::string& path, uint64_t first, std::string_view schema) {
  if (absl::Status status = commit(); !status.ok()) return status;
  absl::StatusOr<File> file = create_file(path);
  if (!file.ok()) return file.status();
  Writer header;
  header.raw(kMagic.data(), kMagic.size());
  header.fixed32(kLogVersion);
  header.fixed32(static_cast<uint32_t>(8 + schema.size()));
  header.fixed64(first);
  header.raw(schema.data(), schema.size());
  header.fixed64(checksum(header.bytes()));
  absl::Status status = file->write(header.bytes(), path);
  if (status.ok()) status = file->sync(path);
  if (status.ok()) status = sync_parent(path);
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  if (unsynced_ && file_.is_open()) status = file_.sync(path_);
  unsynced_ = false;
  file_ = *std::move(file);
  path_ = path;
  next_ = first;
  bytes_ = header.size();
  return status;
}

absl::Status LogWriter::append(RecordKind kind, std::string_view payload) {
  if (payload.size() > kMaxRecord) {
    return absl::InvalidArgumentError(fmt::format("an input of {} bytes is too large for the log", payload.size()));
  }
  const size_t start = pending_.size();
  pending_.reserve(start + kHead + payload.size());  // throws before anything is in it, or not at all
  pending_.resize(start + kHead);
  pending_.append(payload);
  char* head = pending_.data() + start;
  const auto length = static_cast<uint32_t>(payload.size());
  std::memcpy(head, &length, 4);
  std::memcpy(head + 8, &next_, 8);
  head[16] = static_cast<char>(kind);
  const auto hash = static_cast<uint32_t>(checksum(std::string_view(pending_).substr(start + kUnhashed)));
  std::memcpy(head + 4, &hash, 4);
  ++next_;
  bytes_ += kHead + payload.size();
  return pending_.size() >= kPendingLimit ? write_out() : absl::OkStatus();
}

absl::Status LogWriter::write_out() {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  if (pending_.empty()) return absl::OkStatus();
  if (!file_.is_open()) return absl::FailedPreconditionError("the log has no segment");
  // What stands in the file after a failed write is unknown: the log takes nothing more. Nor if there is no memory to
  // say why.
  failure_ = absl::Status(absl::StatusCode::kUnavailable, "");
  failure_ = file_.write(pending_, path_);
  pending_.clear();
  unsynced_ = true;
  return failure_;
}

absl::Status LogWriter::commit() {
  if (absl::Status status = write_out(); !status.ok()) return status;
  if (policy_.sync != Sync::kEveryCommit) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  if (!unsynced_ || !file_.is_open()) return failure_;
  unsynced_ = false;
  failure_ = file_.sync(path_);
  return failure_;
}

void LogWriter::sync_in_background() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_for(lock, policy_.interval, [&] { return stop_; });
    if (!unsynced_ || !file_.is_open()) continue;
    unsynced_ = false;
    // A duplicate, so that appending goes on while the disk works.
    File copy(::dup(file_.fd()));
    if (!copy.is_open()) {
      failure_ = system_error("sync", path_);
      continue;
    }
    const std::string path = path_;
    lock.unlock();
    absl::Status status = copy.sync(path);
    lock.lock();
    if (!status.ok() && failure_.ok()) failure_ = status;
  }
  if (unsynced_ && file_.is_open()) {
    const absl::Status ignored = file_.sync(path_);
  }
}

}  // namespace weir::durable
