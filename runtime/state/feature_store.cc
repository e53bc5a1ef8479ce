#include "runtime/state/feature_store.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

#include "runtime/state/cells.h"
#include "runtime/state/distinct_window.h"
#include "runtime/state/key_table.h"
#include "runtime/state/shards.h"
#include "runtime/state/time.h"
#include "runtime/state/window_state.h"

namespace weir::state {
namespace {

using value::Value;

// The kind that every value of an aggregation that keeps values must be of, because readers do not look: kMissing if
// they do.
value::Kind exact_kind(const ir::Feature& feature) {
  switch (feature.aggregation) {
    case ir::Aggregation::kMin:
    case ir::Aggregation::kMax:
    case ir::Aggregation::kLast:
    case ir::Aggregation::kFirst:
      break;
    default:
      return value::Kind::kMissing;
  }
  switch (feature.value_kind) {
    case types::Kind::kBool:
      return value::Kind::kBool;
    case types::Kind::kInt:
      return value::Kind::kInt;
    case types::Kind::kUint:
      return value::Kind::kUint;
    case types::Kind::kDouble:
      return value::Kind::kDouble;
    case types::Kind::kString:
      return value::Kind::kString;
    default:
      return value::Kind::kMissing;
  }
}

// What the kinds of window share: the shards, their bytes, and the freeing of keys that no event can read any more.
template <typename State>
class TableStore : public FeatureStore {
 public:
  explicit TableStore(const ir::Feature& feature) : feature_(feature), shards_(std::make_unique<Shard[]>(1)) {}

  size_t keys() const final {
    return sum([](const Shard& s) { return s.table.size(); });
  }
  size_t bytes() const final {
    return sum([](const Shard& s) { return s.bytes(); });
  }
  FeatureCounters counters() const final {
    FeatureCounters total;
    total.errors = errors_.load(std::memory_order_relaxed);
    sum([&](const Shard& s) {
      total.added += s.counters.added;
      total.late += s.counters.late;
      total.errors += s.counters.errors;
      total.evicted += s.counters.evicted;
      return 0;
    });
    return total;
  }

  size_t shards() const final { return count_; }
  uint64_t oldest_touch(size_t i) const final {
    const Shard& shard = shards_[i];
    const auto lock = lock_if(shared_, shard.mutex);
    return shard.table.empty() ? UINT64_MAX : shard.table.oldest().touched;
  }
  size_t evict_oldest(size_t i) final {
    Shard& shard = shards_[i];
    const auto lock = lock_if(shared_, shard.mutex);
    if (shard.table.empty()) return 0;
    const size_t before = shard.bytes();
    ++shard.counters.evicted;
    shard.drop_oldest();
    return before - shard.bytes();
  }

  void share() final {
    if (shared_) return;
    auto shards = std::make_unique<Shard[]>(kShards);
    Shard& all = shards_[0];
    shards[0].counters = all.counters;
    all.table.for_each_entry([&](auto& entry) {
      Shard& shard = shards[shard_of(entry.key)];
      shard.heap += static_cast<ptrdiff_t>(entry.state.heap_bytes());
      shard.table.add_newest(entry.key, entry.touched, std::move(entry.state));
    });
    shards_ = std::move(shards);
    count_ = kShards;
    shared_ = true;
  }

  bool reaches_back(const Key& key, const Access& access, int64_t since) const final {
    const ir::Window& window = feature_.window;
    if (window.kind == ir::WindowKind::kDuration) return saturating_sub(access.time, window.nanos) >= since;
    if (window.kind == ir::WindowKind::kAll) return false;
    const Shard& shard = shard_for(key);
    const auto lock = lock_if(shared_, shard.mutex);
    const State* state = shard.table.peek(key);
    if constexpr (requires { state->count(); }) {  // `last N`
      return state != nullptr && state->count() >= static_cast<size_t>(std::max<int64_t>(1, window.count));
    } else if constexpr (requires {
                           state->first;
                         }) {  // a session: of a run that began too early, the beginning is lost
      const bool apart = state == nullptr || saturating_sub(access.time, state->last) > window.nanos;
      return saturating_sub(apart ? access.time : state->first, window.nanos) >= since;
    }
    return false;
  }

