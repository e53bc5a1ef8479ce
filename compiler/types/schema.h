// The shape of events: what a row's slots hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/source.h"
#include "compiler/types/type.h"

namespace weir::types {

struct Field {
  std::string name;
  const Type* type = nullptr;
  bool optional = false;  // `T?`: may be missing at run time
  base::Span span;
};

// Every event has `time: timestamp` in slot kTimeSlot and `id: string` in slot kIdSlot; declared fields follow in
// order of declaration. A field's index here is its slot in the row.
struct EventSchema {
  static constexpr int kTimeSlot = 0;
  static constexpr int kIdSlot = 1;

  std::string name;
  std::vector<Field> fields;

  // -1 if there is none.
  int find(std::string_view field) const {
    for (size_t i = 0; i < fields.size(); ++i)
      if (fields[i].name == field) return static_cast<int>(i);
    return -1;
  }
};

}  // namespace weir::types
