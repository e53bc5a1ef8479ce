#include "runtime/state/codec.h"

#include <new>

#include "runtime/value/containers.h"
#include "runtime/value/utf8.h"

namespace weir::state {
namespace {

using value::Kind;
using value::Value;

constexpr int kMaxDepth = 256;  // of lists in lists; decoders of events stop earlier
constexpr uint32_t kNanosPerSecond = 1'000'000'000;

void write_ip(const value::IpRep& ip, Writer& out) {
  out.u8(ip.family);
  out.raw(ip.bytes, ip.family == 4 ? 4 : 16);
}

class ValueReader {
 public:
  ValueReader(Reader& in, value::Arena& arena) : in_(in), arena_(arena) {}

  Value read(int depth) {
    const auto kind = static_cast<Kind>(in_.u8());
    if (depth > kMaxDepth) return fail("a value is nested too deeply");
    switch (kind) {
      case Kind::kNull:
        return Value::null();
      case Kind::kBool: {
        const uint8_t b = in_.u8();
        return b <= 1 ? Value::boolean(b != 0) : fail("a bool is neither true nor false");
      }
      case Kind::kInt:
        return Value::integer(in_.zigzag());
      case Kind::kUint:
        return Value::uint(in_.varint());
      case Kind::kDouble:
        return Value::dbl(in_.dbl());
      case Kind::kString:
      case Kind::kType:
      case Kind::kBytes:
        return text(kind);
      case Kind::kTimestamp:
      case Kind::kDuration: {
        const int64_t seconds = in_.zigzag();
        const uint64_t nanos = in_.varint();
        if (nanos >= kNanosPerSecond) return fail("a time has too many nanoseconds");
        return kind == Kind::kTimestamp ? Value::timestamp(seconds, static_cast<uint32_t>(nanos))
                                        : Value::duration(seconds, static_cast<uint32_t>(nanos));
      }
      case Kind::kList:
        return list(depth);
      case Kind::kMap:
        return map(depth);
      case Kind::kOptional:
        return optional(depth);
      case Kind::kIp: {
        auto* rep = make<value::IpRep>();
        return rep != nullptr && ip(rep) ? Value::of(rep) : Value::null();
      }
      case Kind::kCidr: {
        auto* rep = make<value::CidrRep>();
        if (rep == nullptr || !ip(&rep->ip)) return Value::null();
        rep->prefix = in_.u8();
        return rep->prefix <= (rep->ip.family == 4 ? 32 : 128) ? Value::of(rep) : fail("a CIDR prefix is too long");
      }
      case Kind::kMissing:
      case Kind::kError:
        break;
    }
    return fail("a value is of no known kind");
  }

 private:
  Value fail(const char* what) {
    in_.fail(what);
    return Value::null();
  }
  template <typename T>
  T* make(size_t n = 1) {
    if (!in_.allocates(n, sizeof(T))) return nullptr;
    T* p = arena_.allocate_array<T>(n);
    if (p == nullptr) {
      in_.fail("a value is too large");
      return nullptr;
    }
    for (size_t i = 0; i < n; ++i) new (p + i) T();
    return p;
  }

  Value text(Kind kind) {
    const std::string_view text = in_.text();
    if (text.size() > UINT32_MAX) return fail("a text is too long");
    if (kind == Kind::kBytes) return Value::bytes(text);
    if (!value::valid_utf8(text)) return fail("a text is not UTF-8");
    return kind == Kind::kString ? Value::string(text) : Value::type(text);
  }

  Value list(int depth) {
    const size_t size = in_.count(1);
    auto* rep = make<value::ListRep>();
    auto* items = make<Value>(size);
    if (rep == nullptr || items == nullptr) return Value::null();
    for (size_t i = 0; i < size && in_.ok(); ++i) items[i] = read(depth + 1);
    rep->size = rep->capacity = static_cast<uint32_t>(size);
    rep->items = items;
    return in_.ok() ? Value::of(rep) : Value::null();
  }