  void visit(Access access, const FeatureStore::Visitor& f) final {
    for (size_t i = 0; i < count_; ++i) {
      shards_[i].table.for_each([&](const Key& key, const State& state) { show(key, state, access, f); });
    }
  }
  void visit_one(const Key& key, Access access, const FeatureStore::Visitor& f) final {
    if (const State* state = shard_for(key).table.peek(key)) show(key, *state, access, f);
  }

  void begin_copy() final {
    copied_errors_ = errors_.load(std::memory_order_relaxed);
    for (size_t i = 0; i < count_; ++i) {
      Shard& shard = shards_[i];
      const auto lock = lock_if(shared_, shard.mutex);
      shard.copied = shard.counters;
      shard.table.begin_copy();
    }
  }
  void finish_copy(Writer& out) final {
    copy_in_turns(
        shards_.get(), count_, shared_, 1, [](Shard & shard) -> auto& { return shard.table; });
    out.varint(count_);
    out.varint(copied_errors_);
    for (size_t i = 0; i < count_; ++i) {
      Shard& shard = shards_[i];
      for (const uint64_t n : {shard.copied.added, shard.copied.late, shard.copied.errors, shard.copied.evicted}) {
        out.varint(n);
      }
      const auto lock = lock_if(shared_, shard.mutex);
      shard.table.end_copy(out);
    }
  }

  bool load(Reader& in) final {
    if (load_shard_count(in, shared_, [this] { share(); }) == 0) return false;
    in.expect(exact_kind(feature_));
    errors_ = in.varint();
    for (size_t i = 0; i < count_; ++i) {
      Shard& shard = shards_[i];
      FeatureCounters& c = shard.counters;
      for (uint64_t* n : {&c.added, &c.late, &c.errors, &c.evicted}) *n = in.varint();
      if (!shard.table.load(in)) return false;
      bool at_home = true;
      shard.table.for_each([&](const Key& key, const State& state) {
        at_home = at_home && (count_ == 1 || shard_of(key) == i);
        shard.heap += static_cast<ptrdiff_t>(state.heap_bytes());
      });
      if (!at_home) return in.fail("a key is in another key's shard");
    }
    return in.ok();
  }

 protected:
  // Those of them that a read as `access` says may still count.
  virtual void parts_of(const State& state, const Access& access, value::Arena& arena,
                        std::vector<Part>* out) const = 0;
  void show(const Key& key, const State& state, Access access, const FeatureStore::Visitor& f) {
    access.looks_on = true;
    value::Arena arena;
    std::vector<Part> parts;
    parts_of(state, access, arena, &parts);
    if (!parts.empty()) f(key, this->read(key, access, arena), parts);
  }

  struct alignas(64) Shard {
    size_t bytes() const { return table.bytes() + static_cast<size_t>(heap); }
    void drop_oldest() {
      heap -= static_cast<ptrdiff_t>(table.oldest().state.heap_bytes());
      table.erase_oldest();
    }
    // After what was added has got halfway.
    void recount() {
      heap = 0;
      table.for_each([&](const Key&, const State& state) { heap += static_cast<ptrdiff_t>(state.heap_bytes()); });
    }
    // Two a call, so that idle keys go faster than new ones come.
    void free_idle(int64_t first_kept) {
      for (int i = 0; i < 2 && !table.empty() && table.oldest().state.newest() < first_kept; ++i) drop_oldest();
    }

    // What every update writes is in one line: two threads that take turns at a shard pass it back and forth.
    mutable std::mutex mutex;
    ptrdiff_t heap = 0;
    FeatureCounters counters;
    FeatureCounters copied;  // as they were when a copy began
    KeyTable<State> table;
  };

  template <typename F>
  Added add_to(const Key& key, Access& access, F f) {
    Shard& shard = shard_for(key);
    const auto lock = lock_if(shared_, shard.mutex);
    const size_t before = shard.bytes();
    Added added;
    try {
      added = f(shard);
    } catch (const std::bad_alloc&) {
      shard.recount();
      access.grown += static_cast<ptrdiff_t>(shard.bytes() - before);
      throw;
    }
    access.grown += static_cast<ptrdiff_t>(shard.bytes() - before);
    ++(added == Added::kAdded  ? shard.counters.added
       : added == Added::kLate ? shard.counters.late
                               : shard.counters.errors);
    return added;
  }

