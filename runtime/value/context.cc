#include "runtime/value/context.h"

#include <new>

namespace weir::value {

Value make_error(EvalContext& ctx, ErrorCode code, std::string_view message) {
  if (ctx.arena == nullptr) return Value::fail(code);
  // An error text is for people: a hostile argument quoted in it must not eat the arena.
  constexpr size_t kLongest = 512;
  if (message.size() > kLongest) message = message.substr(0, kLongest);
  const char* text = ctx.arena->copy(message);
  void* room = ctx.arena->allocate(sizeof(ErrorInfo));
  if (text == nullptr || room == nullptr) return Value::fail(code);
  return Value::fail(code, new (room) ErrorInfo{{text, message.size()}});
}

}  // namespace weir::value
