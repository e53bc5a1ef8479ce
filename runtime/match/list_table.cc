#include "runtime/match/list_table.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <mutex>
#include <string_view>

#include "absl/numeric/int128.h"

namespace weir::match {
namespace {

using Values = std::vector<std::string>;

void sort_distinct(Values* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

absl::uint128 hash_of(std::string_view entry) {
  const XXH128_hash_t hash = XXH3_128bits(entry.data(), entry.size());
  return absl::MakeUint128(hash.high64, hash.low64);
}

template <typename Entries>
absl::uint128 sum_of_hashes(const Entries& entries) {
  absl::uint128 sum = 0;
  for (const auto& entry : entries) sum += hash_of(entry);
  return sum;
}

// Whether no other text is the same number.
bool is_canonical(std::string_view number) {
  const std::string_view digits = number.starts_with('-') ? number.substr(1) : number;
  return number == "0" || (!digits.empty() && digits.front() != '0');
}

absl::StatusOr<std::unique_ptr<const ListSet>> set_of(const ir::List& list, Values values) {
  auto set = make_list_set({list.name, list.kind, std::move(values)});
  if (!set.ok()) return set.status();
  return std::unique_ptr<const ListSet>(*std::move(set));
}

}  // namespace

// Entries with a set for them. What is asked for by changes only is found when it is first asked for.
struct ListVersion::Base {
  Base(const Values* loaded, Values made, std::unique_ptr<const ListSet> made_set)
      : own(std::move(made)), entries(loaded != nullptr ? *loaded : own), set(std::move(made_set)) {}

  struct Order {
    std::vector<std::string_view> sorted;  // and distinct
    absl::uint128 hash;
    bool canonical = true;  // as numbers
  };
  const Order& order() const {
    std::call_once(once, [this] {
      lazy.sorted.assign(entries.begin(), entries.end());
      std::sort(lazy.sorted.begin(), lazy.sorted.end());
      lazy.sorted.erase(std::unique(lazy.sorted.begin(), lazy.sorted.end()), lazy.sorted.end());
      lazy.hash = sum_of_hashes(lazy.sorted);
      lazy.canonical = std::all_of(lazy.sorted.begin(), lazy.sorted.end(), is_canonical);
    });
    return lazy;
  }
  bool has(std::string_view entry) const {
    return std::binary_search(order().sorted.begin(), order().sorted.end(), entry);
  }
  // Whether a value is in the set less an entry if and only if it is in the set and not in that of the entry.
  bool subtracts(ir::ListKind kind) const {
    return kind == ir::ListKind::kString || (kind == ir::ListKind::kInt && order().canonical);
  }
  // Beyond so many differences all is made anew: what they cost each later change outweighs that by then.
  size_t most_differences() const {
    return 64 + 4 * static_cast<size_t>(std::sqrt(static_cast<double>(entries.size())));
  }

