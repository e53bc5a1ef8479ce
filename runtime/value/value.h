// CEL values at run time: 16 bytes, trivially copyable, the same for every tier.
//
// A Value borrows: text, lists and maps it points to live in an Arena, in an event's buffer or in a rule set's
// constants, and must outlive it. `error` and `missing` are values of their own here, so that three-valued logic needs
// no second channel: every evaluation yields a Value, and callers look at its kind.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::value {

// The numbers are part of the ABI between the tiers.
enum class Kind : uint8_t {
  kMissing = 0,  // CEL's unknown: an absent optional field or a warming feature; which: aux (see MissingCause)
  kError = 1,    // aux = ErrorCode, p = const ErrorInfo* or null
  kNull = 2,
  kBool = 3,       // i = 0 or 1
  kInt = 4,        // i
  kUint = 5,       // u
  kDouble = 6,     // d
  kString = 7,     // UTF-8, s[0, aux)
  kBytes = 8,      // s[0, aux)
  kTimestamp = 9,  // i = seconds since the epoch, aux = nanoseconds in [0, 1e9)
  kDuration = 10,  // i = seconds rounded down, aux = nanoseconds in [0, 1e9)
  kType = 11,      // CEL's name of a type, as a string
  kList = 12,      // p = const ListRep*
  kMap = 13,       // p = const MapRep*
  kOptional = 14,  // p = const Value*, null for none
  kIp = 15,        // p = const IpRep*
  kCidr = 16,      // p = const CidrRep*
};

enum class ErrorCode : uint32_t {
  kNone,
  kOverflow,
  kDivideByZero,
  kModulusByZero,
  kNoSuchKey,
  kNoSuchOverload,
  kNoSuchField,
  kIndexOutOfRange,
  kInvalidArgument,  // conversions, formats, regular expressions, dates
  kDuplicateKey,
  kOptionalNone,  // value() of none
  kUndeclared,    // unchecked evaluation of an unknown name or function
  kBudget,        // step or size budget exhausted
  kUnbound,       // a function declared by the host without a body
};
std::string_view error_code_name(ErrorCode code);  // "overflow", "divide_by_zero", …

struct ListRep;
struct MapRep;
struct IpRep;
struct CidrRep;
struct ErrorInfo {  // in an arena
  std::string_view message;
};

struct Value {
  Kind kind = Kind::kMissing;
  // [0]: the text at `s` carries its compiled pattern (regex.h); 0 in a copy of it. [1]: an event's id that the reader
  // made up, as the record has none.
  uint8_t reserved[3] = {0, 0, 0};
  uint32_t aux = 0;
  union {
    int64_t i = 0;
    uint64_t u;
    double d;
    const char* s;
    const void* p;
    const ListRep* list;
    const MapRep* map;
    const Value* optional;
    const IpRep* ip;
    const CidrRep* cidr;
    const ErrorInfo* error;
  };

  bool is(Kind k) const { return kind == k; }
  bool ok() const { return kind > Kind::kError; }
  bool is_error() const { return kind == Kind::kError; }
  bool is_missing() const { return kind == Kind::kMissing; }
  // Of an event's id: made up by the reader of file and line. Two that are equal are still two events.
  bool is_default_id() const { return reserved[1] != 0; }
  void set_default_id() { reserved[1] = 1; }
  bool is_warming() const { return kind == Kind::kMissing && aux >> 24 == 3; }
  bool is_true() const { return kind == Kind::kBool && i != 0; }
  bool is_false() const { return kind == Kind::kBool && i == 0; }
  std::string_view str() const { return {s, aux}; }
  ErrorCode error_code() const { return static_cast<ErrorCode>(aux); }

