// Interned types: two types are the same exactly if their pointers are.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weir::types {

enum class Kind : uint8_t {
  kError,  // stands in after a reported error; silences what follows
  kDyn,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kType,      // the type of a type; args[0] if known
  kList,      // args[0]
  kMap,       // args[0] key, args[1] value
  kOptional,  // args[0]
  kEntity,    // name; args[0] its base, string or int
  kAbstract,  // name; args (net.IP, net.CIDR, those of a host)
  kParam,     // name: a type parameter of an overload's signature
};

class Type {
 public:
  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }  // entity, abstract, parameter; else empty
  const std::vector<const Type*>& args() const { return args_; }
  const Type* arg(size_t i) const { return args_[i]; }
  bool is(Kind kind) const { return kind_ == kind; }
  // An entity's base, any other type itself: what the type is to CEL functions and at run time.
  const Type* base() const { return kind_ == Kind::kEntity ? args_[0] : this; }

 private:
  friend class TypeTable;
  Kind kind_ = Kind::kDyn;
  std::string name_;
  std::vector<const Type*> args_;
};

// Owns types. Creating types is thread-safe; types live as long as the table.
class TypeTable {
 public:
  TypeTable();
  TypeTable(const TypeTable&) = delete;
  TypeTable& operator=(const TypeTable&) = delete;

  const Type* primitive(Kind kind) const { return primitives_[static_cast<size_t>(kind)]; }
  const Type* error() const { return primitive(Kind::kError); }
  const Type* dyn() const { return primitive(Kind::kDyn); }
  const Type* null() const { return primitive(Kind::kNull); }
  const Type* boolean() const { return primitive(Kind::kBool); }
  const Type* integer() const { return primitive(Kind::kInt); }
  const Type* uint() const { return primitive(Kind::kUint); }
  const Type* dbl() const { return primitive(Kind::kDouble); }
  const Type* string() const { return primitive(Kind::kString); }
  const Type* bytes() const { return primitive(Kind::kBytes); }
  const Type* timestamp() const { return primitive(Kind::kTimestamp); }
  const Type* duration() const { return primitive(Kind::kDuration); }
  const Type* list(const Type* element);
  const Type* map(const Type* key, const Type* value);
  const Type* optional(const Type* value);
  const Type* type_of(const Type* value);
  const Type* entity(std::string_view name, const Type* base);
  const Type* abstract(std::string_view name, std::vector<const Type*> args = {});
  const Type* param(std::string_view name);
  const Type* intern(Kind kind, std::string_view name, std::vector<const Type*> args);

  // Reads a signature's type: int, list<T>, map<K, V>, optional<T>, type<T>, net.IP, one capital letter = parameter.
  // Null if the text is malformed.
  const Type* parse(std::string_view text);

 private:
  using Key = std::tuple<Kind, std::string, std::vector<const Type*>>;
  mutable std::mutex mutex_;
  std::map<Key, const Type*> interned_;
  std::deque<Type> storage_;
  const Type* primitives_[12] = {};
};

// As users write it: int, list<string>, map<string, int>, optional<T>, Account, net.IP, null, dyn.
std::string to_string(const Type* type);

}  // namespace weir::types
