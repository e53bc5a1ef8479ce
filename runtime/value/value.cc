#include "runtime/value/value.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "runtime/value/containers.h"
#include "runtime/value/number.h"

namespace weir::value {
namespace {

enum class Answer : uint8_t { kUnequal, kEqual, kDescend };

bool same_text(const Value& a, const Value& b) {
  return a.aux == b.aux && (a.s == b.s || a.aux == 0 || std::memcmp(a.s, b.s, a.aux) == 0);
}

bool same_ip(const IpRep& a, const IpRep& b) {
  return a.family == b.family && std::memcmp(a.bytes, b.bytes, a.family == 4 ? 4 : 16) == 0;
}

bool equal_across(const Value& a, const Value& b) {
  if (a.kind > b.kind) return equal_across(b, a);
  if (a.is(Kind::kInt) && b.is(Kind::kUint)) return same_number(a.i, b.u);
  if (a.is(Kind::kInt) && b.is(Kind::kDouble)) return same_number(a.i, b.d);
  if (a.is(Kind::kUint) && b.is(Kind::kDouble)) return same_number(a.u, b.d);
  return false;
}

// Decides all that needs no look inside a list, map or optional.
Answer equal_shallow(const Value& a, const Value& b) {
  auto answer = [](bool same) { return same ? Answer::kEqual : Answer::kUnequal; };
  if (a.kind != b.kind) return answer(equal_across(a, b));
  switch (a.kind) {
    case Kind::kNull:
      return Answer::kEqual;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
      return answer(a.i == b.i);
    case Kind::kDouble:
      return answer(a.d == b.d);
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return answer(same_text(a, b));
    case Kind::kTimestamp:
    case Kind::kDuration:
      return answer(a.i == b.i && a.aux == b.aux);
    case Kind::kIp:
      return answer(same_ip(*a.ip, *b.ip));
    case Kind::kCidr:
      return answer(a.cidr->prefix == b.cidr->prefix && same_ip(a.cidr->ip, b.cidr->ip));
    case Kind::kList:
      if (a.list->size != b.list->size) return Answer::kUnequal;
      return a.list->size == 0 ? Answer::kEqual : Answer::kDescend;
    case Kind::kMap:
      if (a.map->size != b.map->size) return Answer::kUnequal;
      return a.map->size == 0 ? Answer::kEqual : Answer::kDescend;
    case Kind::kOptional:
      if (a.optional == nullptr || b.optional == nullptr) return answer(a.optional == b.optional);
      return Answer::kDescend;
    case Kind::kMissing:
    case Kind::kError:
      break;
  }
  return Answer::kUnequal;
}

// Values may be nested deeper than the machine's stack is: pairs still to be compared wait in a list instead.
class DeepComparison {
 public:
  DeepComparison(const Value& a, const Value& b) { pending_.emplace_back(&a, &b); }

  bool run(int64_t* steps) {
    while (!pending_.empty()) {
      auto [a, b] = pending_.back();
      pending_.pop_back();
      if (!descend(*a, *b, steps)) return false;
      if (steps != nullptr && *steps < 0) return false;
    }
    return true;
  }

 private:
  bool want(const Value& a, const Value& b) {
    Answer answer = equal_shallow(a, b);
    if (answer == Answer::kDescend) pending_.emplace_back(&a, &b);
    return answer != Answer::kUnequal;
  }

  bool descend(const Value& a, const Value& b, int64_t* steps) {
    if (a.is(Kind::kOptional)) return want(*a.optional, *b.optional);
    uint32_t size = a.is(Kind::kList) ? a.list->size : a.map->size;
    if (steps != nullptr) *steps -= 1 + size / 16;
    for (uint32_t i = 0; i < size; ++i) {
      if (a.is(Kind::kList)) {
        if (!want(a.list->items[i], b.list->items[i])) return false;
        continue;
      }
      const MapEntry& entry = a.map->entries[i];
      const Value* other = find(*b.map, entry.key);
      if (other == nullptr || !want(entry.value, *other)) return false;
    }
    return true;
  }

