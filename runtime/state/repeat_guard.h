// What holds a rule back: `once per KEY every W` and `limit N per W`. Times are event times in nanoseconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "runtime/state/codec.h"
#include "runtime/state/key.h"
#include "runtime/state/key_table.h"
#include "runtime/state/shards.h"
#include "runtime/state/time.h"

namespace weir::state {

// Whether two times lie less than `length` apart. An event that came too early or with a wrong time holds back, or
// trips, nothing for ever.
inline bool within(int64_t a, int64_t b, int64_t length) {
  return saturating_sub(a, b) < length && saturating_sub(b, a) < length;
}

// Holds a rule back for a key until `every` has passed since it last fired for it. Several threads may use it once
// share() was called, each holding lock(key) from the question to the answer.
//
// `now` is the event's time or, if that is later, the horizon of its session (SessionView::now): what was fired `every`
// before the least of these is no longer asked for.
class OnceGuard {
 public:
  explicit OnceGuard(int64_t every) : every_(every), shards_(std::make_unique<Shard[]>(1)) {}

  [[nodiscard]] std::unique_lock<std::mutex> lock(const Key& key) { return lock_if(shared_, shard_for(key).mutex); }
  bool holds_back(const Key& key, int64_t now) const {
    const Fire* fire = shard_for(key).fires.peek(key);
    return fire != nullptr && within(fire->time, now, every_);
  }
  void fired(const Key& key, int64_t time, uint64_t clock, int64_t keep_from) {
    KeyTable<Fire>& fires = shard_for(key).fires;
    const CountedChange counted(bytes_, [&] { return fires.bytes(); });
    for (int i = 0; i < 2 && !fires.empty() && saturating_sub(keep_from, fires.oldest().state.time) >= every_; ++i) {
      fires.erase_oldest();
    }
    fires.find_or_add(key, clock).time = time;
  }
  // Of an event that came to nothing: what fired on it has not.
  void take_back(const Key& key, int64_t time) {
    const auto held = lock(key);
    KeyTable<Fire>& fires = shard_for(key).fires;
    const CountedChange counted(bytes_, [&] { return fires.bytes(); });
    const Fire* fire = fires.peek(key);
    if (fire != nullptr && fire->time == time) fires.erase(key);
  }

  void share() {
    if (shared_) return;
    auto shards = std::make_unique<Shard[]>(kShards);
    shards_[0].fires.for_each_entry([&](auto& entry) {
      shards[shard_of(entry.key)].fires.add_newest(entry.key, entry.touched, std::move(entry.state));
    });
    size_t bytes = 0;
    for (size_t i = 0; i < kShards; ++i) bytes += shards[i].fires.bytes();
    shards_ = std::move(shards);
    bytes_ = bytes;
    shared_ = true;
  }

  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

  // As FeatureStore's.
  void begin_copy() {
    copied_evicted_ = evicted();
    for (size_t i = 0; i < shards(); ++i) {
      const auto lock = lock_if(shared_, shards_[i].mutex);
      shards_[i].fires.begin_copy();
    }
  }
  void finish_copy(Writer& out) {
    copy_in_turns(
        shards_.get(), shards(), shared_, 1, [](Shard & shard) -> auto& { return shard.fires; });
    out.varint(shards());
    out.varint(copied_evicted_);
    for (size_t i = 0; i < shards(); ++i) {
      const auto lock = lock_if(shared_, shards_[i].mutex);
      shards_[i].fires.end_copy(out);
    }
  }
  bool load(Reader& in) {
    const size_t count = load_shard_count(in, shared_, [this] { share(); });
    if (count == 0) return false;
    evicted_ = in.varint();
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!shards_[i].fires.load(in)) return false;
      bytes += shards_[i].fires.bytes();
    }
    bytes_ = bytes;
    return in.ok();
  }
  size_t shards() const { return shared_ ? kShards : 1; }
  uint64_t oldest_touch(size_t i) const {
    const auto lock = lock_if(shared_, shards_[i].mutex);
    return shards_[i].fires.empty() ? UINT64_MAX : shards_[i].fires.oldest().touched;
  }
  size_t evict_oldest(size_t i) {
    KeyTable<Fire>& fires = shards_[i].fires;
    const auto lock = lock_if(shared_, shards_[i].mutex);
    if (fires.empty()) return 0;
    const size_t before = fires.bytes();
    fires.erase_oldest();
    evicted_.fetch_add(1, std::memory_order_relaxed);
    count(before, fires.bytes());
    return before - fires.bytes();
  }

 private:
  struct Fire {
    int64_t time = kNever;
    void save(Writer& out) const { out.zigzag(time); }
    bool load(Reader& in) { return time = in.zigzag(), in.ok(); }
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    KeyTable<Fire> fires;
  };
  Shard& shard_for(const Key& key) const { return shards_[shared_ ? shard_of(key) : 0]; }
  void count(size_t before, size_t after) { bytes_.fetch_add(after - before, std::memory_order_relaxed); }

  int64_t every_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<size_t> bytes_{0};
  std::atomic<uint64_t> evicted_{0};
  uint64_t copied_evicted_ = 0;  // as it was when a copy began
  bool shared_ = false;
};

