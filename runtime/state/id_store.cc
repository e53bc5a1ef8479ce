#include "runtime/state/id_store.h"

#include <algorithm>

#include "runtime/state/shards.h"

namespace weir::state {
namespace {

constexpr size_t kBytesAnId = 40;
constexpr size_t kFewestIds = 64;  // a shard

}  // namespace

IdStore::IdStore(const std::vector<int64_t>& windows, size_t max_bytes) : types_(windows.size()) {
  const auto wanted =
      static_cast<size_t>(std::count_if(windows.begin(), windows.end(), [](int64_t w) { return w > 0; }));
  for (size_t e = 0; e < windows.size(); ++e) {
    if (windows[e] <= 0) continue;
    types_[e] = std::make_unique<Shard[]>(kIdShards);
    const size_t most = std::max(kFewestIds, max_bytes / kBytesAnId / wanted / kIdShards);
    for (size_t i = 0; i < kIdShards; ++i) types_[e][i].ids = IdWindow(windows[e], most);
  }
}

int IdStore::add(uint32_t event, uint64_t hash, int64_t now) {
  Shard& shard = types_[event][shard_of(hash)];
  const auto lock = lock_if(shared_, shard.mutex);
  const CountedChange counted(bytes_, [&] { return shard.ids.bytes(); });  // others may be forgotten
  return shard.ids.add(hash, now);
}

void IdStore::take_back(uint32_t event, uint64_t hash) {
  Shard& shard = types_[event][shard_of(hash)];
  const auto lock = lock_if(shared_, shard.mutex);
  const CountedChange counted(bytes_, [&] { return shard.ids.bytes(); });
  shard.ids.take_back(hash);
}

void IdStore::set_note(uint32_t event, uint64_t hash, uint8_t note) {
  Shard& shard = types_[event][shard_of(hash)];
  const auto lock = lock_if(shared_, shard.mutex);
  shard.ids.set_note(hash, note);
}

void IdStore::begin_copy(uint32_t event) {
  for (size_t i = 0; i < kIdShards; ++i) {
    const auto lock = lock_if(shared_, types_[event][i].mutex);
    types_[event][i].ids.begin_copy();
  }
}

void IdStore::finish_copy(uint32_t event, Writer& out) {
  constexpr size_t kIdsAtOnce = 128;
  copy_in_turns(
      types_[event].get(), kIdShards, shared_, kIdsAtOnce, [](Shard & shard) -> auto& { return shard.ids; });
  for (size_t i = 0; i < kIdShards; ++i) {
    const auto lock = lock_if(shared_, types_[event][i].mutex);
    types_[event][i].ids.end_copy(out);
  }
}

bool IdStore::load(uint32_t event, Reader& in) {
  for (size_t i = 0; i < kIdShards; ++i) {
    IdWindow& ids = types_[event][i].ids;
    if (!ids.load(in)) return false;
    bytes_.fetch_add(ids.bytes(), std::memory_order_relaxed);
  }
  return true;
}

void IdStore::take(uint32_t event, IdStore& from, uint32_t from_event) {
  if (!wanted(event) || !from.wanted(from_event)) return;
  for (size_t i = 0; i < kIdShards; ++i) {
    IdWindow& here = types_[event][i].ids;
    IdWindow& there = from.types_[from_event][i].ids;
    const CountedChange counted(bytes_, [&] { return here.bytes(); });
    const CountedChange counted_there(from.bytes_, [&] { return there.bytes(); });
    here.take(there);
  }
}

}  // namespace weir::state
