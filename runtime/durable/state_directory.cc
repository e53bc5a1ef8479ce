#include "runtime/durable/state_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <new>
#include <utility>

#include "runtime/engine/apply_change.h"
#include "runtime/engine/state_copy.h"

namespace weir::durable {
namespace {

constexpr std::string_view kSnapshotPrefix = "snapshot-", kSegmentPrefix = "log-", kSuffix = ".weir",
                           kTemporary = ".weir.tmp";

// The number in a file's name, if it is one of ours.
bool number_in(std::string_view name, std::string_view prefix, uint64_t* number) {
  if (name.size() <= prefix.size() + kSuffix.size() || name.substr(0, prefix.size()) != prefix) return false;
  if (name.substr(name.size() - kSuffix.size()) != kSuffix) return false;
  const char* end = name.data() + name.size() - kSuffix.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, *number);
  return error == std::errc() && stop == end;
}

// "`path`: what is wrong", with the code it had.
absl::Status of_file(const absl::Status& status, const std::string& path) {
  const std::string text = fmt::format("`{}`: {}", path, std::string(status.message()));
  return absl::Status(status.code(), text);
}

}  // namespace

StateDirectory::StateDirectory(std::string path, const DirectoryOptions& options, File lock)
    : path_(std::move(path)), options_(options), lock_(std::move(lock)), log_(options.sync) {}

StateDirectory::~StateDirectory() {
  if (writer_.joinable()) writer_.join();
}

absl::StatusOr<std::unique_ptr<StateDirectory>> StateDirectory::open(std::string path,
                                                                     const DirectoryOptions& options) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (absl::Status status = make_directory(path); !status.ok()) return status;
  const std::string lock_path = path + "/lock";
  File lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.is_open()) return system_error("create", lock_path);
  if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
    return absl::AbortedError(fmt::format("`{}` is in use by another process", path));
  }
  return std::unique_ptr<StateDirectory>(new StateDirectory(std::move(path), options, std::move(lock)));
}

absl::StatusOr<StateDirectory::Names> StateDirectory::names() const {
  absl::StatusOr<std::vector<std::string>> files = list_directory(path_);
  if (!files.ok()) return files.status();
  Names out;
  for (const std::string& name : *files) {
    uint64_t number = 0;
    if (number_in(name, kSnapshotPrefix, &number)) out.snapshots.push_back(number);
    if (number_in(name, kSegmentPrefix, &number)) out.segments.push_back(number);
    if (name.size() > kTemporary.size() && name.ends_with(kTemporary)) out.unfinished.push_back(path_ + "/" + name);
  }
  std::sort(out.snapshots.begin(), out.snapshots.end());
  std::sort(out.segments.begin(), out.segments.end());
  return out;
}

std::string StateDirectory::snapshot_path(uint64_t sequence) const {
  return fmt::format("{}/{}{:020}{}", path_, kSnapshotPrefix, sequence, kSuffix);
}

std::string StateDirectory::segment_path(uint64_t first) const {
  return fmt::format("{}/{}{:020}{}", path_, kSegmentPrefix, first, kSuffix);
}

