// Calls whose overload is chosen by the kinds of the arguments at run time.
#include <fmt/format.h>

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/types/type.h"
#include "runtime/value/bodies.h"
#include "runtime/value/operations.h"

namespace weir::value {
namespace {

using KindSet = uint32_t;
constexpr KindSet kAnyKind = ~KindSet{0};
constexpr KindSet only(Kind kind) { return KindSet{1} << static_cast<uint32_t>(kind); }

// What a parameter accepts: a set of kinds and, if its type says so, of what is inside.
struct Pattern {
  KindSet kinds = kAnyKind;
  std::unique_ptr<Pattern> first;   // element of a list or optional, key of a map; null accepts anything
  std::unique_ptr<Pattern> second;  // value of a map

  bool accepts(const Value& v) const {
    if ((kinds & only(v.kind)) == 0) return false;
    if (v.is(Kind::kList) && first != nullptr) {
      for (uint32_t i = 0; i < v.list->size; ++i)
        if (!first->accepts(v.list->items[i])) return false;
    }
    if (v.is(Kind::kOptional) && first != nullptr) return v.optional == nullptr || first->accepts(*v.optional);
    if (v.is(Kind::kMap) && (first != nullptr || second != nullptr)) {
      for (uint32_t i = 0; i < v.map->size; ++i) {
        const MapEntry& e = v.map->entries[i];
        if (first != nullptr && !first->accepts(e.key)) return false;
        if (second != nullptr && !second->accepts(e.value)) return false;
      }
    }
    return true;
  }
};

KindSet kinds_of(const types::Type& type) {
  switch (type.kind()) {
    case types::Kind::kNull:
      return only(Kind::kNull);
    case types::Kind::kBool:
      return only(Kind::kBool);
    case types::Kind::kInt:
      return only(Kind::kInt);
    case types::Kind::kUint:
      return only(Kind::kUint);
    case types::Kind::kDouble:
      return only(Kind::kDouble);
    case types::Kind::kString:
      return only(Kind::kString);
    case types::Kind::kBytes:
      return only(Kind::kBytes);
    case types::Kind::kTimestamp:
      return only(Kind::kTimestamp);
    case types::Kind::kDuration:
      return only(Kind::kDuration);
    case types::Kind::kType:
      return only(Kind::kType);
    case types::Kind::kList:
      return only(Kind::kList);
    case types::Kind::kMap:
      return only(Kind::kMap);
    case types::Kind::kOptional:
      return only(Kind::kOptional);
    case types::Kind::kAbstract:
      if (type.name() == "net.IP") return only(Kind::kIp);
      if (type.name() == "net.CIDR") return only(Kind::kCidr);
      return 0;
    case types::Kind::kEntity:
      return kinds_of(*type.base());
    case types::Kind::kError:
    case types::Kind::kDyn:
    case types::Kind::kParam:
      break;
  }
  return kAnyKind;
}

std::unique_ptr<Pattern> inner_pattern(const types::Type& type);

Pattern pattern_of(const types::Type& type) {
  Pattern pattern;
  pattern.kinds = kinds_of(type);
  if (type.is(types::Kind::kList) || type.is(types::Kind::kOptional) || type.is(types::Kind::kMap)) {
    pattern.first = inner_pattern(*type.arg(0));
    if (type.is(types::Kind::kMap)) pattern.second = inner_pattern(*type.arg(1));
  }
  return pattern;
}

std::unique_ptr<Pattern> inner_pattern(const types::Type& type) {
  Pattern pattern = pattern_of(type);
  if (pattern.kinds == kAnyKind) return nullptr;
  return std::make_unique<Pattern>(std::move(pattern));
}

struct Candidate {
  BuiltinFn body;
  std::vector<Pattern> params;
};

// The overloads of builtins.def by name and style, read once. Immutable afterwards.
class DispatchTable {
 public:
  DispatchTable() {
    types::TypeTable types;
    types::OverloadTable overloads(types);
    for (size_t i = 0; i < types::kBuiltinCount; ++i) {
      auto id = static_cast<types::BuiltinId>(i);
      const types::Overload& overload = overloads.overload(id);
      if (overload.result == nullptr) continue;
      Candidate candidate{builtin_body(id), {}};
      for (const types::Type* param : overload.params) candidate.params.push_back(pattern_of(*param));
      // As in cel-go the body copes with elements that are no lists.
      if (id == types::BuiltinId::list_flatten) candidate.params[0].first = nullptr;
      by_name_[static_cast<size_t>(overload.style)][types::builtin_info(id).function].push_back(std::move(candidate));
    }
  }

  const std::vector<Candidate>* find(std::string_view function, types::CallStyle style) const {
    const auto& named = by_name_[static_cast<size_t>(style)];
    auto found = named.find(function);
    return found == named.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<std::string_view, std::vector<Candidate>> by_name_[3];  // one a style
};

const DispatchTable& dispatch_table() {
  static const DispatchTable table;
  return table;
}

bool accepts(const Candidate& candidate, const Value* args, uint32_t count) {
  if (candidate.params.size() != count) return false;
  for (uint32_t i = 0; i < count; ++i)
    if (!candidate.params[i].accepts(args[i])) return false;
  return true;
}

Value no_overload(EvalContext& ctx, std::string_view function, const Value* args, uint32_t count) {
  std::string kinds;
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) kinds += ", ";
    kinds += type_name(args[i]);
  }
  return make_error(ctx, ErrorCode::kNoSuchOverload, fmt::format("no overload of `{}` takes ({})", function, kinds));
}

}  // namespace

Value call_dynamic(EvalContext& ctx, std::string_view function, types::CallStyle style, const Value* args,
                   uint32_t count) {
  // Indexing takes more kinds of index than the checker's overloads say, and optionals.
  if (function == "_[_]" && count == 2) return index(ctx, args[0], args[1]);
  const std::vector<Candidate>* candidates = dispatch_table().find(function, style);
  if (candidates == nullptr) {
    return make_error(ctx, ErrorCode::kUndeclared, fmt::format("unknown function `{}`", function));
  }
  for (const Candidate& candidate : *candidates) {
    if (!accepts(candidate, args, count)) continue;
    Value result;
    candidate.body(ctx, args, &result);
    return result;
  }
  return no_overload(ctx, function, args, count);
}

}  // namespace weir::value
