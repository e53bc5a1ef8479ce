// The entries of all lists of a rule set as they stand now: loaded with the rules, replaced while events are served.
//
// A change builds a new version beside the old one and then swaps pointers. Readers take a snapshot, which costs them
// one atomic load an event as long as nothing was replaced, and keep what they have until they take the next.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/ir/program.h"
#include "runtime/match/list_set.h"

namespace weir::match {

// One state of one list: entries that many versions share, and what few were added to them and removed from them.
// Immutable.
class ListVersion {
 public:
  // As loaded with the rules: entries are those of the program, which must outlive it.
  explicit ListVersion(const ir::List& loaded);
  ~ListVersion();

  uint64_t number() const { return number_; }  // 1: as loaded
  // `loaded` is the set of the list as it came with the rules. Errors as ListSet's.
  value::Value contains(const value::Value& v, const ListSet& loaded) const;
  size_t size() const;                      // distinct entries
  std::vector<std::string> values() const;  // sorted and distinct
  // 128 bits in hexadecimal, of the distinct entries: versions with the same entries have the same. It is the sum of
  // their XXH3 hashes, so that a change costs no look at the rest.
  std::string hash() const;

 private:
  friend class ListTable;
  struct Base;
  using Values = std::vector<std::string>;

  ListVersion(std::shared_ptr<const Base> base, uint64_t number);
  static absl::StatusOr<std::shared_ptr<const ListVersion>> make(const ir::List& list, Values values, uint64_t number);
  // As this one but for some entries more, or fewer: given sorted and distinct. Null if it is better made anew.
  absl::StatusOr<std::shared_ptr<const ListVersion>> with(const ir::List& list, const Values& more) const;
  absl::StatusOr<std::shared_ptr<const ListVersion>> without(const ir::List& list, const Values& fewer) const;
  absl::StatusOr<std::shared_ptr<const ListVersion>> differing(const ir::List& list, Values added,
                                                               Values removed) const;

  uint64_t number_ = 1;
  std::shared_ptr<const Base> base_;
  Values added_, removed_;  // sorted; none of added_ and all of removed_ are of the base
  std::unique_ptr<const ListSet> added_set_, removed_set_;  // null if there are none
};

// Thread-safe.
class ListTable {
 public:
  using Snapshot = std::vector<std::shared_ptr<const ListVersion>>;  // by list

  // `program` must outlive it.
  explicit ListTable(const ir::Program& program);

  // Grows with every change.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // All lists at one moment, and its generation.
  Snapshot snapshot(uint64_t* generation = nullptr) const;
  std::shared_ptr<const ListVersion> current(uint32_t list) const;

  enum class Edit : uint8_t { kReplace, kAdd, kRemove };
  // To add to a list, or to remove strings or numbers, takes time in proportion to what was added and removed lately;
  // everything else, and one such change in many, in proportion to the whole list. One edit at a time; readers do not
  // wait. Entries already there, or to be removed and not there, are no error. The new version; on error nothing has
  // changed.
  absl::StatusOr<std::shared_ptr<const ListVersion>> edit(uint32_t list, Edit what,
                                                          std::span<const std::string> values);
  // Puts back what a snapshot of the state had.
  absl::Status restore(uint32_t list, std::vector<std::string> values, uint64_t number);

 private:
  void publish(uint32_t list, std::shared_ptr<const ListVersion> version);

  const ir::Program& program_;
  std::mutex edit_mutex_;
  mutable std::mutex mutex_;  // of current_
  Snapshot current_;
  std::atomic<uint64_t> generation_{1};
};

}  // namespace weir::match
