// The one table of functions and operators, shared by checker, interpreter, native code and documentation.
//
// builtins.def declares overloads; this header gives each a BuiltinId and its static description. Bodies live in
// runtime/value, one per overload, all of one C signature.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/types/type.h"

namespace weir::types {

enum class BuiltinId : uint16_t {
#define WEIR_BUILTIN(id, function, style, signature, cost, doc, example) id,
#include "compiler/types/builtins.def"
#undef WEIR_BUILTIN
  kCount,
};

inline constexpr size_t kBuiltinCount = static_cast<size_t>(BuiltinId::kCount);

// How a call is written: f(x), x.f(), or an operator (whose function name is CEL's internal one, such as "_+_").
enum class CallStyle : uint8_t { kGlobal, kMember, kOperator };

// Cost in steps: kLinear = 1 + total size of string, bytes, list, map arguments / 16; kRegex = 1 + size/4; kQuadratic =
// 1 + product of the two sizes / 16. kConst takes time but no steps: how much of it there can be is bounded by the text
// of the rules and by the rounds of comprehensions, which are charged. Static bounds (check/cost.h) count it as 1.
enum class Cost : uint8_t { kConst, kLinear, kRegex, kQuadratic };

struct BuiltinInfo {
  BuiltinId id;
  std::string_view id_name;
  std::string_view function;  // "size", "_+_", "@in", "text.normalize"
  CallStyle style;
  std::string_view signature;  // "(list<T>, T) -> bool"; a member's receiver is the first parameter
  Cost cost;
  std::string_view doc;
  std::string_view example;  // a CEL expression that is true
};

const BuiltinInfo& builtin_info(BuiltinId id);

// A signature read against a type table.
struct Overload {
  BuiltinId id;
  CallStyle style;
  std::vector<const Type*> params;
  const Type* result = nullptr;
};

// Reads "(type, type) -> type" into params and result. False if the text is malformed.
bool read_signature(std::string_view text, TypeTable& types, Overload& out);

// All overloads grouped by function name. Immutable once made; holds pointers into the type table.
class OverloadTable {
 public:
  explicit OverloadTable(TypeTable& types);
  // Overloads of a function called in a style, in order of declaration; empty if unknown.
  std::vector<const Overload*> find(std::string_view function, CallStyle style) const;
  const Overload& overload(BuiltinId id) const { return overloads_[static_cast<size_t>(id)]; }
  bool has_function(std::string_view function) const;
  std::vector<std::string_view> function_names() const;

 private:
  std::vector<Overload> overloads_;
  std::unordered_map<std::string_view, std::vector<BuiltinId>> by_function_;
};

}  // namespace weir::types
