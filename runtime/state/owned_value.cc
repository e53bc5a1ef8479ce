#include "runtime/state/owned_value.h"

#include <cstring>
#include <new>

namespace weir::state {
namespace {

using value::Kind;
using value::Value;

constexpr size_t kAlign = 16;
size_t aligned(size_t n) { return (n + kAlign - 1) & ~(kAlign - 1); }

// Bytes of everything v points to, each piece aligned.
size_t measure(const Value& v) {
  switch (v.kind) {
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return aligned(v.aux);
    case Kind::kList: {
      size_t n = aligned(sizeof(value::ListRep)) + aligned(v.list->size * sizeof(Value));
      for (uint32_t i = 0; i < v.list->size; ++i) n += measure(v.list->items[i]);
      return n;
    }
    case Kind::kMap: {
      size_t n = aligned(sizeof(value::MapRep)) + aligned(v.map->size * sizeof(value::MapEntry));
      if (v.map->index) n += aligned((v.map->index_mask + size_t{1}) * sizeof(uint32_t));
      for (uint32_t i = 0; i < v.map->size; ++i) n += measure(v.map->entries[i].key) + measure(v.map->entries[i].value);
      return n;
    }
    case Kind::kOptional:
      return v.optional ? aligned(sizeof(Value)) + measure(*v.optional) : 0;
    case Kind::kIp:
      return aligned(sizeof(value::IpRep));
    case Kind::kCidr:
      return aligned(sizeof(value::CidrRep));
    default:
      return 0;
  }
}

class Copier {
 public:
  explicit Copier(char* next) : next_(next) {}

  Value copy(const Value& v) {
    Value out = v;
    switch (v.kind) {
      case Kind::kString:
      case Kind::kBytes:
      case Kind::kType: {
        char* p = take(v.aux);
        if (v.aux > 0) std::memcpy(p, v.s, v.aux);
        out.s = p;
        out.reserved[0] = 0;  // a compiled pattern stays with the original
        break;
      }
      case Kind::kList: {
        auto* rep = new (take(sizeof(value::ListRep))) value::ListRep;
        auto* items = reinterpret_cast<Value*>(take(v.list->size * sizeof(Value)));
        rep->size = rep->capacity = v.list->size;
        rep->items = items;
        for (uint32_t i = 0; i < v.list->size; ++i) items[i] = copy(v.list->items[i]);
        out.list = rep;
        break;
      }
      case Kind::kMap: {
        auto* rep = new (take(sizeof(value::MapRep))) value::MapRep;
        auto* entries = reinterpret_cast<value::MapEntry*>(take(v.map->size * sizeof(value::MapEntry)));
        rep->size = rep->capacity = v.map->size;
        rep->entries = entries;
        if (v.map->index) {
          const size_t n = (v.map->index_mask + size_t{1}) * sizeof(uint32_t);
          char* index = take(n);
          std::memcpy(index, v.map->index, n);
          rep->index = reinterpret_cast<uint32_t*>(index);
          rep->index_mask = v.map->index_mask;
        }
        for (uint32_t i = 0; i < v.map->size; ++i) {
          entries[i] = {copy(v.map->entries[i].key), copy(v.map->entries[i].value)};
        }
        out.map = rep;
        break;
      }
      case Kind::kOptional:
        if (v.optional) {
          auto* inner = new (take(sizeof(Value))) Value;
          *inner = copy(*v.optional);
          out.optional = inner;
        }
        break;
      case Kind::kIp:
        out.ip = new (take(sizeof(value::IpRep))) value::IpRep(*v.ip);
        break;
      case Kind::kCidr:
        out.cidr = new (take(sizeof(value::CidrRep))) value::CidrRep(*v.cidr);
        break;
      default:
        break;
    }
    return out;
  }

 private:
  char* take(size_t n) {
    char* p = next_;
    next_ += aligned(n);
    return p;
  }
  char* next_;
};

}  // namespace

Value copy_to(value::Arena& arena, const Value& v) {
  const size_t size = measure(v);
  if (size == 0) return v;
  char* p = static_cast<char*>(arena.allocate(size));
  return p == nullptr ? Value::fail(value::ErrorCode::kBudget) : Copier(p).copy(v);
}

bool OwnedValue::load(Reader& in) {
  value::Arena arena;  // takes no memory unless the value is a container
  const Value v = read_value(in, arena);
  if (!in.expects(v.kind)) return in.fail("a value is of another kind than its feature's");
  if (!in.ok() || !in.allocates(measure(v), 1)) return false;
  assign(v);
  return true;
}

void OwnedValue::assign(const Value& v) {
  const size_t size = measure(v);
  std::unique_ptr<char[]> heap(size > 0 ? new char[size] : nullptr);  // new char[] is aligned for any scalar: 16
  value_ = Copier(heap.get()).copy(v);
  heap_ = std::move(heap);
  size_ = size;
}

}  // namespace weir::state
