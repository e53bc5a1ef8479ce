// Strings and bytes of core CEL. Sizes count code points; searching works on bytes, which UTF-8 allows.
#include <cstring>

#include "runtime/value/bodies.h"
#include "runtime/value/regex.h"
#include "runtime/value/utf8.h"

namespace weir::value {
namespace {

// The arena copy of both texts one after the other; null if it does not fit.
const char* concatenate(EvalContext& ctx, const Value& left, const Value& right) {
  uint64_t size = uint64_t{left.aux} + right.aux;
  if (!charge_linear(ctx, left, right) || size > UINT32_MAX) return nullptr;
  char* text = static_cast<char*>(ctx.arena->allocate(size));
  if (text == nullptr) return nullptr;
  if (left.aux > 0) std::memcpy(text, left.s, left.aux);
  if (right.aux > 0) std::memcpy(text + left.aux, right.s, right.aux);
  return text;
}

bool contains(std::string_view text, std::string_view part) {
  if (part.empty()) return true;
  return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

Value match(EvalContext& ctx, const Value& text, const Value& pattern) {
  Value problem;
  const RE2* regex = charged_regex(ctx, pattern, text.aux, &problem);
  if (regex == nullptr) return problem;
  return Value::boolean(RE2::PartialMatch(re2::StringPiece(text.s, text.aux), *regex));
}

}  // namespace

WEIR_BODY(add_string) {
  const char* text = concatenate(ctx, a[0], a[1]);
  *out = text == nullptr ? budget_error() : Value::string({text, size_t{a[0].aux} + a[1].aux});
}
WEIR_BODY(add_bytes) {
  const char* text = concatenate(ctx, a[0], a[1]);
  *out = text == nullptr ? budget_error() : Value::bytes({text, size_t{a[0].aux} + a[1].aux});
}

WEIR_BODY(size_string) {
  charge_linear(ctx, a[0]);
  *out = Value::integer(static_cast<int64_t>(count_code_points(a[0].str())));
}
WEIR_BODY(size_bytes) { *out = Value::integer(a[0].aux); }
WEIR_BODY(member_size_string) { weir_bi_size_string(ctx, a, out); }
WEIR_BODY(member_size_bytes) { weir_bi_size_bytes(ctx, a, out); }

WEIR_BODY(contains_string) {
  charge_linear(ctx, a[0], a[1]);
  *out = Value::boolean(contains(a[0].str(), a[1].str()));
}
WEIR_BODY(starts_with) {
  if (a[0].aux >= a[1].aux) charge_read(ctx, a[1].aux);
  *out = Value::boolean(a[0].str().starts_with(a[1].str()));
}
WEIR_BODY(ends_with) {
  if (a[0].aux >= a[1].aux) charge_read(ctx, a[1].aux);
  *out = Value::boolean(a[0].str().ends_with(a[1].str()));
}

WEIR_BODY(matches_global) { *out = match(ctx, a[0], a[1]); }
WEIR_BODY(matches_member) { *out = match(ctx, a[0], a[1]); }

}  // namespace weir::value
