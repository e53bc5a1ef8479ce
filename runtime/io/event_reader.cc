#include "runtime/io/event_reader.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/io/json_decoder.h"

namespace weir::io {
namespace {

struct Decoded {
  uint32_t event = 0;
  size_t slice = 0, row = 0, extras = 0;
  int reject = -1;
};

struct Batch {
  RawBatch raw;
  value::Arena arena{size_t{1} << 30};
  std::vector<value::Value> slots;
  std::vector<Decoded> records;
  std::vector<Reject> rejects;
  bool decoded = false;  // guarded by the pipeline's mutex
};

// A decoder's reusable state: one a thread.
class BatchDecoder {
 public:
  explicit BatchDecoder(const DecodePlan& plan) : json_(plan), csv_(plan) {}

  void decode(Batch* batch) {
    batch->arena.reset();
    batch->slots.clear();
    batch->records.clear();
    batch->rejects.clear();
    Reject reject;
    for (size_t i = 0; i < batch->raw.slices.size(); ++i) {
      const Slice& slice = batch->raw.slices[i];
      RowTarget target;
      target.arena = &batch->arena;
      target.slots = &batch->slots;
      target.file = *batch->raw.file;
      target.line = slice.line;
      std::string_view text(batch->raw.text.data() + slice.begin, slice.end - slice.begin);
      size_t slots_before = batch->slots.size();
      bool ok = false;
      if (slice.rejected) {
        reject.cause = slice.cause;
        reject.field.clear();
        reject.message = slice.message;
      } else {
        ok = batch->raw.csv ? csv_.decode(text, *batch->raw.csv, &target, &reject)
                            : json_.decode(text, &target, &reject);
      }
      Decoded d;
      d.slice = i;
      d.event = target.event;
      d.row = target.row;
      d.extras = target.extras;
      if (!ok) {
        batch->slots.resize(slots_before);
        reject.file = *batch->raw.file;
        reject.line = slice.line;
        d.reject = static_cast<int>(batch->rejects.size());
        batch->rejects.push_back(reject);
      }
      batch->records.push_back(d);
    }
  }

 private:
  JsonDecoder json_;
  CsvDecoder csv_;
};

}  // namespace

struct EventReader::Impl {
  Impl(std::vector<std::string> paths, DecodePlan p, const ReaderOptions& o)
      : plan(std::move(p)), options(o), splitter(std::move(paths), plan, o.split) {
    inline_decoder.emplace(plan);
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    for (auto& t : threads) t.join();
  }

  void start() {
    unsigned decoders = options.threads < 2 ? 0 : std::min(options.threads - 1, 64u);
    size_t pool = decoders == 0 ? 1 : decoders * 2 + 2;
    for (size_t i = 0; i < pool; ++i) {
      batches.push_back(std::make_unique<Batch>());
      free.push_back(batches.back().get());
    }
    if (decoders == 0) return;
    threads.emplace_back([this] { read_ahead(); });
    for (unsigned i = 0; i < decoders; ++i) threads.emplace_back([this] { decode_ahead(); });
  }