  // f(state, heap) reads the key's state, and may make *heap bytes of what speeds up the next read unless heap is null.
  template <typename F>
  Value read_from(const Key& key, Access& access, value::Arena& arena, F f) {
    Shard& shard = shard_for(key);
    const auto lock = lock_if(shared_, shard.mutex);
    const State* state = access.looks_on ? shard.table.peek(key) : shard.table.find(key, access.clock);
    if (state == nullptr) return unseen(feature_);
    ptrdiff_t heap = 0;
    const Value v = f(*state, access.looks_on ? nullptr : &heap);
    shard.heap += heap;
    access.grown += heap;
    return shared_ ? copy_to(arena, v) : v;  // before another thread changes what it borrows from
  }

  const ir::Feature feature_;

 private:
  Shard& shard_for(const Key& key) const { return shards_[count_ == 1 ? 0 : shard_of(key)]; }
  template <typename F>
  size_t sum(F f) const {
    size_t n = 0;
    for (size_t i = 0; i < count_; ++i) {
      const auto lock = lock_if(shared_, shards_[i].mutex);
      n += static_cast<size_t>(f(shards_[i]));
    }
    return n;
  }

  std::unique_ptr<Shard[]> shards_;
  size_t count_ = 1;
  uint64_t copied_errors_ = 0;
};

// A window's panes: which one a time is in, and which ones count.
struct Panes {
  explicit Panes(const ir::Window& window)
      : nanos(std::max<int64_t>(1, window.pane_nanos)), count(std::max<int64_t>(1, window.nanos / nanos)) {}
  int64_t of(int64_t time) const { return floor_div(time, nanos); }
  int64_t first_kept(int64_t horizon) const { return saturating_sub(of(horizon), count - 1); }
  int64_t first_read(int64_t time, int64_t horizon) const {
    return std::max(of(time) - count + 1, first_kept(horizon));
  }

  bool counts(int64_t pane, const Access& access) const {
    return pane >= first_read(access.time, access.horizon) && pane <= of(access.time);
  }
  Part part(int64_t pane, const Value& v) const { return {pane * nanos, (pane + 1) * nanos, v}; }

  int64_t nanos;  // of one
  int64_t count;
};

template <typename C>
class PaneStore final : public TableStore<PaneState<C>> {
 public:
  explicit PaneStore(const ir::Feature& feature) : TableStore<PaneState<C>>(feature), panes_(feature.window) {}

  Added add(const Key& key, const Value& v, Access& access) override {
    return this->add_to(key, access, [&](auto& shard) {
      const int64_t pane = panes_.of(access.time);
      if (pane < panes_.first_kept(access.horizon)) return Added::kLate;
      typename C::Item item{};
      if (!C::convert(this->feature_, v, &item)) return Added::kRefused;
      const int64_t first_kept = panes_.first_kept(access.keep_from);
      shard.free_idle(first_kept);
      shard.heap += shard.table.find_or_add(key, access.clock).add(pane, first_kept, item, access.time);
      return Added::kAdded;
    });
  }

  Value read(const Key& key, Access& access, value::Arena& arena) override {
    return this->read_from(key, access, arena, [&](const PaneState<C>& state, ptrdiff_t*) {
      const int64_t first = panes_.first_read(access.time, access.horizon), last = panes_.of(access.time);
      const C* only = nullptr;
      bool merged = false;
      C all;
      state.visit(first, last, [&](const C& cell) {
        if (only == nullptr) {
          only = &cell;
          return;
        }
        if (!merged) {
          all.merge(*only);
          merged = true;
        }
        all.merge(cell);
      });
      if (only == nullptr) return unseen(this->feature_);
      if (!merged) return only->result(this->feature_, arena);
      return copy_to(arena, all.result(this->feature_, arena));
    });
  }

