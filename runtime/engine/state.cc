#include "runtime/engine/state.h"

#include <algorithm>
#include <tuple>

#include "runtime/state/time.h"

namespace weir::engine {
namespace {

size_t once_bytes(const std::vector<std::unique_ptr<state::OnceGuard>>& guards) {
  size_t n = 0;
  for (const auto& guard : guards) n += guard == nullptr ? 0 : guard->bytes();
  return n;
}

std::vector<int64_t> id_windows(const ir::Program& program, const StateOptions& options) {
  std::vector<int64_t> out(program.events.size(), 0);
  for (size_t e = 0; e < out.size() && e < options.events.size(); ++e) out[e] = options.events[e].duplicates_nanos;
  return out;
}

}  // namespace

State::State(std::shared_ptr<const ir::Program> program, const StateOptions& options)
    : program_(std::move(program)),
      options_(options),
      labels_(program_->labels, options.max_bytes / 2),
      ids_(id_windows(*program_, options), options.max_bytes / 16),
      lists_(*program_),
      snoozes_(program_->rules.size()),
      trips_(*program_, options.protections),
      warming_since_(program_->features.size(), state::kNever),
      newest_(program_->events.size(), kBeforeAll),
      clocks_(program_->events.size()) {
  for (const ir::Feature& feature : program_->features) features_.push_back(state::make_feature_store(feature));
  for (const ir::Rule& rule : program_->rules) {
    once_.push_back(rule.once_key == ir::kNoNode ? nullptr : std::make_unique<state::OnceGuard>(rule.once_nanos));
    limit_.push_back(rule.limit_count <= 0 ? nullptr
                                           : std::make_unique<state::LimitGuard>(rule.limit_count, rule.limit_nanos));
  }
}

// The first session's thread is between two events, as whoever makes a second one holds the first (or the state, with
// no session yet); once shared, sessions of other threads are held up by the pause.
Seat* State::take_seat() {
  auto seat = std::make_unique<Seat>(program_->events.size());
  Seat* const out = seat.get();
  {
    const Gate::Pause paused(gate_);
    const std::lock_guard seats(seats_mutex_);
    for (uint32_t e = 0; e < program_->events.size(); ++e) {
      // Alone it goes on where the last one stood; beside others, from what they have told.
      state::EventClock& clock = seat->clocks.emplace_back(clocks_[e]);
      if (!seats_.empty() && newest(e) != kBeforeAll) clock.resume(newest(e));
      clock.set_max_ahead(policy(e).max_ahead_nanos);
      seat->newest[e].store(clock.now(), std::memory_order_relaxed);
    }
    if (!seats_.empty() && !shared_) share();
    seats_.push_back(std::move(seat));
  }
  gate_.add(&out->pass);
  return out;
}

void State::share() {
  for (const auto& feature : features_) feature->share();
  labels_.share();
  ids_.share();
  for (const auto& guard : once_) {
    if (guard != nullptr) guard->share();
  }
  shared_ = true;
  count_parts();
}

void State::count_parts() {
  size_t bytes = 0;
  for (const auto& feature : features_) bytes += feature->bytes();
  feature_bytes_ = bytes;
  feature_eviction_.reset();
  once_eviction_.reset();
}

bool State::warming(uint32_t f) const {
  const int64_t since = warming_since_[f];
  if (since == state::kNever) return false;
  const ir::Feature& feature = program_->features[f];
  if (feature.window.kind != ir::WindowKind::kDuration) return true;
  return state::saturating_sub(newest(feature.event), feature.window.nanos) < since;
}

void State::leave_seat(Seat* seat) {
  gate_.remove(&seat->pass);
  const std::lock_guard seats(seats_mutex_);
  for (size_t e = 0; e < newest_.size(); ++e) {
    if (seat->clocks[e].now() >= newest_[e]) set_newest(e, seat->clocks[e]);
  }
  std::erase_if(seats_, [&](const auto& s) { return s.get() == seat; });
}

int64_t State::newest(uint32_t event) const {
  const std::lock_guard seats(seats_mutex_);
  int64_t newest = newest_[event];
  for (const auto& seat : seats_) newest = std::max(newest, seat->newest[event].load(std::memory_order_relaxed));
  return newest;
}

int64_t State::newest() const {
  int64_t newest = kBeforeAll;
  for (uint32_t e = 0; e < newest_.size(); ++e) newest = std::max(newest, this->newest(e));
  return newest;
}

// Seats are read by others than their sessions while these are not inside: paused, or held by whoever asks.
state::EventClock State::event_clock(uint32_t event) const {
  const std::lock_guard seats(seats_mutex_);
  const state::EventClock* newest = &clocks_[event];
  for (const auto& seat : seats_) {
    if (seat->clocks[event].now() >= newest->now()) newest = &seat->clocks[event];
  }
  return *newest;
}

int64_t State::slowest(uint32_t event) const {
  const std::lock_guard seats(seats_mutex_);
  int64_t slowest = INT64_MAX;
  for (const auto& seat : seats_) slowest = std::min(slowest, seat->newest[event].load(std::memory_order_relaxed));
  return slowest;
}

int64_t State::slowest() const {
  const std::lock_guard seats(seats_mutex_);
  int64_t slowest = INT64_MAX;
  for (const auto& seat : seats_) {
    int64_t newest = kBeforeAll;
    for (const auto& time : seat->newest) newest = std::max(newest, time.load(std::memory_order_relaxed));
    slowest = std::min(slowest, newest);
  }
  return slowest;
}

size_t State::bytes() const {
  return feature_bytes_.load(std::memory_order_relaxed) + labels_.bytes() + once_bytes(once_) + ids_.bytes();
}

template <typename Store>
size_t State::Eviction<Store>::evict_one(const std::vector<std::unique_ptr<Store>>& stores, uint64_t clock) {
  // Of equal clocks the first store's key goes first.
  const auto later = [](const Head& a, const Head& b) {
    return std::tie(a.bound, a.store, a.shard) > std::tie(b.bound, b.store, b.shard);
  };
  if (heap_.empty()) {
    for (uint32_t store = 0; store < stores.size(); ++store) {
      if (stores[store] == nullptr) continue;
      for (uint32_t shard = 0; shard < stores[store]->shards(); ++shard) heap_.push_back({0, store, shard});
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
  }
  for (size_t tries = 2 * heap_.size(); tries > 0; --tries) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Head& head = heap_.back();
    Store& store = *stores[head.store];
    const uint64_t oldest = store.oldest_touch(head.shard);
    // A key that an empty store is yet to get is touched later than now.
    const size_t freed = oldest == head.bound ? store.evict_oldest(head.shard) : 0;
    head.bound = freed > 0 ? head.bound : std::min(oldest, clock);
    std::push_heap(heap_.begin(), heap_.end(), later);
    if (freed > 0) return freed;
  }
  return 0;
}

void State::keep_budget() {
  // What is not counted (tables that grow, chunks in part, malloc's own) has its share.
  const size_t limit = options_.max_bytes - options_.max_bytes / 16;
  if (bytes() <= limit) return;
  std::unique_lock lock(eviction_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) {  // another session is at it, and must not be outrun
    if (bytes() <= options_.max_bytes) return;
    lock.lock();
  }
  const uint64_t now = clock();
  while (bytes() > limit) {
    if (once_bytes(once_) > options_.max_bytes / 4 && once_eviction_.evict_one(once_, now) > 0) continue;
    const size_t freed = feature_eviction_.evict_one(features_, now);
    if (freed == 0) return;
    grow_features(-static_cast<ptrdiff_t>(freed));
  }
}

}  // namespace weir::engine