  void read_ahead() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stopping || !free.empty(); });
      if (stopping) return;
      Batch* batch = free.front();
      free.pop_front();
      lock.unlock();
      bool more = splitter.next(&batch->raw);
      bool broken = more && !batch->raw.status.ok();
      lock.lock();
      if (more) {
        batch->decoded = false;
        in_order.push_back(batch);
        to_decode.push_back(batch);
      }
      if (!more || broken) {
        input_ended = true;
        changed.notify_all();
        return;
      }
      changed.notify_all();
    }
  }

  void decode_ahead() {
    BatchDecoder decoder(plan);
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stopping || !to_decode.empty() || input_ended; });
      if (stopping || to_decode.empty()) return;
      Batch* batch = to_decode.front();
      to_decode.pop_front();
      lock.unlock();
      decoder.decode(batch);
      lock.lock();
      batch->decoded = true;
      changed.notify_all();
    }
  }

  // The next batch in order, or null.
  Batch* fetch() {
    if (threads.empty()) {
      Batch* batch = batches.front().get();
      if (input_ended || !splitter.next(&batch->raw)) {
        input_ended = true;
        return nullptr;
      }
      inline_decoder->decode(batch);
      if (!batch->raw.status.ok()) input_ended = true;
      return batch;
    }
    std::unique_lock lock(mutex);
    if (current != nullptr) {
      free.push_back(current);
      changed.notify_all();
    }
    changed.wait(lock, [&] { return in_order.empty() ? input_ended : in_order.front()->decoded; });
    if (in_order.empty()) return nullptr;
    Batch* batch = in_order.front();
    in_order.pop_front();
    return batch;
  }

  bool next(Record* record) {
    while (status.ok()) {
      if (current == nullptr || at == current->records.size()) {
        if (current != nullptr && !current->raw.status.ok()) {
          status = current->raw.status;
          break;
        }
        current = fetch();
        at = 0;
        if (current == nullptr) return false;
        raw_position = current->raw.raw_position;
        continue;
      }
      const Decoded& d = current->records[at++];
      const Slice& slice = current->raw.slices[d.slice];
      std::string_view text(current->raw.text.data() + slice.begin, slice.end - slice.begin);
      if (d.reject >= 0) {
        const Reject& reject = current->rejects[static_cast<size_t>(d.reject)];
        rejects.add(reject, text, slice.rejected ? slice.bytes : text.size());
        if (options.strict) {
          std::string message = to_string(reject);
          status = absl::InvalidArgumentError(absl::string_view(message));
        }
        continue;
      }
      record->event = d.event;
      record->row = current->slots.data() + d.row;
      record->extras = current->slots.data() + d.extras;
      record->file = *current->raw.file;
      record->line = slice.line;
      record->text = text;
      return true;
    }
    return false;
  }

  // Those that follow in the same batch, up to one that is rejected.
  bool next(std::vector<Record>* records, size_t most) {
    records->resize(1);
    if (!next(&records->front())) {
      records->clear();
      return false;
    }
    while (records->size() < most && at < current->records.size() && current->records[at].reject < 0) {
      records->emplace_back();
      next(&records->back());
    }
    return true;
  }

  absl::Status set_plan(DecodePlan next) {
    if (!threads.empty()) return absl::FailedPreconditionError("several threads decode ahead");
    if (current != nullptr && current->raw.csv != nullptr)
      return absl::FailedPreconditionError("the header of a CSV file is read once");
    plan = std::move(next);
    inline_decoder.emplace(plan);
    if (current == nullptr) return absl::OkStatus();
    inline_decoder->decode(current);
    --at;
    return absl::OkStatus();
  }

  bool buffered() {
    if (current != nullptr && at < current->records.size()) return true;
    if (threads.empty()) return false;
    std::lock_guard lock(mutex);
    return !in_order.empty() && in_order.front()->decoded;
  }

  DecodePlan plan;
  ReaderOptions options;
  RecordSplitter splitter;
  std::optional<BatchDecoder> inline_decoder;
  RejectLog rejects;
  absl::Status status;
  Batch* current = nullptr;
  size_t at = 0;
  uint64_t raw_position = 0;

  std::vector<std::unique_ptr<Batch>> batches;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Batch*> free, to_decode, in_order;
  bool input_ended = false, stopping = false;
  std::vector<std::thread> threads;
};

EventReader::EventReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventReader::~EventReader() = default;

absl::StatusOr<std::unique_ptr<EventReader>> EventReader::open(std::vector<std::string> paths, DecodePlan plan,
                                                               const ReaderOptions& options) {
  // A typing mistake in the last of ten files should not show after an hour.
  for (const std::string& path : paths) {
    if (path == "-" || access(path.c_str(), R_OK) == 0) continue;
    std::string text = fmt::format("cannot open {}: {}", path, strerror(errno));
    return absl::NotFoundError(absl::string_view(text));
  }
  auto impl = std::make_unique<Impl>(std::move(paths), std::move(plan), options);
  if (!options.dead_letter.empty())
    if (absl::Status s = impl->rejects.open_dead_letter(options.dead_letter); !s.ok()) return s;
  impl->start();
  return std::unique_ptr<EventReader>(new EventReader(std::move(impl)));
}

bool EventReader::next(Record* record) { return impl_->next(record); }
bool EventReader::next(std::vector<Record>* records, size_t most) { return impl_->next(records, most); }
absl::Status EventReader::set_plan(DecodePlan plan) { return impl_->set_plan(std::move(plan)); }
absl::Status EventReader::status() const { return impl_->status; }
bool EventReader::buffered() const { return impl_->buffered(); }
const RejectLog& EventReader::rejects() const { return impl_->rejects; }
absl::Status EventReader::finish() { return impl_->rejects.flush(); }
uint64_t EventReader::raw_position() const { return impl_->raw_position; }
uint64_t EventReader::raw_size() const { return impl_->splitter.raw_size(); }

}  // namespace weir::io