  std::vector<std::pair<const Value*, const Value*>> pending_;
};

// Seeds keep kinds apart that hold the same bytes.
enum Seed : uint64_t { kSeedScalar = 1, kSeedNegative, kSeedNumber, kSeedFraction, kSeedText, kSeedContainer = 64 };

uint64_t mix(uint64_t bits, uint64_t seed) { return XXH3_64bits_withSeed(&bits, sizeof bits, seed); }

uint64_t hash_int(int64_t i) { return mix(static_cast<uint64_t>(i), i < 0 ? kSeedNegative : kSeedNumber); }

uint64_t hash_double(double d) {
  int64_t i;
  uint64_t u;
  if (exact_int(d, &i)) return hash_int(i);
  if (exact_uint(d, &u)) return mix(u, kSeedNumber);
  uint64_t bits = 0x7ff8000000000000;  // every NaN
  if (!std::isnan(d)) std::memcpy(&bits, &d, sizeof bits);
  return mix(bits, kSeedFraction);
}

uint64_t hash_ip(const IpRep& ip) {
  return XXH3_64bits_withSeed(ip.bytes, ip.family == 4 ? 4 : 16, kSeedText + static_cast<uint64_t>(Kind::kIp));
}

// A container within a container is looked into only if its share of this budget covers its size, else its kind and
// size count: lists that share parts can be exponentially larger than the memory they take. Shares depend on sizes
// only, so that equal values hash alike.
constexpr uint64_t kHashBudget = uint64_t{1} << 14;

uint64_t hash_within(const Value& v, uint64_t budget) {
  uint64_t kind = static_cast<uint64_t>(v.kind);
  switch (v.kind) {
    case Kind::kInt:
      return hash_int(v.i);
    case Kind::kUint:
      return mix(v.u, kSeedNumber);
    case Kind::kDouble:
      return hash_double(v.d);
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return XXH3_64bits_withSeed(v.s, v.aux, kSeedText + kind);
    case Kind::kTimestamp:
    case Kind::kDuration:
      return mix(mix(static_cast<uint64_t>(v.i), kSeedContainer + kind), v.aux);
    case Kind::kIp:
      return hash_ip(*v.ip);
    case Kind::kCidr:
      return mix(hash_ip(v.cidr->ip), kSeedContainer + v.cidr->prefix);
    case Kind::kList: {
      uint64_t h = mix(v.list->size, kSeedContainer + kind);
      if (v.list->size > budget) return h;
      for (uint32_t i = 0; i < v.list->size; ++i)
        h = mix(h, hash_within(v.list->items[i], (budget - 1) / v.list->size));
      return h;
    }
    case Kind::kMap: {
      uint64_t sum = 0;  // a sum does not see the order
      for (uint32_t i = 0; v.map->size <= budget && i < v.map->size; ++i) {
        const MapEntry& e = v.map->entries[i];
        sum += mix(hash_within(e.key, 0), hash_within(e.value, (budget - 1) / v.map->size));
      }
      return mix(sum + v.map->size, kSeedContainer + kind);
    }
    case Kind::kOptional: {
      bool descend = v.optional != nullptr && budget > 1;
      return mix(descend ? hash_within(*v.optional, budget - 1) : v.optional != nullptr, kSeedContainer + kind);
    }
    case Kind::kMissing:
    case Kind::kError:
    case Kind::kNull:
    case Kind::kBool:
      break;
  }
  return mix(static_cast<uint64_t>(v.i), kSeedContainer + kind);
}

}  // namespace

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNone:
      return "none";
    case ErrorCode::kOverflow:
      return "overflow";
    case ErrorCode::kDivideByZero:
      return "divide_by_zero";
    case ErrorCode::kModulusByZero:
      return "modulus_by_zero";
    case ErrorCode::kNoSuchKey:
      return "no_such_key";
    case ErrorCode::kNoSuchOverload:
      return "no_such_overload";
    case ErrorCode::kNoSuchField:
      return "no_such_field";
    case ErrorCode::kIndexOutOfRange:
      return "index_out_of_range";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kDuplicateKey:
      return "duplicate_key";
    case ErrorCode::kOptionalNone:
      return "optional_none";
    case ErrorCode::kUndeclared:
      return "undeclared";
    case ErrorCode::kBudget:
      return "budget";
    case ErrorCode::kUnbound:
      return "unbound";
  }
  return "unknown";
}

std::string_view type_name(const Value& v) {
  switch (v.kind) {
    case Kind::kMissing:
      return "missing";
    case Kind::kError:
      return "error";
    case Kind::kNull:
      return "null_type";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kTimestamp:
      return "google.protobuf.Timestamp";
    case Kind::kDuration:
      return "google.protobuf.Duration";
    case Kind::kType:
      return "type";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kOptional:
      return "optional_type";
    case Kind::kIp:
      return "net.IP";
    case Kind::kCidr:
      return "net.CIDR";
  }
  return "unknown";
}

bool equal(const Value& a, const Value& b, int64_t* steps) {
  Answer answer = equal_shallow(a, b);
  if (answer != Answer::kDescend) return answer == Answer::kEqual;
  return DeepComparison(a, b).run(steps);
}

uint64_t hash(const Value& v) {
  uint64_t size = v.is(Kind::kList) ? v.list->size : v.is(Kind::kMap) ? v.map->size : 0;
  return hash_within(v, kHashBudget + size);
}

}  // namespace weir::value
