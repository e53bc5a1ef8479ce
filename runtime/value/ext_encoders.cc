// base64.encode and base64.decode, after cel-go ext/encoders (RFC 4648; missing padding is accepted).
#include <array>

#include "runtime/value/ext_support.h"

namespace weir::value {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> make_digits() {
  std::array<int8_t, 256> digits{};
  for (int8_t& d : digits) d = -1;
  for (size_t i = 0; i < kAlphabet.size(); ++i)
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  return digits;
}
constexpr std::array<int8_t, 256> kDigits = make_digits();

Value encode(EvalContext& ctx, std::string_view bytes) {
  size_t size = (bytes.size() + 2) / 3 * 4;
  char* out = ctx.arena->allocate_array<char>(size);
  if (out == nullptr) return budget_error();
  char* p = out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) *p++ = j <= n ? kAlphabet[group >> (18 - 6 * j) & 63] : '=';
  }
  return Value::string({out, size});
}

Value decode(EvalContext& ctx, std::string_view text) {
  char* out = ctx.arena->allocate_array<char>(text.size() / 4 * 3 + 3);
  if (out == nullptr) return budget_error();
  size_t size = 0;
  size_t digits = 0;
  size_t padding = 0;
  uint32_t group = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;  // as MIME wraps lines
    if (c == '=') {
      ++padding;
      continue;
    }
    int8_t digit = kDigits[static_cast<unsigned char>(c)];
    if (digit < 0 || padding > 0) return ext::invalid(ctx, "illegal base64 data");
    group = group << 6 | static_cast<uint32_t>(digit);
    if (++digits % 4 == 0) {
      out[size++] = static_cast<char>(group >> 16);
      out[size++] = static_cast<char>(group >> 8);
      out[size++] = static_cast<char>(group);
      group = 0;
    }
  }
  size_t rest = digits % 4;
  if (rest == 1 || (padding > 0 && (rest == 0 || rest + padding != 4))) return ext::invalid(ctx, "illegal base64 data");
  if (rest >= 2) out[size++] = static_cast<char>(group >> (rest == 2 ? 4 : 10));
  if (rest == 3) out[size++] = static_cast<char>(group >> 2);
  return Value::bytes({out, size});
}

}  // namespace

WEIR_BODY_LINEAR(base64_encode, 1, encode(ctx, args[0].str()))
WEIR_BODY_LINEAR(base64_decode, 1, decode(ctx, args[0].str()))

}  // namespace weir::value