 protected:
  void parts_of(const PaneState<C>& state, const Access& access, value::Arena& arena,
                std::vector<Part>* out) const override {
    state.for_each([&](int64_t pane, const C& cell) {
      if (panes_.counts(pane, access)) out->push_back(panes_.part(pane, cell.result(this->feature_, arena)));
    });
  }

 private:
  const Panes panes_;
};

class DistinctPaneStore final : public TableStore<DistinctPaneState> {
 public:
  explicit DistinctPaneStore(const ir::Feature& feature) : TableStore(feature), panes_(feature.window) {}

  Added add(const Key& key, const Value& v, Access& access) override {
    return add_to(key, access, [&](Shard& shard) {
      const int64_t pane = panes_.of(access.time);
      if (pane < panes_.first_kept(access.horizon)) return Added::kLate;
      const int64_t first_kept = panes_.first_kept(access.keep_from);
      shard.free_idle(first_kept);
      shard.heap += shard.table.find_or_add(key, access.clock).add(pane, first_kept, hash_of(v), access.time);
      return Added::kAdded;
    });
  }

  Value read(const Key& key, Access& access, value::Arena& arena) override {
    return read_from(key, access, arena, [&](const DistinctPaneState& state, ptrdiff_t* heap) {
      const int64_t count = state.count(panes_.first_read(access.time, access.horizon), panes_.of(access.time), heap);
      return count < 0 ? unseen(feature_) : Value::integer(count);
    });
  }

 protected:
  void parts_of(const DistinctPaneState& state, const Access& access, value::Arena&,
                std::vector<Part>* out) const override {
    state.for_each([&](int64_t pane, const DistinctCell& cell) {
      if (panes_.counts(pane, access)) out->push_back(panes_.part(pane, Value::integer(cell.set.count())));
    });
  }

 private:
  const Panes panes_;
};

template <typename C>
class ExactStore final : public TableStore<ExactState<C>> {
 public:
  explicit ExactStore(const ir::Feature& feature)
      : TableStore<ExactState<C>>(feature),
        by_count_(feature.window.kind == ir::WindowKind::kLast),
        max_count_(by_count_ ? static_cast<size_t>(std::max<int64_t>(1, feature.window.count)) : SIZE_MAX) {}

  Added add(const Key& key, const Value& v, Access& access) override {
    return this->add_to(key, access, [&](auto& shard) {
      if (!by_count_ && access.time < first_kept(access.horizon)) return Added::kLate;
      typename C::Item item{};
      if (!C::convert(this->feature_, v, &item)) return Added::kRefused;
      const int64_t first = by_count_ ? kNever : first_kept(access.keep_from);
      if (!by_count_) shard.free_idle(first);
      shard.heap += shard.table.find_or_add(key, access.clock).add(first, max_count_, item, access.time);
      return Added::kAdded;
    });
  }

  Value read(const Key& key, Access& access, value::Arena& arena) override {
    return this->read_from(key, access, arena, [&](const ExactState<C>& state, ptrdiff_t*) {
      const int64_t after = by_count_ ? kNever
                                      : std::max(saturating_sub(access.time, this->feature_.window.nanos),
                                                 first_kept(access.horizon) - 1);
      C all;
      if (!state.read(after, access.time, max_count_, &all)) return unseen(this->feature_);
      return copy_to(arena, all.result(this->feature_, arena));
    });
  }

 protected:
  void parts_of(const ExactState<C>& state, const Access& access, value::Arena& arena,
                std::vector<Part>* out) const override {
    const int64_t after =
        by_count_ ? kNever
                  : std::max(saturating_sub(access.time, this->feature_.window.nanos), first_kept(access.horizon) - 1);
    state.for_each([&](int64_t time, const typename C::Item& item) {
      if (time <= after || time > access.time) return;
      C one;
      one.add(item, time);
      out->push_back({time, time, copy_to(arena, one.result(this->feature_, arena))});
    });
  }

 private:
  int64_t first_kept(int64_t horizon) const {
    return saturating_add(saturating_sub(horizon, this->feature_.window.nanos), 1);
  }

