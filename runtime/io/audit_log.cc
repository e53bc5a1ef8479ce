#include "runtime/io/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "absl/status/status.h"
#include "runtime/crypto/digest.h"
#include "runtime/io/change_json.h"
#include "runtime/io/json_text.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

namespace weir::io {
namespace {

constexpr size_t kHashSize = 64;
constexpr std::string_view kBeforeHash = ",\"hash\":\"", kAfterHash = "\"}";
constexpr std::string_view kBeforePrevious = ",\"prev\":\"";

absl::Status system_error(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string text = fmt::format("cannot {} {}: {}", what, path, strerror(error));
  const absl::string_view message(text.data(), text.size());
  return error == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
}

absl::Status altered(const std::string& path, uint64_t line, std::string_view why) {
  const std::string text = fmt::format("{}:{}: {}", path, line, why);
  return absl::DataLossError(absl::string_view(text.data(), text.size()));
}

// The line's own hash and the one of the line before; false if it is not of the log's form.
bool take_apart(std::string_view line, std::string_view* hashed, std::string_view* previous, std::string_view* hash) {
  const size_t tail = kBeforeHash.size() + kHashSize + kAfterHash.size();
  if (line.size() < tail + kBeforePrevious.size() + kHashSize + 1 || !line.ends_with(kAfterHash)) return false;
  *hashed = line.substr(0, line.size() - tail);
  if (line.substr(hashed->size(), kBeforeHash.size()) != kBeforeHash || !hashed->ends_with('"')) return false;
  *hash = line.substr(hashed->size() + kBeforeHash.size(), kHashSize);
  const size_t at = hashed->size() - 1 - kHashSize;
  *previous = hashed->substr(at, kHashSize);
  return hashed->substr(at - kBeforePrevious.size(), kBeforePrevious.size()) == kBeforePrevious;
}

// Checks lines as they come.
class Chain {
 public:
  explicit Chain(const std::string& path) : path_(path) { summary.head = std::string(kHashSize, '0'); }

  absl::Status add(std::string_view line) {
    const uint64_t number = summary.records + 1;
    std::string_view hashed, previous, hash;
    if (!take_apart(line, &hashed, &previous, &hash)) return altered(path_, number, "not a record of an audit log");
    if (!hashed.starts_with(fmt::format("{{\"seq\":{},", number)))
      return altered(path_, number, fmt::format("record {} is not here: one was taken out or put in", number));
    if (previous != summary.head) return altered(path_, number, "`prev` is not the hash of the record before");
    if (crypto::sha256_hex(hashed) != hash)
      return altered(path_, number, "the record was altered: its hash is another");
    summary.head = hash;
    summary.records = number;
    summary.bytes += line.size() + 1;
    return absl::OkStatus();
  }

  AuditSummary summary;

 private:
  const std::string& path_;
};

absl::StatusOr<AuditSummary> verify(int fd, const std::string& path) {
  Chain chain(path);
  std::string text;
  std::string block(size_t{1} << 16, '\0');
  off_t at = 0;
  for (;;) {
    const ssize_t n = pread(fd, block.data(), block.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", path);
    if (n == 0) break;
    at += n;
    const size_t searched = text.size();
    text.append(block, 0, static_cast<size_t>(n));
    size_t begin = 0;
    for (size_t end = text.find('\n', searched); end != std::string::npos; end = text.find('\n', begin)) {
      if (absl::Status s = chain.add(std::string_view(text).substr(begin, end - begin)); !s.ok()) return s;
      begin = end + 1;
    }
    text.erase(0, begin);
  }
  chain.summary.broken_off = !text.empty();
  return chain.summary;
}

}  // namespace

absl::StatusOr<AuditSummary> verify_audit_log(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("open", path);
  auto summary = verify(fd, path);
  close(fd);
  return summary;
}

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return system_error("open", path);
  std::unique_ptr<AuditLog> log(new AuditLog(fd, path));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return system_error("lock", path);
  auto summary = verify(fd, path);
  if (!summary.ok()) return summary.status();
  if (summary->broken_off && ftruncate(fd, static_cast<off_t>(summary->bytes)) != 0)
    return system_error("truncate", path);
  log->head_ = summary->head;
  log->records_ = summary->records;
  return log;
}

AuditLog::~AuditLog() { close(fd_); }

absl::Status AuditLog::append(const engine::StateChange& change, int64_t wall_nanos, uint64_t after_events,
                              std::string_view before, std::string_view after) {
  std::string members;
  append_change_members(change, &members);
  members += ",\"before\":";
  append_json_quoted(before, &members);
  members += ",\"after\":";
  append_json_quoted(after, &members);
  return append_line(members, wall_nanos, after_events);
}

absl::Status AuditLog::append_step(const AuditStep& step, int64_t wall_nanos, uint64_t after_events) {
  std::string members;
  const auto member = [&](std::string_view name, std::string_view text) {
    members += fmt::format("{}\"{}\":", members.empty() ? "" : ",", name);
    append_json_quoted(text, &members);
  };
  member("step", step.step);
  member("of", step.of);
  if (!step.by.empty()) member("by", step.by);
  if (!step.proposed_by.empty()) member("proposed_by", step.proposed_by);
  if (!step.reason.empty()) member("reason", step.reason);
  member("text", step.text);
  return append_line(members, wall_nanos, after_events);
}

absl::Status AuditLog::append_line(std::string_view members, int64_t wall_nanos, uint64_t after_events) {
  if (failed_) return absl::FailedPreconditionError("the audit log could not be written before");
  std::string line = fmt::format("{{\"seq\":{},\"wall\":\"{}\",\"after_events\":{},{}", records_ + 1,
                                 value::to_text(state::from_nanos(wall_nanos)), after_events, members);
  line += fmt::format("{}{}\"", kBeforePrevious, head_);
  const std::string hash = crypto::sha256_hex(line);
  line += fmt::format("{}{}{}\n", kBeforeHash, hash, kAfterHash);
  failed_ = true;
  for (size_t written = 0; written < line.size();) {
    const ssize_t n = write(fd_, line.data() + written, line.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write", path_);
    written += static_cast<size_t>(n);
  }
  if (fdatasync(fd_) != 0 && errno != EINVAL) return system_error("sync", path_);  // EINVAL: a pipe
  failed_ = false;
  head_ = hash;
  ++records_;
  return absl::OkStatus();
}

}  // namespace weir::io