// At most `count` fires in any (t - per, t]. The one after trips the rule, which stays tripped until `per` has passed.
// Thread-safe.
class LimitGuard {
 public:
  LimitGuard(int64_t count, int64_t per) : count_(count), per_(per) {}

  enum class Admission : uint8_t {
    kAdmitted,
    kTrips,    // one too many: the rule is tripped now
    kTripped,  // it was already
  };
  // Takes note of a fire.
  Admission admit(int64_t time) {
    const std::lock_guard lock(mutex_);
    if (is_tripped(time)) return Admission::kTripped;
    if (tripped_at_ != kNever) {
      tripped_at_ = kNever;
      fires_.clear();
    }
    while (!fires_.empty() && saturating_sub(time, fires_.front()) >= per_) fires_.pop_front();
    while (!fires_.empty() && saturating_sub(fires_.back(), time) >= per_) fires_.pop_back();
    if (static_cast<int64_t>(fires_.size()) >= count_) {
      tripped_at_ = time;
      return Admission::kTrips;
    }
    fires_.push_back(time);
    return Admission::kAdmitted;
  }
  // Of an event that came to nothing: undoes what admit() answered.
  void take_back(Admission admission, int64_t time) {
    const std::lock_guard lock(mutex_);
    if (admission == Admission::kAdmitted && !fires_.empty() && fires_.back() == time) fires_.pop_back();
    if (admission == Admission::kTrips && tripped_at_ == time) tripped_at_ = kNever;
  }
  struct Status {
    bool tripped = false;
    int64_t tripped_at = 0, until = 0;  // if tripped
    int64_t fires = 0, count = 0;       // within the window, and how many it takes
    int64_t per = 0;
  };
  Status status(int64_t time) const {
    const std::lock_guard lock(mutex_);
    Status s;
    s.count = count_;
    s.per = per_;
    s.tripped = is_tripped(time);
    if (s.tripped) {
      s.tripped_at = tripped_at_;
      s.until = saturating_add(tripped_at_, per_);
    } else if (tripped_at_ == kNever) {
      for (int64_t fire : fires_) s.fires += within(fire, time, per_);
    }
    return s;
  }
  bool tripped(int64_t time) const {
    const std::lock_guard lock(mutex_);
    return is_tripped(time);
  }
  // Since the beginning or a reset.
  bool ever_tripped() const {
    const std::lock_guard lock(mutex_);
    return tripped_at_ != kNever;
  }
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return tripped_at_ == kNever && fires_.empty();
  }
  void reset() {
    const std::lock_guard lock(mutex_);
    tripped_at_ = kNever;
    fires_.clear();
  }

  void save(Writer& out) const {
    const std::lock_guard lock(mutex_);
    out.zigzag(tripped_at_);
    out.varint(fires_.size());
    for (int64_t time : fires_) out.zigzag(time);
  }
  bool load(Reader& in) {
    const std::lock_guard lock(mutex_);
    tripped_at_ = in.zigzag();
    const size_t size = in.count(1);
    if (!in.allocates(size, sizeof(int64_t))) return false;
    for (size_t i = 0; i < size; ++i) fires_.push_back(in.zigzag());
    return in.ok();
  }

 private:
  bool is_tripped(int64_t time) const { return tripped_at_ != kNever && within(tripped_at_, time, per_); }

  mutable std::mutex mutex_;
  int64_t count_, per_;
  int64_t tripped_at_ = kNever;
  std::deque<int64_t> fires_;
};

}  // namespace weir::state