  const bool by_count_;
  const size_t max_count_;
};

template <typename C>
class RunStore final : public TableStore<RunState<C>> {
 public:
  explicit RunStore(const ir::Feature& feature)
      : TableStore<RunState<C>>(feature),
        gap_(feature.window.kind == ir::WindowKind::kSession ? feature.window.nanos : INT64_MAX) {}

  Added add(const Key& key, const Value& v, Access& access) override {
    return this->add_to(key, access, [&](auto& shard) {
      const bool endless = gap_ == INT64_MAX;
      if (!endless && access.time < saturating_sub(access.horizon, gap_)) return Added::kLate;
      typename C::Item item{};
      if (!C::convert(this->feature_, v, &item)) return Added::kRefused;
      if (!endless) shard.free_idle(saturating_sub(access.keep_from, gap_));
      ptrdiff_t grown = 0;
      const bool added = shard.table.find_or_add(key, access.clock).add(gap_, access.newest, item, access.time, &grown);
      shard.heap += grown;
      return added ? Added::kAdded : Added::kLate;
    });
  }

  Value read(const Key& key, Access& access, value::Arena& arena) override {
    return this->read_from(key, access, arena, [&](const RunState<C>& state, ptrdiff_t*) {
      const bool apart =
          saturating_sub(access.time, state.last) > gap_ || saturating_sub(state.first, access.time) > gap_;
      // A run that no event can join any more may have been freed: it is not there, whether it was or not.
      const bool over = gap_ != INT64_MAX && state.last < saturating_sub(access.horizon, gap_);
      return apart || over ? unseen(this->feature_) : state.cell.result(this->feature_, arena);
    });
  }

 protected:
  void parts_of(const RunState<C>& state, const Access& access, value::Arena& arena,
                std::vector<Part>* out) const override {
    const Value v =
        this->feature_.window.kind == ir::WindowKind::kSession &&
                (saturating_sub(access.time, state.last) > gap_ || saturating_sub(state.first, access.time) > gap_ ||
                 state.last < saturating_sub(access.horizon, gap_))
            ? Value::missing()
            : state.cell.result(this->feature_, arena);
    if (!v.is_missing()) out->push_back({state.first, state.last, v});
  }

 private:
  const int64_t gap_;
};

template <typename C>
std::unique_ptr<FeatureStore> make(const ir::Feature& feature) {
  switch (feature.window.kind) {
    case ir::WindowKind::kDuration:
      if (feature.window.exact) return std::make_unique<ExactStore<C>>(feature);
      if constexpr (std::is_same_v<C, DistinctCell>) return std::make_unique<DistinctPaneStore>(feature);
      return std::make_unique<PaneStore<C>>(feature);
    case ir::WindowKind::kLast:
      return std::make_unique<ExactStore<C>>(feature);
    case ir::WindowKind::kSession:
    case ir::WindowKind::kAll:
      return std::make_unique<RunStore<C>>(feature);
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<FeatureStore> make_feature_store(const ir::Feature& feature) {
  switch (feature.aggregation) {
    case ir::Aggregation::kCount:
      return make<CountCell>(feature);
    case ir::Aggregation::kSum:
      switch (feature.value_kind) {
        case types::Kind::kInt:
        case types::Kind::kUint:
        case types::Kind::kDuration:
          return make<IntegerSumCell>(feature);
        default:
          return make<DoubleSumCell>(feature);
      }
    case ir::Aggregation::kMin:
      return make<MinCell>(feature);
    case ir::Aggregation::kMax:
      return make<MaxCell>(feature);
    case ir::Aggregation::kMean:
      return make<MeanCell>(feature);
    case ir::Aggregation::kStddev:
      return make<StddevCell>(feature);
    case ir::Aggregation::kDistinct:
      return make<DistinctCell>(feature);
    case ir::Aggregation::kLast:
      return make<LastCell>(feature);
    case ir::Aggregation::kFirst:
      return make<FirstCell>(feature);
    case ir::Aggregation::kTopK:
      return make<TopCell>(feature);
    case ir::Aggregation::kQuantile:
      return make<QuantileCell>(feature);
    case ir::Aggregation::kEntropy:
      return make<EntropyCell>(feature);
  }
  return nullptr;
}

}  // namespace weir::state
