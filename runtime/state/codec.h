// How state becomes bytes and back (base/bytes.h). Capacities of containers are part of it: what state weighs must not
// depend on whether it was ever stored.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "compiler/base/bytes.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::state {

using Writer = base::ByteWriter;

class Reader : public base::ByteReader {
 public:
  using ByteReader::ByteReader;
  // What OwnedValue::load takes; kMissing: any kind.
  void expect(value::Kind kind) { expected_ = kind; }
  bool expects(value::Kind kind) const { return expected_ == value::Kind::kMissing || expected_ == kind; }

 private:
  value::Kind expected_ = value::Kind::kMissing;
};

// Any ok() value, or missing: kind, then contents, text included.
void write_value(const value::Value& v, Writer& out);
// Text borrows from the reader's input, lists and maps from the arena. Null after a failure.
value::Value read_value(Reader& in, value::Arena& arena);
// The same of what may also be missing.
value::Value read_value_or_missing(Reader& in, value::Arena& arena);

}  // namespace weir::state
