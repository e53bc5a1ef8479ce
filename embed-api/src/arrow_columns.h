// Columns of an Arrow record batch as values of an event's fields, read in place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "embed-api/src/boundary.h"
#include "embed-api/src/handles.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::embed {

// One array of the C Data Interface, of a type there is a value for. The structs say how long an array is but not how
// large its buffers are: what they say of each other is checked, and no more can be.
class ArrowColumn {
 public:
  // Of `kind` (WEIR_TYPE_…), lists of `element`. `rows` from `first` on are going to be read. False and *why if the
  // array is malformed or of another type.
  bool open(const ArrowSchema& schema, const ArrowArray& array, uint32_t kind, uint32_t element, int64_t first,
            int64_t rows, std::string* why);
  // Value of a row; missing if null. Texts lie in the array's buffers, lists in the arena. False and *why if it is
  // malformed, or not a value of the field's type.
  bool read(int64_t row, value::Arena& arena, value::Value* out, std::string* why) const;

 private:
  enum class Form : uint8_t { kNull, kBool, kInt, kUint, kFloat, kDouble, kText, kBytes, kTime, kDuration, kList };
  bool open_dictionary(const ArrowSchema& schema, const ArrowArray& array, uint32_t kind, std::string* why);
  bool find_form(const char* format, std::string* why);
  bool fits(uint32_t kind) const;
  bool is_null(int64_t at) const;
  uint64_t integer(int64_t at) const;  // as it lies there, signs extended
  bool range(int64_t at, int64_t limit, int64_t* begin, int64_t* end, std::string* why) const;
  bool read_at(int64_t at, value::Arena& arena, value::Value* out, std::string* why) const;
  bool read_number(int64_t at, value::Value* out, std::string* why) const;
  bool read_list(int64_t at, value::Arena& arena, value::Value* out, std::string* why) const;

  const ArrowArray* array_ = nullptr;
  Form form_ = Form::kNull;
  uint32_t kind_ = 0;
  int width_ = 0;           // bytes of an integer, a time, or an offset
  int64_t per_second_ = 1;  // of a time or duration
  const uint8_t* validity_ = nullptr;
  const uint8_t* data_ = nullptr;      // values; of texts and lists: offsets
  const char* text_ = nullptr;         // bytes of texts
  std::unique_ptr<ArrowColumn> part_;  // of a list: elements; of a dictionary: its values
  bool dictionary_ = false;
};

}  // namespace weir::embed
