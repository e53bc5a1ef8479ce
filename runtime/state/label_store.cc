#include "runtime/state/label_store.h"

#include <algorithm>

#include "runtime/state/time.h"

namespace weir::state {

LabelStore::LabelStore(const std::vector<ir::Label>& labels) : labels_(labels), tables_(labels.size()) {}

int64_t LabelStore::expiry(const ir::Label& label, int64_t time, int64_t duration) {
  const int64_t max = label.max_age_nanos;
  const int64_t length = duration == 0 ? max : max == 0 ? duration : std::min(duration, max);
  return length == 0 ? INT64_MAX : saturating_add(time, length);
}

void LabelStore::set(uint32_t label, const Key& key, int64_t time, int64_t duration, uint32_t rule, uint64_t clock) {
  KeyTable<Mark>& table = tables_[label];
  // Labels are touched when set only, so the oldest ones are those to expire first.
  for (int i = 0; i < 2 && !table.empty() && table.oldest().state.expires <= time; ++i) table.erase_oldest();
  Mark& mark = table.find_or_add(key, clock);
  mark = {time, std::max(mark.expires > time ? mark.expires : 0, expiry(labels_[label], time, duration)), rule};
}

void LabelStore::clear(uint32_t label, const Key& key) { tables_[label].erase(key); }

const LabelStore::Mark* LabelStore::find(uint32_t label, const Key& key, int64_t time) const {
  const Mark* mark = tables_[label].peek(key);
  return mark != nullptr && time < mark->expires ? mark : nullptr;
}

bool LabelStore::has(uint32_t label, const Key& key, int64_t time) const { return find(label, key, time) != nullptr; }

size_t LabelStore::bytes() const {
  size_t n = 0;
  for (const auto& table : tables_) n += table.bytes();
  return n;
}

}  // namespace weir::state
