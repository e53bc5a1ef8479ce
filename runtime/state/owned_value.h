// A value that outlives its event: text, lists and maps are copied to the heap.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/state/codec.h"
#include "runtime/state/heap_block.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::state {

// A copy in the arena of the value and all it points to; kBudget if there is no room.
value::Value copy_to(value::Arena& arena, const value::Value& v);

class OwnedValue {
 public:
  OwnedValue() = default;
  explicit OwnedValue(const value::Value& v) { assign(v); }
  OwnedValue(OwnedValue&&) = default;
  OwnedValue& operator=(OwnedValue&&) = default;
  OwnedValue(const OwnedValue& other) { assign(other.value_); }
  OwnedValue& operator=(const OwnedValue& other) {
    if (this != &other) assign(other.value_);
    return *this;
  }

  // Borrowed from this.
  const value::Value& get() const { return value_; }
  size_t heap_bytes() const { return heap_block(size_); }

  void save(Writer& out) const { write_value(value_, out); }
  bool load(Reader& in);

 private:
  void assign(const value::Value& v);

  value::Value value_ = value::Value::null();
  std::unique_ptr<char[]> heap_;  // one block holds everything value_ points to
  size_t size_ = 0;
};

}  // namespace weir::state