absl::StatusOr<std::shared_ptr<engine::State>> StateDirectory::recover(std::shared_ptr<const engine::Rules> rules,
                                                                       const engine::SessionOptions& options,
                                                                       Recovery* recovery) {
  *recovery = Recovery();
  rules_ = std::move(rules);
  segment_begun_ = false;
  absl::StatusOr<Names> found = names();
  if (!found.ok()) return found.status();

  std::shared_ptr<engine::State> state;
  std::vector<std::string> broken;
  for (auto it = found->snapshots.rbegin(); it != found->snapshots.rend() && state == nullptr; ++it) {
    const std::string path = snapshot_path(*it);
    const absl::StatusOr<Snapshot> snapshot = read_snapshot(path);
    if (!snapshot.ok()) {
      recovery->warnings.emplace_back(snapshot.status().message());
      if (snapshot.status().code() == absl::StatusCode::kDataLoss) broken.push_back(path);
      continue;
    }
    auto restored = engine::restore_state(rules_->program_ptr(), engine::state_options(options), snapshot->sections,
                                          &recovery->restored);
    if (!restored.ok()) {
      recovery->warnings.push_back(
          fmt::format("cannot use snapshot `{}`: {}", path, std::string(restored.status().message())));
      broken.push_back(path);
      continue;
    }
    state = *std::move(restored);
    recovery->snapshot = path;
    recovery->snapshot_sequence = recovery->sequence = snapshot->header.sequence;
    generation_ = snapshot->header.generation;
  }
  if (state == nullptr && !found->snapshots.empty() && (found->segments.empty() || found->segments.front() > 1)) {
    // Nothing to start from: to go on as if nothing had been would be to lose everything without a word.
    return data_loss(
        fmt::format("none of the snapshots in `{}` can be used; the last one: {}", path_, recovery->warnings.front()));
  }
  if (state == nullptr) {
    state = std::make_shared<engine::State>(rules_->program_ptr(), engine::state_options(options));
  }
  absl::Status status;
  {
    engine::Session session(rules_, state, options);
    status = replay(found->segments, session, recovery);
  }
  next_ = recovery->sequence + 1;
  if (!status.ok()) return status;
  if (read_only_) return state;
  // Out of the way of those that count as kept, but there for whoever wants to know.
  for (const std::string& path : broken) {
    if (std::rename(path.c_str(), (path + ".broken").c_str()) != 0) return system_error("rename", path);
  }
  return state;
}

absl::StatusOr<std::shared_ptr<engine::State>> StateDirectory::inspect(
    const std::string& path, const std::shared_ptr<const engine::Rules>& rules, const engine::SessionOptions& options,
    Recovery* recovery) {
  DirectoryOptions how;
  how.sync.sync = Sync::kSystem;
  // Files that were listed may be gone when they are read: whoever uses the directory has taken a snapshot.
  constexpr int kTries = 3;
  absl::StatusOr<std::shared_ptr<engine::State>> state = absl::InternalError("");
  for (int i = 0; i < kTries; ++i) {
    StateDirectory directory(path, how, File());
    directory.read_only_ = true;
    state = directory.recover(rules, options, recovery);
    if (state.ok() && recovery->warnings.empty()) break;
  }
  return state;
}

// Inputs after recovery->sequence, which goes up with each.
absl::Status StateDirectory::replay(const std::vector<uint64_t>& segments, engine::Session& session,
                                    Recovery* recovery) {
  value::Arena arena;
  std::vector<value::Value> row;
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool last = i + 1 == segments.size();
    if (!last && segments[i + 1] <= recovery->sequence + 1) continue;  // all of it is in the snapshot
    const std::string path = segment_path(segments[i]);
    absl::StatusOr<std::string> bytes = read_file(path);
    if (!bytes.ok()) return bytes.status();
    const absl::StatusOr<LogSegment> segment = parse_segment(*bytes);
    if (segment.status().code() == absl::StatusCode::kNotFound && last) {  // a crash while it was created
      recovery->cut_bytes += bytes->size();
      if (read_only_) break;
      if (absl::Status status = remove_file(path); !status.ok()) return status;
      break;
    }
    if (!segment.ok()) return of_file(segment.status(), path);
    if (!segment->whole) {
      if (!last) return of_file(data_loss("it ends in a record that is cut off, and another log follows it"), path);
      recovery->cut_bytes += bytes->size() - segment->valid;
      absl::Status cut = read_only_ ? absl::OkStatus() : truncate_file(path, segment->valid);
      if (!cut.ok()) return cut;
    }
    if (segment->first > recovery->sequence + 1) {
      return of_file(
          data_loss(fmt::format("inputs {} to {} are missing before it", recovery->sequence + 1, segment->first - 1)),
          path);
    }
    absl::StatusOr<EventDecoder> decoder = EventDecoder::create(segment->schema, rules_->program());
    if (!decoder.ok()) return of_file(decoder.status(), path);
    for (const LogRecord& record : segment->records) {
      if (record.sequence <= recovery->sequence) continue;
      if (record.kind == RecordKind::kChange) {
        const auto change = engine::change_from_bytes(record.payload);
        if (!change.ok()) return of_file(data_loss("a change is damaged"), path);
        if (!engine::apply(*session.state(), *change).ok()) ++recovery->refused;
        recovery->last_changes.push_back(*change);
      } else if (record.kind == RecordKind::kEvent) {
        uint32_t event = 0;
        recovery->last_changes.clear();
        arena.reset();
        const absl::Status status = decoder->decode(record.payload, arena, &event, &row);
        if (status.code() == absl::StatusCode::kFailedPrecondition) {
          ++recovery->refused;
        } else if (!status.ok()) {
          return of_file(status, path);
        } else {
          session.evaluate(event, row.data());
        }
      } else {
        return of_file(data_loss("an input is of no known kind"), path);
      }
      recovery->sequence = record.sequence;
      ++recovery->replayed;
    }
  }
  return absl::OkStatus();
}

