#include "runtime/state/key.h"

#include <xxhash.h>

#include <cmath>
#include <cstring>

namespace weir::state {
namespace {

using value::Kind;
using value::Value;

Key of(XXH128_hash_t h) { return {h.low64, h.high64}; }

Key hash_tagged(uint8_t tag, uint64_t a, uint32_t b = 0) {
  uint8_t buffer[13];
  buffer[0] = tag;
  std::memcpy(buffer + 1, &a, 8);
  std::memcpy(buffer + 9, &b, 4);
  return of(XXH3_128bits(buffer, sizeof(buffer)));
}

Key hash_text(uint8_t tag, std::string_view text) { return of(XXH3_128bits_withSeed(text.data(), text.size(), tag)); }

Key hash_double(double d) {
  if (d >= -0x1p63 && d < 0x1p63 && std::trunc(d) == d) {
    return hash_tagged('i', static_cast<uint64_t>(static_cast<int64_t>(d)));
  }
  if (d >= 0x1p63 && d < 0x1p64 && std::trunc(d) == d) return hash_tagged('u', static_cast<uint64_t>(d));
  if (std::isnan(d)) d = std::nan("");  // one NaN, whatever its payload
  uint64_t bits;
  std::memcpy(&bits, &d, sizeof(bits));
  return hash_tagged('d', bits);
}

Key hash_value(const Value& v) {
  switch (v.kind) {
    case Kind::kString:
      return hash_text('s', v.str());
    case Kind::kBytes:
      return hash_text('b', v.str());
    case Kind::kType:
      return hash_text('t', v.str());
    case Kind::kBool:
      return hash_tagged('B', v.u);
    case Kind::kInt:
      return hash_tagged('i', v.u);
    case Kind::kUint:
      return hash_tagged(v.u <= INT64_MAX ? 'i' : 'u', v.u);
    case Kind::kDouble:
      return hash_double(v.d);
    case Kind::kTimestamp:
      return hash_tagged('T', v.u, v.aux);
    case Kind::kDuration:
      return hash_tagged('D', v.u, v.aux);
    case Kind::kNull:
      return hash_tagged('n', 0);
    default:
      return hash_tagged('v', value::hash(v));
  }
}

}  // namespace

Key make_key(const Value* parts, size_t count) {
  Key key = hash_value(parts[0]);
  for (size_t i = 1; i < count; ++i) {
    const Key next = hash_value(parts[i]);
    const uint64_t buffer[4] = {key.lo, key.hi, next.lo, next.hi};
    key = of(XXH3_128bits(buffer, sizeof(buffer)));
  }
  return key;
}

}  // namespace weir::state
