#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "compiler/check/scope.h"

namespace weir::check {

using types::Type;

namespace {

struct TypeName {
  std::string_view name;
  std::string_view type;     // as TypeTable::parse reads it
  std::string_view runtime;  // what the value is called at run time
};
constexpr TypeName kTypeNames[] = {
    {"bool", "bool", "bool"},
    {"int", "int", "int"},
    {"uint", "uint", "uint"},
    {"double", "double", "double"},
    {"string", "string", "string"},
    {"bytes", "bytes", "bytes"},
    {"list", "list<dyn>", "list"},
    {"map", "map<dyn, dyn>", "map"},
    {"null_type", "null", "null_type"},
    {"type", "type", "type"},
    {"dyn", "dyn", "dyn"},
    {"optional_type", "optional<dyn>", "optional_type"},
    {"google.protobuf.Timestamp", "timestamp", "google.protobuf.Timestamp"},
    {"google.protobuf.Duration", "duration", "google.protobuf.Duration"},
    {"net.IP", "net.IP", "net.IP"},
    {"net.CIDR", "net.CIDR", "net.CIDR"},
};

size_t count_parts(std::string_view name) { return 1 + static_cast<size_t>(std::count(name.begin(), name.end(), '.')); }

// Calls `visit` with container.name, then with shorter and shorter containers, then with the bare name, until it says
// true.
template <typename Visit>
void for_each_candidate(std::string_view container, std::string_view name, bool absolute, Visit visit) {
  if (!absolute) {
    while (!container.empty()) {
      std::string candidate = fmt::format("{}.{}", container, name);
      if (visit(std::string_view(candidate))) return;
      size_t dot = container.rfind('.');
      container = dot == std::string_view::npos ? std::string_view() : container.substr(0, dot);
    }
  }
  visit(name);
}

}  // namespace

std::optional<Binding> find_type_name(std::string_view name, types::TypeTable& types) {
  for (const TypeName& entry : kTypeNames) {
    if (entry.name != name) continue;
    Binding binding;
    binding.type = types.type_of(types.parse(entry.type));
    binding.ref.kind = RefKind::kTypeName;
    binding.ref.text = entry.runtime;
    return binding;
  }
  return std::nullopt;
}

std::span<const std::string_view> type_names() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const TypeName& entry : kTypeNames) all.push_back(entry.name);
    return all;
  }();
  return names;
}

std::vector<const syntax::Expr*> selection_chain(const syntax::Expr& expr) {
  std::vector<const syntax::Expr*> chain = {&expr};
  while (chain.back()->kind == syntax::ExprKind::kSelect && chain.back()->operand != nullptr) {
    chain.push_back(chain.back()->operand);
  }
  return chain;
}

bool qualified_name(const syntax::Expr& expr, std::string* out, size_t max_parts) {
  std::vector<std::string_view> parts;
  const syntax::Expr* e = &expr;
  while (e->kind == syntax::ExprKind::kSelect && !e->test_only && e->operand != nullptr) {
    parts.push_back(e->name);
    if (parts.size() >= max_parts) return false;
    e = e->operand;
  }
  if (e->kind != syntax::ExprKind::kIdent) return false;
  *out = e->name;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    *out += '.';
    *out += *part;
  }
  return true;
}

EnvScope::EnvScope(const ExprEnv& env, types::TypeTable& types, const types::OverloadTable& overloads)
    : env_(env), types_(types), overloads_(overloads) {
  for (size_t i = 0; i < env.variables.size(); ++i) {
    variables_.emplace(env.variables[i].name, static_cast<int>(i));
    max_parts_ = std::max(max_parts_, count_parts(env.variables[i].name));
  }
  for (const HostOverload& host : env.functions) max_parts_ = std::max(max_parts_, count_parts(host.function));
}

std::optional<Binding> EnvScope::find(std::string_view name, bool absolute) {
  std::optional<Binding> result;
  for_each_candidate(env_.container, name, absolute, [&](std::string_view candidate) {
    auto found = variables_.find(candidate);
    if (found != variables_.end()) {
      result.emplace();
      result->type = env_.variables[static_cast<size_t>(found->second)].type;
      result->ref.kind = RefKind::kSlot;
      result->ref.index = found->second;
      return true;
    }
    result = find_type_name(candidate, types_);
    return result.has_value();
  });
  return result;
}

void EnvScope::report_undeclared(const syntax::Expr& chain, std::span<const std::string_view> locals,
                                 base::DiagnosticSink& sink) {
  const syntax::Expr& root = *selection_chain(chain).back();
  std::vector<std::string_view> names(locals.begin(), locals.end());
  for (const Variable& variable : env_.variables) names.push_back(variable.name);
  names.insert(names.end(), type_names().begin(), type_names().end());
  auto diagnostic = sink.emit(base::DiagKind::kUndeclared, root.span, fmt::format("`{}` is not declared", root.name));
  std::string_view guess = base::did_you_mean(root.name, names);
  if (!guess.empty()) diagnostic.hint(fmt::format("did you mean `{}`?", guess));
}

std::string EnvScope::find_function(std::string_view name) {
  bool absolute = !name.empty() && name[0] == '.';
  if (absolute) name.remove_prefix(1);
  std::string result;
  for_each_candidate(env_.container, name, absolute, [&](std::string_view candidate) {
    bool known = overloads_.has_function(candidate) ||
                 std::any_of(env_.functions.begin(), env_.functions.end(),
                             [&](const HostOverload& host) { return host.function == candidate; });
    if (known) result = candidate;
    return known;
  });
  return result;
}

std::vector<const HostOverload*> EnvScope::host_overloads(std::string_view name) {
  std::vector<const HostOverload*> result;
  for (const HostOverload& host : env_.functions)
    if (host.function == name) result.push_back(&host);
  return result;
}

}  // namespace weir::check