absl::Status StateDirectory::begin_segment() {
  absl::Status status = log_.begin(segment_path(next_), next_, event_schema(rules_->program()));
  segment_begun_ = status.ok();
  return status;
}

absl::Status StateDirectory::append_event(uint32_t event, const value::Value* row) {
  if (options_.log) {
    if (!segment_begun_) {
      if (absl::Status status = begin_segment(); !status.ok()) return status;
    }
    record_.clear();
    durable::append_event(rules_->program(), event, row, &record_);
    if (absl::Status status = log_.append(RecordKind::kEvent, record_); !status.ok()) return status;
  }
  ++next_;
  return absl::OkStatus();
}

absl::Status StateDirectory::append_change(const engine::StateChange& change) {
  if (options_.log) {
    if (!segment_begun_) {
      if (absl::Status status = begin_segment(); !status.ok()) return status;
    }
    if (absl::Status status = log_.append(RecordKind::kChange, engine::to_bytes(change)); !status.ok()) return status;
  }
  ++next_;
  return absl::OkStatus();
}

absl::Status StateDirectory::commit() { return options_.log && segment_begun_ ? log_.commit() : absl::OkStatus(); }

absl::Status StateDirectory::set_rules(std::shared_ptr<const engine::Rules> rules, uint64_t generation) {
  if (absl::Status status = commit(); !status.ok()) return status;
  rules_ = std::move(rules);
  generation_ = generation;
  segment_begun_ = false;
  return absl::OkStatus();
}

absl::Status StateDirectory::snapshot(std::shared_ptr<engine::State> state) {
  if (absl::Status status = wait(); !status.ok()) return status;
  if (absl::Status status = commit(); !status.ok()) return status;
  auto copy = std::make_unique<engine::StateCopy>(std::move(state));
  segment_begun_ = false;
  writer_ =
      std::thread([this, copy = std::move(copy), sequence = sequence(), generation = generation_, rules = rules_] {
        try {
          Snapshot snapshot;
          snapshot.header = {sequence, generation, engine::rules_identity(rules->program())};
          snapshot.sections = copy->finish();
          written_ = write_snapshot(snapshot_path(sequence), snapshot);
          if (written_.ok()) written_ = prune();
        } catch (const std::bad_alloc&) {                                     // a thread's exception would end the host
          written_ = absl::Status(absl::StatusCode::kResourceExhausted, "");  // without a text it takes no memory
        }
      });
  return absl::OkStatus();
}

absl::Status StateDirectory::wait() {
  if (!writer_.joinable()) return absl::OkStatus();
  writer_.join();
  absl::Status written = std::exchange(written_, absl::OkStatus());
  return absl::IsResourceExhausted(written) ? absl::ResourceExhaustedError("no memory for a snapshot") : written;
}

// What no recovery needs: snapshots before the last few, and the log before the oldest of those.
absl::Status StateDirectory::prune() const {
  const absl::StatusOr<Names> found = names();
  if (!found.ok()) return found.status();
  for (const std::string& path : found->unfinished) {
    if (absl::Status status = remove_file(path); !status.ok()) return status;
  }
  const size_t keep = std::max<size_t>(1, options_.keep_snapshots);
  if (found->snapshots.size() < keep) return absl::OkStatus();
  const size_t first_kept = found->snapshots.size() - keep;
  for (size_t i = 0; i < first_kept; ++i) {
    if (absl::Status status = remove_file(snapshot_path(found->snapshots[i])); !status.ok()) return status;
  }
  for (size_t i = 0; i + 1 < found->segments.size(); ++i) {
    if (found->segments[i + 1] > found->snapshots[first_kept] + 1) break;
    if (absl::Status status = remove_file(segment_path(found->segments[i])); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace weir::durable
