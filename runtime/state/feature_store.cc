#include "runtime/state/feature_store.h"

#include <algorithm>
#include <type_traits>

#include "runtime/state/cells.h"
#include "runtime/state/distinct_window.h"
#include "runtime/state/key_table.h"
#include "runtime/state/time.h"
#include "runtime/state/window_state.h"

namespace weir::state {
namespace {

using value::Value;

// What the kinds of window share: the table, its bytes, and the freeing of keys that no event can read any more.
template <typename State>
class TableStore : public FeatureStore {
 public:
  explicit TableStore(const ir::Feature& feature) : feature_(feature) {}
  size_t keys() const override { return table_.size(); }
  size_t bytes() const override { return table_.bytes() + static_cast<size_t>(heap_); }
  uint64_t oldest_touch() const override { return table_.empty() ? UINT64_MAX : table_.oldest().touched; }
  void evict_oldest() override {
    ++counters.evicted;
    drop_oldest();
  }

 protected:
  // Two a call, so that idle keys go faster than new ones come.
  void free_idle(int64_t first_kept) {
    for (int i = 0; i < 2 && !table_.empty() && table_.oldest().state.newest() < first_kept; ++i) drop_oldest();
  }

  const ir::Feature& feature_;
  KeyTable<State> table_;
  ptrdiff_t heap_ = 0;

 private:
  void drop_oldest() {
    heap_ -= static_cast<ptrdiff_t>(table_.oldest().state.heap_bytes());
    table_.erase_oldest();
  }
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

  int64_t nanos;  // of one
  int64_t count;
};

template <typename C>
class PaneStore final : public TableStore<PaneState<C>> {
 public:
  explicit PaneStore(const ir::Feature& feature) : TableStore<PaneState<C>>(feature), panes_(feature.window) {}

  Added add(const Key& key, int64_t time, const Value& v) override {
    const int64_t pane = panes_.of(time), first_kept = panes_.first_kept(this->horizon_);
    if (pane < first_kept) return Added::kLate;
    if (!C::convert(this->feature_, v, &item_)) return Added::kRefused;
    this->free_idle(first_kept);
    this->heap_ += this->table_.find_or_add(key, this->clock_).add(pane, first_kept, item_, time);
    return Added::kAdded;
  }

  Value read(const Key& key, int64_t time, value::Arena& arena) override {
    const PaneState<C>* state = this->table_.find(key, this->clock_);
    if (state == nullptr) return unseen(this->feature_);
    const int64_t first = panes_.first_read(time, this->horizon_), last = panes_.of(time);
    const C* only = nullptr;
    bool merged = false;
    state->visit(first, last, [&](const C& cell) {
      if (only == nullptr) {
        only = &cell;
        return;
      }
      if (!merged) {
        scratch_ = C();
        scratch_.merge(*only);
        merged = true;
      }
      scratch_.merge(cell);
    });
    if (only == nullptr) return unseen(this->feature_);
    if (!merged) return only->result(this->feature_, arena);
    return copy_to(arena, scratch_.result(this->feature_, arena));  // scratch_ is soon another key's
  }

 private:
  const Panes panes_;
  typename C::Item item_{};  // kept for their memory
  C scratch_;
};

class DistinctPaneStore final : public TableStore<DistinctPaneState> {
 public:
  explicit DistinctPaneStore(const ir::Feature& feature) : TableStore(feature), panes_(feature.window) {}

  Added add(const Key& key, int64_t time, const Value& v) override {
    const int64_t pane = panes_.of(time), first_kept = panes_.first_kept(horizon_);
    if (pane < first_kept) return Added::kLate;
    free_idle(first_kept);
    heap_ += table_.find_or_add(key, clock_).add(pane, first_kept, hash_of(v), time);
    return Added::kAdded;
  }

  Value read(const Key& key, int64_t time, value::Arena&) override {
    const DistinctPaneState* state = table_.find(key, clock_);
    if (state == nullptr) return unseen(feature_);
    const int64_t count = state->count(panes_.first_read(time, horizon_), panes_.of(time), &heap_);
    return count < 0 ? unseen(feature_) : Value::integer(count);
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

  Added add(const Key& key, int64_t time, const Value& v) override {
    if (!by_count_ && time < first_kept()) return Added::kLate;
    if (!C::convert(this->feature_, v, &item_)) return Added::kRefused;
    if (!by_count_) this->free_idle(first_kept());
    this->heap_ +=
        this->table_.find_or_add(key, this->clock_).add(by_count_ ? kNever : first_kept(), max_count_, item_, time);
    return Added::kAdded;
  }

  Value read(const Key& key, int64_t time, value::Arena& arena) override {
    const ExactState<C>* state = this->table_.find(key, this->clock_);
    if (state == nullptr) return unseen(this->feature_);
    const int64_t after =
        by_count_ ? kNever : std::max(saturating_sub(time, this->feature_.window.nanos), first_kept() - 1);
    scratch_ = C();
    if (!state->read(after, time, max_count_, &scratch_)) return unseen(this->feature_);
    return copy_to(arena, scratch_.result(this->feature_, arena));
  }

 private:
  int64_t first_kept() const { return saturating_add(saturating_sub(this->horizon_, this->feature_.window.nanos), 1); }

  const bool by_count_;
  const size_t max_count_;
  typename C::Item item_{};
  C scratch_;
};

template <typename C>
class RunStore final : public TableStore<RunState<C>> {
 public:
  explicit RunStore(const ir::Feature& feature)
      : TableStore<RunState<C>>(feature),
        gap_(feature.window.kind == ir::WindowKind::kSession ? feature.window.nanos : INT64_MAX) {}

  Added add(const Key& key, int64_t time, const Value& v) override {
    const bool endless = gap_ == INT64_MAX;
    if (!endless && time < saturating_sub(this->horizon_, gap_)) return Added::kLate;
    if (!C::convert(this->feature_, v, &item_)) return Added::kRefused;
    if (!endless) this->free_idle(saturating_sub(this->horizon_, gap_));
    ptrdiff_t grown = 0;
    if (!this->table_.find_or_add(key, this->clock_).add(gap_, item_, time, &grown)) return Added::kLate;
    this->heap_ += grown;
    return Added::kAdded;
  }

  Value read(const Key& key, int64_t time, value::Arena& arena) override {
    const RunState<C>* state = this->table_.find(key, this->clock_);
    if (state == nullptr || saturating_sub(time, state->last) > gap_ || saturating_sub(state->first, time) > gap_) {
      return unseen(this->feature_);
    }
    return state->cell.result(this->feature_, arena);
  }

 private:
  const int64_t gap_;
  typename C::Item item_{};
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