  const Values own;
  const Values& entries;
  const std::unique_ptr<const ListSet> set;  // null of a list as loaded: that is the rules' own
  mutable std::once_flag once;
  mutable Order lazy;
};

ListVersion::ListVersion(const ir::List& loaded)
    : base_(std::make_shared<const Base>(&loaded.values, Values(), nullptr)) {}
ListVersion::ListVersion(std::shared_ptr<const Base> base, uint64_t number) : number_(number), base_(std::move(base)) {}
ListVersion::~ListVersion() = default;

absl::StatusOr<std::shared_ptr<const ListVersion>> ListVersion::make(const ir::List& list, Values values,
                                                                     uint64_t number) {
  sort_distinct(&values);
  auto set = set_of(list, values);
  if (!set.ok()) return set.status();
  auto base = std::make_shared<const Base>(nullptr, std::move(values), *std::move(set));
  return std::shared_ptr<const ListVersion>(new ListVersion(std::move(base), number));
}

absl::StatusOr<std::shared_ptr<const ListVersion>> ListVersion::differing(const ir::List& list, Values added,
                                                                          Values removed) const {
  if (added.size() + removed.size() > base_->most_differences()) return nullptr;
  std::shared_ptr<ListVersion> version(new ListVersion(base_, number_ + 1));
  if (!added.empty()) {
    auto set = set_of(list, added);
    if (!set.ok()) return set.status();
    version->added_set_ = *std::move(set);
  }
  if (!removed.empty()) {
    auto set = set_of(list, removed);
    if (!set.ok()) return set.status();
    version->removed_set_ = *std::move(set);
  }
  version->added_ = std::move(added);
  version->removed_ = std::move(removed);
  return std::shared_ptr<const ListVersion>(std::move(version));
}

absl::StatusOr<std::shared_ptr<const ListVersion>> ListVersion::with(const ir::List& list, const Values& more) const {
  // A set of regular expressions has one budget for all of them.
  if (list.kind == ir::ListKind::kRegex || more.size() > base_->most_differences()) return nullptr;
  Values fresh, added, removed;
  std::copy_if(more.begin(), more.end(), std::back_inserter(fresh), [&](const auto& v) { return !base_->has(v); });
  std::set_union(added_.begin(), added_.end(), fresh.begin(), fresh.end(), std::back_inserter(added));
  std::set_difference(removed_.begin(), removed_.end(), more.begin(), more.end(), std::back_inserter(removed));
  return differing(list, std::move(added), std::move(removed));
}

absl::StatusOr<std::shared_ptr<const ListVersion>> ListVersion::without(const ir::List& list,
                                                                        const Values& fewer) const {
  if (list.kind == ir::ListKind::kRegex || fewer.size() > base_->most_differences()) return nullptr;
  Values gone, added, removed;
  std::copy_if(fewer.begin(), fewer.end(), std::back_inserter(gone), [&](const auto& v) { return base_->has(v); });
  if (!gone.empty() && !base_->subtracts(list.kind)) return nullptr;
  std::set_difference(added_.begin(), added_.end(), fewer.begin(), fewer.end(), std::back_inserter(added));
  std::set_union(removed_.begin(), removed_.end(), gone.begin(), gone.end(), std::back_inserter(removed));
  return differing(list, std::move(added), std::move(removed));
}

value::Value ListVersion::contains(const value::Value& v, const ListSet& loaded) const {
  if (added_set_ != nullptr && added_set_->contains(v).is_true()) return value::Value::boolean(true);
  const value::Value found = (base_->set != nullptr ? *base_->set : loaded).contains(v);
  if (removed_set_ == nullptr || !found.is_true()) return found;
  return value::Value::boolean(!removed_set_->contains(v).is_true());
}

size_t ListVersion::size() const { return base_->order().sorted.size() + added_.size() - removed_.size(); }

std::vector<std::string> ListVersion::values() const {
  const auto& base = base_->order().sorted;
  std::vector<std::string_view> kept, all;
  std::set_difference(base.begin(), base.end(), removed_.begin(), removed_.end(), std::back_inserter(kept));
  std::set_union(kept.begin(), kept.end(), added_.begin(), added_.end(), std::back_inserter(all));
  return {all.begin(), all.end()};
}

std::string ListVersion::hash() const {
  const absl::uint128 sum = base_->order().hash + sum_of_hashes(added_) - sum_of_hashes(removed_);
  return fmt::format("{:016x}{:016x}", absl::Uint128High64(sum), absl::Uint128Low64(sum));
}

ListTable::ListTable(const ir::Program& program) : program_(program) {
  for (const ir::List& list : program.lists) current_.push_back(std::make_shared<const ListVersion>(list));
}

ListTable::Snapshot ListTable::snapshot(uint64_t* generation) const {
  const std::lock_guard lock(mutex_);
  Snapshot out = current_;  // before whoever asks believes to have it
  if (generation != nullptr) *generation = generation_.load(std::memory_order_relaxed);
  return out;
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
  const ir::List& declared = program_.lists[list];
  const std::shared_ptr<const ListVersion> before = current(list);
  Values given(values.begin(), values.end());
  sort_distinct(&given);
  absl::StatusOr<std::shared_ptr<const ListVersion>> version(nullptr);
  if (what == Edit::kAdd) version = before->with(declared, given);
  if (what == Edit::kRemove) version = before->without(declared, given);
  if (!version.ok()) return version;
  if (*version == nullptr) {
    Values after;
    if (what == Edit::kReplace) {
      after = std::move(given);
    } else {
      const Values old = before->values();
      const auto out = std::back_inserter(after);
      if (what == Edit::kAdd) {
        std::set_union(old.begin(), old.end(), given.begin(), given.end(), out);
      } else {
        std::set_difference(old.begin(), old.end(), given.begin(), given.end(), out);
      }
    }
    version = ListVersion::make(declared, std::move(after), before->number() + 1);
  }
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
