#include "runtime/match/list_table.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace weir::match {
namespace {

void sort_distinct(std::vector<std::string>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ListVersion>> ListVersion::make(const ir::List& list,
                                                                     std::vector<std::string> values, uint64_t number) {
  sort_distinct(&values);
  ir::List entries{list.name, list.kind, std::move(values)};
  auto set = make_list_set(entries);
  if (!set.ok()) return set.status();
  std::shared_ptr<ListVersion> version(new ListVersion);
  version->number_ = number;
  version->values_ = std::move(entries.values);
  version->set_ = *std::move(set);
  return std::shared_ptr<const ListVersion>(std::move(version));
}

std::vector<std::string> ListVersion::values() const {
  if (loaded_ == nullptr) return values_;
  std::vector<std::string> out = *loaded_;
  sort_distinct(&out);
  return out;
}

std::string ListVersion::hash() const {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  for (const std::string& value : values()) {
    const auto size = static_cast<uint32_t>(value.size());
    XXH3_128bits_update(state.get(), &size, sizeof(size));
    XXH3_128bits_update(state.get(), value.data(), value.size());
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

ListTable::ListTable(const ir::Program& program) : program_(program) {
  for (const ir::List& list : program.lists) current_.push_back(std::make_shared<const ListVersion>(list));
}

ListTable::Snapshot ListTable::snapshot(uint64_t* generation) const {
  const std::lock_guard lock(mutex_);
  if (generation != nullptr) *generation = generation_.load(std::memory_order_relaxed);
  return current_;
}

std::shared_ptr<const ListVersion> ListTable::current(uint32_t list) const {
  const std::lock_guard lock(mutex_);
  return current_[list];
}

void ListTable::publish(uint32_t list, std::shared_ptr<const ListVersion> version) {
  const std::lock_guard lock(mutex_);
  current_[list].swap(version);  // the old one may be freed after the lock
  generation_.fetch_add(1, std::memory_order_release);
}

absl::StatusOr<std::shared_ptr<const ListVersion>> ListTable::edit(uint32_t list, Edit what,
                                                                   std::span<const std::string> values) {
  const std::lock_guard editing(edit_mutex_);
  const std::shared_ptr<const ListVersion> before = current(list);
  std::vector<std::string> given(values.begin(), values.end());
  sort_distinct(&given);
  std::vector<std::string> after;
  if (what == Edit::kReplace) {
    after = std::move(given);
  } else {
    const std::vector<std::string> old = before->values();
    const auto out = std::back_inserter(after);
    if (what == Edit::kAdd) {
      std::set_union(old.begin(), old.end(), given.begin(), given.end(), out);
    } else {
      std::set_difference(old.begin(), old.end(), given.begin(), given.end(), out);
    }
  }
  auto version = ListVersion::make(program_.lists[list], std::move(after), before->number() + 1);
  if (version.ok()) publish(list, *version);
  return version;
}

absl::Status ListTable::restore(uint32_t list, std::vector<std::string> values, uint64_t number) {
  const std::lock_guard editing(edit_mutex_);
  auto version = ListVersion::make(program_.lists[list], std::move(values), number);
  if (!version.ok()) return version.status();
  publish(list, *std::move(version));
  return absl::OkStatus();
}

}  // namespace weir::match