  // Why a value is missing, for counting: which slot or feature.
  static uint32_t missing_slot(uint32_t slot) { return (1u << 24) | slot; }
  static uint32_t missing_feature(uint32_t feature) { return (2u << 24) | feature; }
  static uint32_t missing_warming(uint32_t feature) { return (3u << 24) | feature; }  // it is new: see State
  static Value missing(uint32_t cause = 0) {
    Value v;
    v.aux = cause;
    return v;
  }
  static Value null() { return make(Kind::kNull); }
  static Value boolean(bool b) {
    Value v = make(Kind::kBool);
    v.i = b;
    return v;
  }
  static Value integer(int64_t i) {
    Value v = make(Kind::kInt);
    v.i = i;
    return v;
  }
  static Value uint(uint64_t u) {
    Value v = make(Kind::kUint);
    v.u = u;
    return v;
  }
  static Value dbl(double d) {
    Value v = make(Kind::kDouble);
    v.d = d;
    return v;
  }
  static Value string(std::string_view t) { return text(Kind::kString, t); }
  static Value bytes(std::string_view t) { return text(Kind::kBytes, t); }
  static Value type(std::string_view name) { return text(Kind::kType, name); }
  static Value timestamp(int64_t seconds, uint32_t nanos) {
    Value v = make(Kind::kTimestamp);
    v.i = seconds;
    v.aux = nanos;
    return v;
  }
  static Value duration(int64_t seconds, uint32_t nanos) {
    Value v = make(Kind::kDuration);
    v.i = seconds;
    v.aux = nanos;
    return v;
  }
  static Value of(const ListRep* l) {
    Value v = make(Kind::kList);
    v.list = l;
    return v;
  }
  static Value of(const MapRep* m) {
    Value v = make(Kind::kMap);
    v.map = m;
    return v;
  }
  static Value of(const IpRep* r) {
    Value v = make(Kind::kIp);
    v.ip = r;
    return v;
  }
  static Value of(const CidrRep* r) {
    Value v = make(Kind::kCidr);
    v.cidr = r;
    return v;
  }
  static Value none() { return make(Kind::kOptional); }
  static Value some(const Value* v) {  // *v in an arena
    Value o = make(Kind::kOptional);
    o.optional = v;
    return o;
  }
  static Value fail(ErrorCode code, const ErrorInfo* info = nullptr) {
    Value v = make(Kind::kError);
    v.aux = static_cast<uint32_t>(code);
    v.error = info;
    return v;
  }

 private:
  static Value make(Kind k) {
    Value v;
    v.kind = k;
    return v;
  }
  static Value text(Kind k, std::string_view t) {
    Value v = make(k);
    v.aux = static_cast<uint32_t>(t.size());
    v.s = t.data();
    return v;
  }
};
static_assert(sizeof(Value) == 16);

// `index`: as MapRep's, over items; only constant lists of more than 8 scalars have one, and `in` uses it.
struct ListRep {
  uint32_t size = 0;
  uint32_t capacity = 0;  // > size only while a fold builds the list (see list_append)
  const Value* items = nullptr;
  const uint32_t* index = nullptr;
  uint32_t index_mask = 0;
};

struct MapEntry {
  Value key;
  Value value;
};

// Entries in order of insertion. Keys are bool, int, uint or string; numerically equal keys are one key. `index` is an
// open-addressing hash table over entries (power-of-two, entry number + 1, 0 = free) for maps above 8 entries, else
// null.
struct MapRep {
  uint32_t size = 0;
  uint32_t capacity = 0;
  const MapEntry* entries = nullptr;
  const uint32_t* index = nullptr;
  uint32_t index_mask = 0;
};

struct IpRep {
  uint8_t bytes[16];  // network order; IPv4 in the first 4
  uint8_t family;     // 4 or 6
};
struct CidrRep {
  IpRep ip;  // as written: the host bits are kept
  uint8_t prefix;
};

// CEL's run-time name of a value's type: "int", "google.protobuf.Timestamp", "net.IP", "optional_type"…
std::string_view type_name(const Value& v);

// CEL equality: never fails; numbers across kinds; NaN unequal to itself; missing and error must not be passed.
// Charges *steps, if given, for what it finds inside lists and maps, and gives up (false) once they are below 0: lists
// that share parts can be exponentially larger than the memory they take.
bool equal(const Value& a, const Value& b, int64_t* steps = nullptr);
// Consistent with equal(): 1, 1u and 1.0 hash alike. Stable across processes and machines (feature keys, salts).
uint64_t hash(const Value& v);

}  // namespace weir::value
