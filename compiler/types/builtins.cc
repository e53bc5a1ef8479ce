#include "compiler/types/builtins.h"

#include <algorithm>
#include <utility>

namespace weir::types {
namespace {

constexpr BuiltinInfo kInfos[] = {
#define WEIR_BUILTIN(id, function, style, signature, cost, doc, example) \
  {BuiltinId::id, #id, function, CallStyle::style, signature, Cost::cost, doc, example},
#include "compiler/types/builtins.def"
#undef WEIR_BUILTIN
};

}  // namespace

bool read_signature(std::string_view text, TypeTable& types, Overload& out) {
  size_t arrow = text.rfind(") -> ");
  if (text.empty() || text[0] != '(' || arrow == std::string_view::npos) return false;
  out.result = types.parse(text.substr(arrow + 5));
  if (out.result == nullptr) return false;
  std::string_view list = text.substr(1, arrow - 1);
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= list.size() && !list.empty(); ++i) {
    if (i < list.size() && list[i] == '<') ++depth;
    if (i < list.size() && list[i] == '>') --depth;
    if (i < list.size() && (list[i] != ',' || depth > 0)) continue;
    const Type* param = types.parse(list.substr(begin, i - begin));
    if (param == nullptr) return false;
    out.params.push_back(param);
    begin = i + 1;
  }
  return true;
}

const BuiltinInfo& builtin_info(BuiltinId id) { return kInfos[static_cast<size_t>(id)]; }

OverloadTable::OverloadTable(TypeTable& types) {
  overloads_.reserve(kBuiltinCount);
  for (const BuiltinInfo& info : kInfos) {
    Overload overload{info.id, info.style, {}, nullptr};
    // A null result marks a signature that could not be read; it is never found by a call.
    if (!read_signature(info.signature, types, overload)) overload.result = nullptr;
    if (overload.result != nullptr) by_function_[info.function].push_back(info.id);
    overloads_.push_back(std::move(overload));
  }
}

std::vector<const Overload*> OverloadTable::find(std::string_view function, CallStyle style) const {
  std::vector<const Overload*> result;
  auto found = by_function_.find(function);
  if (found == by_function_.end()) return result;
  for (BuiltinId id : found->second)
    if (overload(id).style == style) result.push_back(&overload(id));
  return result;
}

bool OverloadTable::has_function(std::string_view function) const { return by_function_.count(function) > 0; }

std::vector<std::string_view> OverloadTable::function_names() const {
  std::vector<std::string_view> names;
  names.reserve(by_function_.size());
  for (const auto& [name, ids] : by_function_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace weir::types
