// What the bodies of the extension functions (ext_*.cc) share: cost, and texts and lists built in the arena.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "runtime/value/bodies.h"
#include "runtime/value/context.h"
#include "runtime/value/unicode.h"
#include "runtime/value/value.h"

namespace weir::value::ext {

inline bool charge_linear(EvalContext& ctx, const Value* args, int count) {
  if (count == 0) return true;
  int64_t total = 0;
  for (int i = 0; i < count; ++i) total += size_of(args[i]);
  return charge(ctx, 1 + total / 16);
}

// Bodies whose result is one expression over ctx and args. A linear body charges for its first `count` arguments.
#define WEIR_BODY_CONST(id, expression)           \
  WEIR_BODY(id) {                                 \
    [[maybe_unused]] const Value* const args = a; \
    *out = (expression);                          \
  }
#define WEIR_BODY_LINEAR(id, count, expression)                                  \
  WEIR_BODY(id) {                                                                \
    const Value* const args = a;                                                 \
    *out = ext::charge_linear(ctx, args, count) ? (expression) : budget_error(); \
  }

// As above for an overload whose first arguments must be of these kinds: where the checker saw a list, an address or an
// optional, a null or a value of another kind may stand at run time.
#define WEIR_BODY_OF(id, count, expression, ...)                                      \
  WEIR_BODY(id) {                                                                     \
    const Value* const args = a;                                                      \
    if (!ext::kinds_are(ctx, types::BuiltinId::id, args, {__VA_ARGS__}, out)) return; \
    *out = ext::charge_linear(ctx, args, count) ? (expression) : budget_error();      \
  }

// False, with the error in *out, if an argument is not of the kind at its place.
bool kinds_are(EvalContext& ctx, types::BuiltinId id, const Value* args, std::initializer_list<Kind> kinds, Value* out);

// Grows in the arena; what it held before growing stays there until reset, at most as much again as the result.
class TextBuilder {
 public:
  TextBuilder(EvalContext& ctx, size_t expected) : ctx_(ctx) { reserve(expected); }

  void append(std::string_view text) {
    if (text.size() > capacity_ - size_ && !reserve(size_ + text.size())) return;
    if (!text.empty()) std::memcpy(data_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  void append(char c) { append(std::string_view(&c, 1)); }
  void append_code_point(char32_t c) {
    char bytes[4];
    append(std::string_view(bytes, utf8::encode(c, bytes)));
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }
  void truncate(size_t size) { size_ = size; }
  bool failed() const { return failed_; }

  // The text, or a budget error if there was no room. Charges for the length.
  Value finish(Kind kind = Kind::kString) {
    if (failed_ || size_ > UINT32_MAX || !charge(ctx_, static_cast<int64_t>(size_ / 16))) return budget_error();
    return kind == Kind::kBytes ? Value::bytes(view()) : Value::string(view());
  }

 private:
  bool reserve(size_t wanted) {
    if (failed_) return false;
    size_t capacity = wanted < 2 * capacity_ ? 2 * capacity_ : wanted < 16 ? 16 : wanted;
    auto* data = static_cast<char*>(ctx_.arena->allocate(capacity));
    if (data == nullptr) {
      failed_ = true;
      size_ = capacity_ = 0;
      return false;
    }
    if (size_ > 0) std::memcpy(data, data_, size_);
    data_ = data;
    capacity_ = capacity;
    return true;
  }

  EvalContext& ctx_;
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  bool failed_ = false;
};

class ListBuilder {
 public:
  ListBuilder(EvalContext& ctx, size_t expected) : ctx_(ctx) {
    if (expected > 0) reserve(expected);
  }

  void add(const Value& v) {
    if (size_ == capacity_ && !reserve(size_ + 1)) return;
    items_[size_++] = v;
  }
  size_t size() const { return size_; }
  const Value& operator[](size_t i) const { return items_[i]; }
  Value* begin() { return items_; }
  Value* end() { return items_ + size_; }
  bool failed() const { return failed_; }

  Value finish() {
    auto* rep = failed_ || size_ > UINT32_MAX ? nullptr : ctx_.arena->allocate_array<ListRep>(1);
    if (rep == nullptr || !charge(ctx_, static_cast<int64_t>(size_ / 16))) return budget_error();
    *rep = ListRep{};
    rep->size = rep->capacity = static_cast<uint32_t>(size_);
    rep->items = items_;
    return Value::of(rep);
  }

 private:
  bool reserve(size_t wanted) {
    if (failed_) return false;
    size_t capacity = wanted < 2 * capacity_ ? 2 * capacity_ : wanted < 4 ? 4 : wanted;
    auto* items = ctx_.arena->allocate_array<Value>(capacity);
    if (items == nullptr) {
      failed_ = true;
      size_ = capacity_ = 0;
      return false;
    }
    if (size_ > 0) std::memcpy(static_cast<void*>(items), items_, size_ * sizeof(Value));
    items_ = items;
    capacity_ = capacity;
    return true;
  }

  EvalContext& ctx_;
  Value* items_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  bool failed_ = false;
};

// An optional that holds v.
inline Value make_some(EvalContext& ctx, const Value& v) {
  auto* held = ctx.arena->allocate_array<Value>(1);
  if (held == nullptr) return budget_error();
  *held = v;
  return Value::some(held);
}

inline Value invalid(EvalContext& ctx, std::string_view message) {
  return make_error(ctx, ErrorCode::kInvalidArgument, message);
}

// Distinct values by CEL equality: an open-addressing table in the arena. Comparisons are charged, so that neither
// colliding hashes nor lists that share parts can stall: once the budget is gone every value counts as present.
class ValueSet {
 public:
  // Room for n values.
  ValueSet(EvalContext& ctx, uint32_t n);
  bool failed() const { return slots_ == nullptr || ctx_.steps < 0; }
  // True if no equal value was there. At most n values may be inserted. `v` is copied (16 bytes), what it points to is
  // not.
  bool insert(const Value& v);
  bool contains(const Value& v) const;

 private:
  struct Slot {
    Value value;
    uint64_t hash;
    uint64_t used;
  };
  Slot* find(const Value& v, uint64_t h) const;
  EvalContext& ctx_;
  Slot* slots_ = nullptr;
  uint32_t mask_ = 0;
};

}  // namespace weir::value::ext
