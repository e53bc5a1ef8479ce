#include "runtime/value/bodies.h"

#include <fmt/format.h>

namespace weir::value {
namespace {

const char* copy_text(EvalContext& ctx, std::string_view text) {
  return text.size() > UINT32_MAX ? nullptr : ctx.arena->copy(text);
}

}  // namespace

Value wrong_kind(EvalContext& ctx, std::string_view function, const Value& v) {
  return make_error(ctx, ErrorCode::kNoSuchOverload, fmt::format("`{}` cannot take `{}`", function, type_name(v)));
}

Value new_string(EvalContext& ctx, std::string_view text) {
  const char* copy = copy_text(ctx, text);
  return copy == nullptr ? budget_error() : Value::string({copy, text.size()});
}

Value new_bytes(EvalContext& ctx, std::string_view text) {
  const char* copy = copy_text(ctx, text);
  return copy == nullptr ? budget_error() : Value::bytes({copy, text.size()});
}

}  // namespace weir::value