  Value map(int depth) {
    const size_t size = in_.count(2);
    const uint64_t slots = in_.varint();
    if (slots == 0 ? size > value::kIndexAbove : slots <= size || !std::has_single_bit(slots) || slots > UINT32_MAX) {
      return fail("a map's index does not fit it");
    }
    auto* rep = make<value::MapRep>();
    auto* entries = make<value::MapEntry>(size);
    if (rep == nullptr || entries == nullptr) return Value::null();
    rep->entries = entries;
    uint32_t* index = nullptr;
    if (slots > 0) {
      if (!in_.allocates(slots, sizeof(uint32_t))) return Value::null();
      index = value::make_index(arena_, static_cast<uint32_t>(slots));
      if (index == nullptr) return fail("a map is too large");
      rep->index = index;
      rep->index_mask = static_cast<uint32_t>(slots - 1);
    }
    for (uint32_t i = 0; i < size; ++i) {
      entries[i].key = read(depth + 1);
      entries[i].value = read(depth + 1);
      if (!in_.ok()) return Value::null();
      if (!value::is_map_key(entries[i].key.kind)) return fail("a map has a key of a kind that no key has");
      if (value::find(*rep, entries[i].key) != nullptr) return fail("a map has a key twice");
      if (index != nullptr) value::index_insert(index, rep->index_mask, value::hash(entries[i].key), i);
      rep->size = rep->capacity = i + 1;
    }
    return Value::of(rep);
  }

  Value optional(int depth) {
    const uint8_t some = in_.u8();
    if (some == 0) return Value::none();
    if (some != 1) return fail("an optional neither has a value nor has none");
    auto* inner = make<Value>();
    if (inner == nullptr) return Value::null();
    *inner = read(depth + 1);
    return Value::some(inner);
  }

  bool ip(value::IpRep* rep) {
    rep->family = in_.u8();
    if (rep->family != 4 && rep->family != 6) return in_.fail("an address is neither IPv4 nor IPv6");
    const std::string_view bytes = in_.raw(rep->family == 4 ? 4 : 16);
    std::memset(rep->bytes, 0, sizeof(rep->bytes));
    std::memcpy(rep->bytes, bytes.data(), bytes.size());
    return in_.ok();
  }

  Reader& in_;
  value::Arena& arena_;
};

}  // namespace

void write_value(const Value& v, Writer& out) {
  out.u8(static_cast<uint8_t>(v.kind));
  switch (v.kind) {
    case Kind::kMissing:
    case Kind::kError:
    case Kind::kNull:
      break;
    case Kind::kBool:
      out.u8(v.i != 0);
      break;
    case Kind::kInt:
      out.zigzag(v.i);
      break;
    case Kind::kUint:
      out.varint(v.u);
      break;
    case Kind::kDouble:
      out.dbl(v.d);
      break;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      out.text(v.str());
      break;
    case Kind::kTimestamp:
    case Kind::kDuration:
      out.zigzag(v.i);
      out.varint(v.aux);
      break;
    case Kind::kList:
      out.varint(v.list->size);
      for (uint32_t i = 0; i < v.list->size; ++i) write_value(v.list->items[i], out);
      break;
    case Kind::kMap:
      out.varint(v.map->size);
      out.varint(v.map->index != nullptr ? uint64_t{v.map->index_mask} + 1 : 0);
      for (uint32_t i = 0; i < v.map->size; ++i) {
        write_value(v.map->entries[i].key, out);
        write_value(v.map->entries[i].value, out);
      }
      break;
    case Kind::kOptional:
      out.u8(v.optional != nullptr);
      if (v.optional != nullptr) write_value(*v.optional, out);
      break;
    case Kind::kIp:
      write_ip(*v.ip, out);
      break;
    case Kind::kCidr:
      write_ip(v.cidr->ip, out);
      out.u8(v.cidr->prefix);
      break;
  }
}

Value read_value(Reader& in, value::Arena& arena) {
  const Value v = ValueReader(in, arena).read(0);
  return in.ok() ? v : Value::null();
}

Value read_value_or_missing(Reader& in, value::Arena& arena) {
  if (!in.at(static_cast<uint8_t>(Kind::kMissing))) return read_value(in, arena);
  in.u8();
  return Value::missing();
}

}  // namespace weir::state
