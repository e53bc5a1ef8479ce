#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/infer.h"

namespace weir::check {

using syntax::Expr;
using syntax::ExprKind;
using types::Type;

namespace {

// Marks of selections within a chain: looked at from its outer end already, and found to be a field of a value, or a
// name.
enum Mark : uint8_t { kUnmarked, kField, kName };

uint8_t& mark_of(std::vector<uint8_t>& marks, const Expr& e) {
  if (e.id >= marks.size()) marks.resize(e.id + 1, kUnmarked);
  return marks[e.id];
}

bool is_absolute(std::string_view name) { return !name.empty() && name[0] == '.'; }

}  // namespace

const Inference::Local* Inference::find_local(std::string_view name) const {
  for (auto local = locals_.rbegin(); local != locals_.rend(); ++local)
    if (local->name == name) return &*local;
  return nullptr;
}

void Inference::resolve_identifier(const Expr& e) {
  if (const Local* local = find_local(e.name)) {
    Ref ref;
    ref.kind = RefKind::kLocal;
    ref.decl = local->decl;
    ref.which = local->which;
    set(e, local->type, std::move(ref));
    return;
  }
  bool absolute = is_absolute(e.name);
  std::string_view name = e.name;
  if (absolute) name.remove_prefix(1);
  if (auto binding = scope_->find(name, absolute)) {
    set(e, binding->type, std::move(binding->ref));
    return;
  }
  report_undeclared(e);
  set(e, types_.error());
}

// The longest prefix of a.b.c that is a name is that name, the rest are fields. True if `e` itself is a name (or an
// error).
bool Inference::resolve_chain(const Expr& e) {
  switch (mark_of(marks_, e)) {
    case kField:
      return false;
    case kName:
      return true;
    default:
      break;
  }
  std::vector<const Expr*> chain = selection_chain(e);
  const Expr& root = *chain.back();
  if (root.kind != ExprKind::kIdent || is_local(root.name)) {
    for (size_t i = 0; i + 1 < chain.size(); ++i) mark_of(marks_, *chain[i]) = kField;
    return false;
  }
  bool absolute = is_absolute(root.name);
  std::string name = absolute ? root.name.substr(1) : root.name;
  std::vector<size_t> ends = {name.size()};  // ends[k]: length of the name of k + 1 parts
  for (size_t k = 1; k < chain.size() && k < scope_->max_parts(); ++k) {
    name += '.';
    name += chain[chain.size() - 1 - k]->name;
    ends.push_back(name.size());
  }
  auto prefix = [&](size_t k) { return std::string_view(name).substr(0, ends[k]); };

  // has(a.b) asks for the field b of a; only if there is no a, for the presence of a.b.
  size_t outermost = chain.size() - 1;
  bool test_whole = e.test_only && ends.size() > outermost;
  for (size_t k = test_whole ? outermost : ends.size(); k-- > 0;) {
    auto binding = scope_->find(prefix(k), absolute);
    if (!binding) continue;
    for (size_t i = 0; i + 1 < chain.size(); ++i) mark_of(marks_, *chain[i]) = kField;
    if (k == 0) return false;  // the identifier itself: found again on the way down
    const Expr& named = *chain[chain.size() - 1 - k];
    mark_of(marks_, named) = kName;
    set(named, binding->type, std::move(binding->ref));
    return &named == &e;
  }
  if (test_whole) {
    auto binding = scope_->find(prefix(outermost), absolute);
    if (binding && binding->ref.kind == RefKind::kSlot) {
      set(e, types_.boolean(), std::move(binding->ref));
      return true;
    }
  }
  report_undeclared(e);
  set(e, types_.error());
  return true;
}

// `post.?ip`: an optional of the slot, where `post` by itself is no value.
bool Inference::resolve_optional_field(const Expr& e) {
  if (e.args.size() != 2 || e.args[1]->kind != ExprKind::kConst) return false;
  std::string name;
  if (!qualified_name(*e.args[0], &name, scope_->max_parts())) return false;
  if (is_local(selection_chain(*e.args[0]).back()->name)) return false;
  bool absolute = is_absolute(name);
  if (absolute) name.erase(0, 1);
  for (size_t end = name.size(); end != std::string::npos && end > 0; end = name.rfind('.', end - 1))
    if (scope_->find(std::string_view(name).substr(0, end), absolute)) return false;
  auto binding = scope_->find(fmt::format("{}.{}", name, e.args[1]->constant.s), absolute);
  if (!binding) {
    if (!scope_->report_optional_field(name, *e.args[1], sink_)) return false;
    set(e, types_.error());
    return true;
  }
  if (binding->ref.kind != RefKind::kSlot) return false;
  set(e, types_.optional(binding->type), std::move(binding->ref));
  return true;
}

void Inference::report_undeclared(const Expr& chain) {
  std::vector<std::string_view> locals;
  for (const Local& local : locals_)
    if (local.which != Ref::Var::kAccu) locals.push_back(local.name);
  scope_->report_undeclared(chain, locals, sink_);
}

// `text.normalise(x)`: an unknown function of a known namespace rather than an undeclared variable `text`.
bool Inference::report_unknown_in_namespace(const Expr& call, std::string_view prefix) {
  std::string_view name = prefix;
  for (size_t end = name.size(); end != std::string_view::npos && end > 0; end = name.rfind('.', end - 1))
    if (scope_->find(name.substr(0, end), false)) return false;
  std::vector<std::string_view> namespaces;
  for (std::string_view function : overloads_.function_names()) {
    size_t dot = function.rfind('.');
    if (dot != std::string_view::npos && function.find('@') == std::string_view::npos)
      namespaces.push_back(function.substr(0, dot));
  }
  if (std::find(namespaces.begin(), namespaces.end(), prefix) == namespaces.end()) {
    // `txt.normalise(x)`: only if the namespace nearby has the function, or the name may as well be a value's.
    std::string_view guess = base::did_you_mean(prefix, namespaces);
    std::string_view meant = guess.empty() ? guess : near_function(fmt::format("{}.{}", guess, call.name));
    if (meant.empty()) return false;
    sink_
        .emit(base::DiagKind::kUnknownFunction,
              base::Span{call.name_span.file, call.operand->span.begin, call.name_span.end},
              fmt::format("there is no function `{}.{}`", prefix, call.name))
        .hint(fmt::format("did you mean `{}`?", meant));
    set(call, types_.error());
    return true;
  }
  report_unknown_function(call, fmt::format("{}.{}", prefix, call.name), types::CallStyle::kGlobal);
  set(call, types_.error());
  return true;
}

// The global function of this name, or one that is spelt much like it; empty if there is none.
std::string_view Inference::near_function(std::string_view function) const {
  std::vector<std::string_view> names;
  for (std::string_view name : overloads_.function_names()) {
    if (name.find('@') != std::string_view::npos || overloads_.find(name, types::CallStyle::kGlobal).empty()) continue;
    if (name == function) return name;
    names.push_back(name);
  }
  return base::did_you_mean(function, names);
}

}  // namespace weir::check
