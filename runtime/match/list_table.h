// The entries of all lists of a rule set as they stand now: loaded with the rules, replaced while events are served.
//
// A replacement builds the new set beside the old one and then swaps pointers. Readers take a snapshot, which costs
// them one atomic load an event as long as nothing was replaced, and keep what they have until they take the next.
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

// One state of one list. Immutable.
class ListVersion {
 public:
  // As loaded with the rules: entries are those of the program, which must outlive it.
  explicit ListVersion(const ir::List& loaded) : loaded_(&loaded.values) {}
  // Values need be neither sorted nor distinct. Errors: as make_list_set.
  static absl::StatusOr<std::shared_ptr<const ListVersion>> make(const ir::List& list, std::vector<std::string> values,
                                                                 uint64_t number);

  uint64_t number() const { return number_; }  // 1: as loaded
  // Null of one as loaded: that is the rules' own.
  const ListSet* set() const { return set_.get(); }
  std::vector<std::string> values() const;  // sorted and distinct
  // XXH3, 128 bits in hexadecimal, of the distinct entries in order: versions with the same entries have the same.
  std::string hash() const;

 private:
  ListVersion() = default;
  uint64_t number_ = 1;
  const std::vector<std::string>* loaded_ = nullptr;
  std::vector<std::string> values_;  // unless loaded_
  std::unique_ptr<const ListSet> set_;
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
  // Takes time in proportion to the whole list, so many entries are best changed at once. One edit at a time; readers
  // do not wait. Entries already there, or to be removed and not there, are no error. The new version; on error nothing
  // has changed.
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
