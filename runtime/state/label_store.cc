#include "runtime/state/label_store.h"

#include <algorithm>
#include <utility>

#include "runtime/state/time.h"

namespace weir::state {

LabelStore::LabelStore(const std::vector<ir::Label>& labels, size_t max_bytes)
    : labels_(labels),
      max_bytes_(max_bytes),
      shards_(std::make_unique<Shard[]>(1)),
      refused_(std::make_unique<std::atomic<uint64_t>[]>(labels.size())),
      copied_refused_(labels.size()) {
  shards_[0].tables = std::vector<KeyTable<Mark>>(labels.size());
}

int64_t LabelStore::expiry(const ir::Label& label, int64_t time, int64_t duration) {
  const int64_t max = label.max_age_nanos;
  const int64_t length = duration == 0 ? max : max == 0 ? duration : std::min(duration, max);
  return length == 0 ? INT64_MAX : saturating_add(time, length);
}

void LabelStore::set(uint32_t label, const Key& key, int64_t time, int64_t duration, uint32_t rule, uint64_t clock,
                     int64_t keep_from, const Provenance& from) {
  Shard& shard = shard_for(key);
  const auto lock = lock_if(shared_, shard.mutex);
  KeyTable<Mark>& table = shard.tables[label];
  const CountedChange counted(bytes_, [&] { return table.bytes(); });
  // Four a call, so that expired labels go faster than new ones come.
  table.sweep(4, [&](const Mark& mark) { return mark.expires <= keep_from; });
  if (bytes() > max_bytes_ && table.peek(key) == nullptr) {
    refused_[label].fetch_add(1, std::memory_order_relaxed);
  } else {
    Mark& mark = table.find_or_add(key, clock);
    mark = {time, std::max(mark.expires > time ? mark.expires : 0, expiry(labels_[label], time, duration)), rule, from};
  }
}

void LabelStore::clear(uint32_t label, const Key& key) {
  Shard& shard = shard_for(key);
  const auto lock = lock_if(shared_, shard.mutex);
  const size_t before = shard.tables[label].bytes();
  shard.tables[label].erase(key);
  count_bytes(before, shard.tables[label].bytes());
}

std::optional<LabelStore::Mark> LabelStore::find(uint32_t label, const Key& key, int64_t time) const {
  const Shard& shard = shard_for(key);
  const auto lock = lock_if(shared_, shard.mutex);
  const Mark* mark = shard.tables[label].peek(key);
  return mark != nullptr && time < mark->expires ? std::optional(*mark) : std::nullopt;
}

bool LabelStore::has(uint32_t label, const Key& key, int64_t time) const { return find(label, key, time).has_value(); }

void LabelStore::share() {
  if (shared_) return;
  auto shards = std::make_unique<Shard[]>(kShards);
  for (size_t i = 0; i < kShards; ++i) shards[i].tables = std::vector<KeyTable<Mark>>(labels_.size());
  size_t bytes = 0;
  for (size_t label = 0; label < labels_.size(); ++label) {
    shards_[0].tables[label].for_each_entry([&](auto& entry) {
      shards[shard_of(entry.key)].tables[label].add_newest(entry.key, entry.touched, std::move(entry.state));
    });
    for (size_t i = 0; i < kShards; ++i) bytes += shards[i].tables[label].bytes();
  }
  shards_ = std::move(shards);
  bytes_ = bytes;
  shared_ = true;
}

void LabelStore::begin_copy(uint32_t label) {
  copied_refused_[label] = refused(label);
  for (size_t i = 0; i < shards(); ++i) {
    const auto lock = lock_if(shared_, shards_[i].mutex);
    shards_[i].tables[label].begin_copy();
  }
}

void LabelStore::finish_copy(uint32_t label, Writer& out) {
  copy_in_turns(
      shards_.get(), shards(), shared_, 1, [&](Shard & shard) -> auto& { return shard.tables[label]; });
  out.varint(shards());
  out.varint(copied_refused_[label]);
  for (size_t i = 0; i < shards(); ++i) {
    const auto lock = lock_if(shared_, shards_[i].mutex);
    shards_[i].tables[label].end_copy(out);
  }
}

void LabelStore::rename_rules(KeyTable<Mark>& table, const std::vector<uint32_t>& rules) {
  table.for_each_entry([&](auto& entry) {
    Mark& mark = entry.state;
    mark.rule = mark.rule < rules.size() ? rules[mark.rule] : kNoRule;
  });
}

bool LabelStore::load(uint32_t label, Reader& in, const std::vector<uint32_t>& rules) {
  const size_t count = load_shard_count(in, shared_, [this] { share(); });
  if (count == 0) return false;
  refused_[label] = in.varint();
  for (size_t i = 0; i < count; ++i) {
    KeyTable<Mark>& table = shards_[i].tables[label];
    if (!table.load(in)) return false;
    rename_rules(table, rules);
    count_bytes(0, table.bytes());
  }
  return in.ok();
}

void LabelStore::take(uint32_t label, LabelStore& from, uint32_t from_label, const std::vector<uint32_t>& rules) {
  refused_[label] = from.refused(from_label);
  for (size_t i = 0; i < shards(); ++i) {
    KeyTable<Mark>& table = shards_[i].tables[label];
    from.count_bytes(from.shards_[i].tables[from_label].bytes(), 0);
    table.swap(from.shards_[i].tables[from_label]);
    rename_rules(table, rules);
    count_bytes(0, table.bytes());
  }
}

}  // namespace weir::state
