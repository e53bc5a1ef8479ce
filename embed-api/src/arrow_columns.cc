#include "embed-api/src/arrow_columns.h"

#include <algorithm>
#include <cstring>

#include "runtime/value/text.h"
#include "runtime/value/utf8.h"

namespace weir::embed {
namespace {

using value::Value;

constexpr int64_t kMaxText = UINT32_MAX;

template <typename T>
T load(const uint8_t* data, int64_t at) {
  T v;
  std::memcpy(&v, data + static_cast<size_t>(at) * sizeof(T), sizeof(T));
  return v;
}

bool refuse(std::string* why, std::string text) {
  *why = std::move(text);
  return false;
}

}  // namespace

bool ArrowColumn::find_form(const char* format, std::string* why) {
  const std::string_view f(format);
  const auto is = [&](Form form, int width) {
    form_ = form;
    width_ = width;
    return true;
  };
  if (f.size() == 1) {
    switch (f[0]) {
      case 'n':
        return is(Form::kNull, 0);
      case 'b':
        return is(Form::kBool, 0);
      case 'c':
        return is(Form::kInt, 1);
      case 's':
        return is(Form::kInt, 2);
      case 'i':
        return is(Form::kInt, 4);
      case 'l':
        return is(Form::kInt, 8);
      case 'C':
        return is(Form::kUint, 1);
      case 'S':
        return is(Form::kUint, 2);
      case 'I':
        return is(Form::kUint, 4);
      case 'L':
        return is(Form::kUint, 8);
      case 'f':
        return is(Form::kFloat, 4);
      case 'g':
        return is(Form::kDouble, 8);
      case 'u':
        return is(Form::kText, 4);
      case 'U':
        return is(Form::kText, 8);
      case 'z':
        return is(Form::kBytes, 4);
      case 'Z':
        return is(Form::kBytes, 8);
      default:
        break;
    }
  }
  if (f == "+l") return is(Form::kList, 4);
  if (f == "+L") return is(Form::kList, 8);
  if (f.size() >= 3 && f[0] == 't' && (f[1] == 's' || f[1] == 'D')) {
    const std::string_view units = "smun";
    const size_t unit = units.find(f[2]);
    if (unit != std::string_view::npos && (f[1] == 'D' ? f.size() == 3 : f.size() > 3 && f[3] == ':')) {
      constexpr int64_t kPerSecond[] = {1, 1'000, 1'000'000, 1'000'000'000};
      per_second_ = kPerSecond[unit];
      return is(f[1] == 's' ? Form::kTime : Form::kDuration, 8);
    }
  }
  return refuse(why, fmt::format("Arrow type `{}` is not supported", f));
}

// Numbers are converted where no digit is lost, which read_number() checks.
bool ArrowColumn::fits(uint32_t kind) const {
  const bool integer = form_ == Form::kInt || form_ == Form::kUint;
  switch (kind) {
    case WEIR_TYPE_DYN:
      return true;
    case WEIR_TYPE_BOOL:
      return form_ == Form::kBool;
    case WEIR_TYPE_INT:
    case WEIR_TYPE_UINT:
      return integer;
    case WEIR_TYPE_DOUBLE:
      return integer || form_ == Form::kFloat || form_ == Form::kDouble;
    case WEIR_TYPE_STRING:
      return form_ == Form::kText;
    case WEIR_TYPE_BYTES:
      return form_ == Form::kBytes;
    case WEIR_TYPE_TIMESTAMP:
      return form_ == Form::kTime;
    case WEIR_TYPE_DURATION:
      return form_ == Form::kDuration;
    case WEIR_TYPE_LIST:
      return form_ == Form::kList;
    default:
      return false;
  }
}

bool ArrowColumn::open(const ArrowSchema& schema, const ArrowArray& array, uint32_t kind, uint32_t element,
                       int64_t first, int64_t rows, std::string* why) {
  if (schema.format == nullptr) return refuse(why, "a schema has no format");
  if (array.length < 0 || array.offset < 0 || array.offset > INT64_MAX - array.length)
    return refuse(why, "its length or offset is out of range");
  if (first > array.length || rows > array.length - first)
    return refuse(why, fmt::format("it has {} rows, not {}", array.length, first + rows));
  if (!find_form(schema.format, why)) return false;
  array_ = &array;
  kind_ = kind;
  if (schema.dictionary != nullptr) return open_dictionary(schema, array, kind, why);
  if (array.dictionary != nullptr) return refuse(why, "it has a dictionary and its type none");
  if (form_ == Form::kNull) return true;
  if (!fits(kind)) return refuse(why, fmt::format("Arrow type `{}` is not that of the field", schema.format));
  const int64_t buffers = form_ == Form::kText || form_ == Form::kBytes ? 3 : 2;
  const int64_t wanted = form_ == Form::kList ? 2 : buffers;
  if (array.n_buffers != wanted || array.buffers == nullptr)
    return refuse(why, fmt::format("it has {} buffers, not {}", array.n_buffers, wanted));
  validity_ = static_cast<const uint8_t*>(array.buffers[0]);
  if (validity_ == nullptr && array.null_count > 0) return refuse(why, "it has nulls and no validity bitmap");
  data_ = static_cast<const uint8_t*>(array.buffers[1]);
  if (data_ == nullptr && array.length > 0) return refuse(why, "a buffer is NULL");
  if (buffers == 3) text_ = static_cast<const char*>(array.buffers[2]);
  if (form_ != Form::kList) return true;
  if (schema.n_children != 1 || array.n_children != 1 || schema.children == nullptr || array.children == nullptr ||
      schema.children[0] == nullptr || array.children[0] == nullptr)
    return refuse(why, "a list has one child");
  if (element == WEIR_TYPE_LIST) return refuse(why, "lists of lists are not supported");
  part_ = std::make_unique<ArrowColumn>();
  return part_->open(*schema.children[0], *array.children[0], kind == WEIR_TYPE_DYN ? WEIR_TYPE_DYN : element,
                     WEIR_TYPE_LIST, 0, array.children[0]->length, why);
}

bool ArrowColumn::open_dictionary(const ArrowSchema& schema, const ArrowArray& array, uint32_t kind, std::string* why) {
  if (array.dictionary == nullptr) return refuse(why, "its type has a dictionary and it has none");
  if (form_ != Form::kInt && form_ != Form::kUint) return refuse(why, "the indices of a dictionary are integers");
  if (array.n_buffers != 2 || array.buffers == nullptr) return refuse(why, "indices have two buffers");
  validity_ = static_cast<const uint8_t*>(array.buffers[0]);
  data_ = static_cast<const uint8_t*>(array.buffers[1]);
  if (validity_ == nullptr && array.null_count > 0) return refuse(why, "it has nulls and no validity bitmap");
  if (data_ == nullptr && array.length > 0) return refuse(why, "a buffer is NULL");
  if (schema.dictionary->dictionary != nullptr) return refuse(why, "a dictionary of a dictionary");
  dictionary_ = true;
  part_ = std::make_unique<ArrowColumn>();
  return part_->open(*schema.dictionary, *array.dictionary, kind, WEIR_TYPE_LIST, 0, array.dictionary->length, why);
}

bool ArrowColumn::is_null(int64_t at) const {
  return form_ == Form::kNull || (validity_ != nullptr && (validity_[at / 8] >> (at % 8) & 1) == 0);
}

uint64_t ArrowColumn::integer(int64_t at) const {
  const bool is_signed = form_ != Form::kUint;
  switch (width_) {
    case 1:
      return is_signed ? static_cast<uint64_t>(load<int8_t>(data_, at)) : load<uint8_t>(data_, at);
    case 2:
      return is_signed ? static_cast<uint64_t>(load<int16_t>(data_, at)) : load<uint16_t>(data_, at);
    case 4:
      return is_signed ? static_cast<uint64_t>(load<int32_t>(data_, at)) : load<uint32_t>(data_, at);
    default:
      return load<uint64_t>(data_, at);
  }
}

// Offsets of a text or list.
bool ArrowColumn::range(int64_t at, int64_t limit, int64_t* begin, int64_t* end, std::string* why) const {
  *begin = width_ == 4 ? load<int32_t>(data_, at) : load<int64_t>(data_, at);
  *end = width_ == 4 ? load<int32_t>(data_, at + 1) : load<int64_t>(data_, at + 1);
  if (*begin < 0 || *end < *begin) return refuse(why, "its offsets are out of order");
  if (*end - *begin > kMaxText || *end > limit) return refuse(why, "its offsets are out of range");
  return true;
}

bool ArrowColumn::read(int64_t row, value::Arena& arena, Value* out, std::string* why) const {
  const int64_t at = array_->offset + row;
  if (is_null(at)) {
    *out = Value::missing();
    return true;
  }
  if (!dictionary_) return read_at(at, arena, out, why);
  const uint64_t index = integer(at);
  const auto size = static_cast<uint64_t>(part_->array_->length);
  if (index >= size)
    return refuse(why, fmt::format("index {} into a dictionary of {}", static_cast<int64_t>(index), size));
  return part_->read(static_cast<int64_t>(index), arena, out, why);
}

bool ArrowColumn::read_at(int64_t at, value::Arena& arena, Value* out, std::string* why) const {
  switch (form_) {
    case Form::kBool:
      *out = Value::boolean((data_[at / 8] >> (at % 8) & 1) != 0);
      return true;
    case Form::kFloat:
      *out = Value::dbl(static_cast<double>(load<float>(data_, at)));
      return true;
    case Form::kDouble:
      *out = Value::dbl(load<double>(data_, at));
      return true;
    case Form::kInt:
    case Form::kUint:
      return read_number(at, out, why);
    case Form::kText:
    case Form::kBytes: {
      int64_t begin, end;
      if (!range(at, INT64_MAX, &begin, &end, why)) return false;
      if (text_ == nullptr && begin != end) return refuse(why, "the buffer of its bytes is NULL");
      const std::string_view text =
          begin == end ? std::string_view("") : std::string_view(text_ + begin, static_cast<size_t>(end - begin));
      if (form_ == Form::kText && !value::valid_utf8(text)) return refuse(why, "the text is not valid UTF-8");
      *out = form_ == Form::kText ? Value::string(text) : Value::bytes(text);
      return true;
    }
    case Form::kTime:
    case Form::kDuration: {
      const auto v = load<int64_t>(data_, at);
      int64_t seconds = v / per_second_, rest = v % per_second_;
      if (rest < 0) --seconds, rest += per_second_;
      const auto nanos = static_cast<uint32_t>(rest * (1'000'000'000 / per_second_));
      if (form_ == Form::kDuration) {
        if (seconds < -value::kMaxDuration || seconds >= value::kMaxDuration)
          return refuse(why, fmt::format("{} s is too long", seconds));
        *out = Value::duration(seconds, nanos);
        return true;
      }
      if (seconds < value::kMinTimestamp || seconds > value::kMaxTimestamp)
        return refuse(why, fmt::format("{} s is not within years 1 to 9999", seconds));
      *out = Value::timestamp(seconds, nanos);
      return true;
    }
    case Form::kList:
      return read_list(at, arena, out, why);
    case Form::kNull:
      *out = Value::missing();
      return true;
  }
  return false;
}

bool ArrowColumn::read_number(int64_t at, Value* out, std::string* why) const {
  const uint64_t v = integer(at);
  const auto as_signed = static_cast<int64_t>(v);
  const bool is_signed = form_ == Form::kInt;
  switch (kind_ == WEIR_TYPE_DYN ? (is_signed ? WEIR_TYPE_INT : WEIR_TYPE_UINT) : kind_) {
    case WEIR_TYPE_INT:
      if (!is_signed && as_signed < 0) return refuse(why, fmt::format("{} is no int", v));
      *out = Value::integer(as_signed);
      return true;
    case WEIR_TYPE_UINT:
      if (is_signed && as_signed < 0) return refuse(why, fmt::format("{} is no uint", as_signed));
      *out = Value::uint(v);
      return true;
    default:
      *out = Value::dbl(is_signed ? static_cast<double>(as_signed) : static_cast<double>(v));
      return true;
  }
}

bool ArrowColumn::read_list(int64_t at, value::Arena& arena, Value* out, std::string* why) const {
  int64_t begin, end;
  if (!range(at, part_->array_->length, &begin, &end, why)) return false;
  const auto size = static_cast<size_t>(end - begin);
  auto* const list = arena.allocate_array<value::ListRep>(1);
  auto* const items = arena.allocate_array<Value>(size);
  if (list == nullptr || items == nullptr) return refuse(why, "its lists take too much memory");
  for (size_t i = 0; i < size; ++i) {
    if (!part_->read(begin + static_cast<int64_t>(i), arena, &items[i], why)) return false;
    if (!items[i].is_missing()) continue;
    if (part_->kind_ != WEIR_TYPE_DYN) return refuse(why, "a list has a null");
    items[i] = Value::null();
  }
  *list = {};
  list->size = list->capacity = static_cast<uint32_t>(size);
  list->items = items;
  *out = Value::of(list);
  return true;
}

}  // namespace weir::embed
