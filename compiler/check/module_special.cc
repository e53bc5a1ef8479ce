// Forms that only statements know: features read at a key, members of lists, labels of a key.
#include <fmt/format.h>

#include "compiler/check/infer.h"
#include "compiler/check/module_scope.h"

namespace weir::check {

using syntax::Expr;
using syntax::ExprKind;
using types::Kind;
using types::Type;

namespace {

bool is_labels_call(const Expr& e) {
  return e.kind == ExprKind::kCall && e.operand == nullptr && e.name == "labels" && e.args.size() == 1;
}

bool is_string_literal(const Expr& e) {
  return e.kind == ExprKind::kConst && e.constant.kind == syntax::ConstKind::kString;
}

Ref ref_to(RefKind kind, int index) {
  Ref ref;
  ref.kind = kind;
  ref.index = index;
  return ref;
}

}  // namespace

const Symbol* ModuleScope::named(const Expr& operand, Symbol::Kind kind, const Inference& inference) const {
  std::string name;
  if (operand.kind != ExprKind::kIdent && operand.kind != ExprKind::kSelect) return nullptr;
  if (!qualified_name(operand, &name, max_parts()) || inference.is_local(selection_chain(operand).back()->name)) {
    return nullptr;
  }
  bool absolute = name[0] == '.';
  if (!absolute && find_variable(name)) return nullptr;
  const Symbol* symbol = visible_value(std::string_view(name).substr(absolute ? 1 : 0));
  return symbol != nullptr && symbol->kind == kind ? symbol : nullptr;
}

bool ModuleScope::check_special(const Expr& call, Inference& inference) {
  if (call.operand != nullptr) return false;
  if (call.name == "_[_]" && call.args.size() == 2) {
    const Symbol* feature = named(*call.args[0], Symbol::Kind::kFeature, inference);
    if (feature == nullptr) return false;
    check_feature_at(call, feature->index, inference);
    return true;
  }
  if (call.name == "@in" && call.args.size() == 2) {
    if (is_labels_call(*call.args[1])) {
      check_has_label(call, *call.args[1], inference);
      return true;
    }
    const Symbol* list = named(*call.args[1], Symbol::Kind::kList, inference);
    if (list == nullptr) return false;
    check_list_member(call, list->index, inference);
    return true;
  }
  if (is_labels_call(call)) {
    check_labels(call, inference);
    return true;
  }
  return false;
}

void ModuleScope::check_feature_at(const Expr& call, int index, Inference& inference) {
  const Feature& feature = module_.features[static_cast<size_t>(index)];
  const Type* type = feature.type != nullptr ? feature.type : types_.error();
  const Expr& key = *call.args[1];
  std::vector<const Expr*> keys = {&key};
  size_t wanted = feature.key_types.size();
  bool failed = type->is(Kind::kError);
  if (wanted > 1) {
    if (key.kind != ExprKind::kList || key.args.size() != wanted) {
      inference.sink()
          .emit(base::DiagKind::kTypeMismatch, key.span,
                fmt::format("feature `{}` is kept by {} keys", feature.name, wanted))
          .hint(fmt::format("read it as `{}[[key, ...]]` with {} keys in the inner brackets", feature.name, wanted));
      inference.set(call, types_.error());
      return;
    }
    keys.assign(key.args.begin(), key.args.end());
    inference.set(key, types_.list(types_.dyn()));
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const Type* seen = inference.resolved(inference.check(*keys[i]));
    failed |= seen->is(Kind::kError);
    if (i >= wanted || feature.key_types[i] == nullptr || inference.assignable(seen, feature.key_types[i])) continue;
    failed = true;
    report_mismatch(inference.sink(), keys[i]->span, fmt::format("the key of feature `{}`", feature.name),
                    feature.key_types[i], seen)
        .label(feature.keys[i]->span, "kept by this");
  }
  inference.set(*call.args[0], type, ref_to(RefKind::kNone, -1));
  if (failed) {
    inference.set(call, types_.error());
  } else {
    inference.set(call, type, ref_to(RefKind::kFeatureAt, index));
  }
}

void ModuleScope::check_list_member(const Expr& call, int index, Inference& inference) {
  const List& list = module_.lists[static_cast<size_t>(index)];
  const Type* seen = inference.resolved(inference.check(*call.args[0]));
  bool fits = inference.assignable(seen, list.element) ||
              (list.kind == ListKind::kCidr && inference.assignable(seen, types_.abstract("net.IP")));
  inference.set(*call.args[1], types_.list(list.element));
  if (!fits) {
    // Such lists are asked with texts, but `string` is not what their declaration says.
    std::string_view kind = list.kind == ListKind::kDomain  ? "domain"
                            : list.kind == ListKind::kCidr  ? "cidr"
                            : list.kind == ListKind::kRegex ? "regex"
                                                            : "";
    if (kind.empty()) {
      report_mismatch(inference.sink(), call.args[0]->span, fmt::format("a member of list `{}`", list.name),
                      list.element, seen)
          .label(list.span, "declared here");
    } else {
      inference.sink()
          .emit(base::DiagKind::kTypeMismatch, call.args[0]->span,
                fmt::format("list `{}` is of kind `{}` and is asked with a `string`, this is `{}`", list.name, kind,
                            types::to_string(seen)))
          .label(list.span, "declared here");
    }
    inference.set(call, types_.error());
    return;
  }
  if (seen->is(Kind::kError)) {
    inference.set(call, types_.error());
  } else {
    inference.set(call, types_.boolean(), ref_to(RefKind::kListMember, index));
  }
}

// The entity whose labels a key has: its own, or the only one there is if the key is a plain text or number.
int ModuleScope::entity_of_key(const Type* key, const Expr& at, Inference& inference) const {
  if (key->is(Kind::kError)) return -1;
  int only = -1;
  bool several = false;
  for (const Label& label : module_.labels) {
    if (label.entity < 0) continue;
    several |= only >= 0 && only != label.entity;
    only = label.entity;
  }
  for (size_t i = 0; i < module_.entities.size(); ++i)
    if (module_.entities[i].type == key) return static_cast<int>(i);
  if (only >= 0 && !several && inference.assignable(key, module_.entities[static_cast<size_t>(only)].type)) return only;
  inference.sink()
      .emit(base::DiagKind::kTypeMismatch, at.span,
            fmt::format("`labels` needs an entity, this is `{}`", types::to_string(key)))
      .hint("declare the field with an entity type: `entity Account: string`");
  return -1;
}

void ModuleScope::check_labels(const Expr& call, Inference& inference) {
  const Type* key = inference.resolved(inference.check(*call.args[0]));
  int entity = entity_of_key(key, *call.args[0], inference);
  if (entity < 0) {
    inference.set(call, types_.error());
  } else {
    inference.set(call, types_.list(types_.string()), ref_to(RefKind::kLabels, entity));
  }
}

void ModuleScope::check_has_label(const Expr& call, const Expr& labels, Inference& inference) {
  const Expr& name = *call.args[0];
  if (!is_string_literal(name)) {
    const Type* type = inference.resolved(inference.check(name));
    check_labels(labels, inference);
    bool failed = type->is(Kind::kError) || inference.annotations().at(labels).type->is(Kind::kError);
    if (!failed && !inference.assignable(type, types_.string())) {
      report_mismatch(inference.sink(), name.span, "the name of a label", types_.string(), type);
      failed = true;
    }
    inference.set(call, failed ? types_.error() : types_.boolean(), ref_to(RefKind::kHasLabel, -1));
    return;
  }
  inference.set(name, types_.string());
  const Type* key = inference.resolved(inference.check(*labels.args[0]));
  const Symbol* symbol = symbols_.find(Symbol::Kind::kLabel, name.constant.s);
  if (symbol == nullptr) {
    auto diagnostic = inference.sink().emit(base::DiagKind::kUndeclared, name.span,
                                            fmt::format("label `{}` is not declared", name.constant.s));
    std::vector<std::string_view> names = symbols_.names(Symbol::Kind::kLabel);
    std::string_view guess = base::did_you_mean(name.constant.s, names);
    diagnostic.hint(guess.empty() ? fmt::format("declare it: `label {} on {}`", name.constant.s,
                                                key->is(Kind::kEntity) ? types::to_string(key) : "Entity")
                                  : fmt::format("did you mean `{}`?", guess));
  }
  int entity = symbol == nullptr ? -1 : module_.labels[static_cast<size_t>(symbol->index)].entity;
  const Type* wanted = entity < 0 ? types_.error() : module_.entities[static_cast<size_t>(entity)].type;
  if (entity >= 0 && !inference.assignable(key, wanted)) {
    report_mismatch(inference.sink(), labels.args[0]->span,
                    fmt::format("label `{}` is on `{}`; the key", name.constant.s, types::to_string(wanted)), wanted,
                    key)
        .label(symbol->span, "declared here");
    entity = -1;
  }
  inference.set(labels, types_.list(types_.string()), ref_to(RefKind::kLabels, entity));
  if (entity < 0 || key->is(Kind::kError)) {
    inference.set(call, types_.error());
  } else {
    inference.set(call, types_.boolean(), ref_to(RefKind::kHasLabel, symbol->index));
  }
}

}  // namespace weir::check
