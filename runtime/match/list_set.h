// The entries of a `list`, answering `x in list`: one hash or binary search whatever the size of the list.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "compiler/ir/program.h"
#include "runtime/value/value.h"

namespace weir::match {

// Immutable after construction: any number of threads may ask at once.
class ListSet {
 public:
  virtual ~ListSet() = default;
  // A bool; or an error if the value is no member of the set's domain (an address that is none). `v` is ok().
  virtual value::Value contains(const value::Value& v) const = 0;
  virtual size_t size() const = 0;  // distinct entries
  virtual size_t bytes() const = 0;
};

// Errors name the list and its first malformed entry.
absl::StatusOr<std::unique_ptr<ListSet>> make_list_set(const ir::List& list);

}  // namespace weir::match
