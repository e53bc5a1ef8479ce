// CEL's parse-only evaluation: names are resolved, operations are left to run time.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "compiler/check/expression.h"
#include "compiler/check/infer.h"
#include "compiler/check/scope.h"

namespace weir::check {
namespace {

using syntax::Expr;
using syntax::ExprKind;
using types::CallStyle;
using types::Type;

// Visits with an explicit stack, since unchecked trees may be as deep as the parser lets them be.
class Resolver {
 public:
  Resolver(EnvScope& scope, types::TypeTable& types, const types::OverloadTable& overloads, Annotations& annotations)
      : scope_(scope), types_(types), overloads_(overloads), annotations_(annotations) {}

  void run(const Expr& root) {
    push(&root);
    while (!tasks_.empty()) {
      Task task = tasks_.back();
      tasks_.pop_back();
      if (task.kind == Task::kPop) {
        locals_.resize(locals_.size() - 1);
      } else if (task.kind == Task::kBind) {
        locals_.push_back({task.name, task.expr, task.which});
      } else {
        visit(*task.expr);
      }
    }
  }

 private:
  struct Local {
    std::string_view name;
    const Expr* decl;
    Ref::Var which;
  };
  // What is left to do, last one first: look at an expression, or open or close the scope of a variable.
  struct Task {
    enum Kind : uint8_t { kVisit, kBind, kPop } kind;
    const Expr* expr = nullptr;
    std::string_view name;
    Ref::Var which = Ref::Var::kIter;
  };

  void push(const Expr* e) {
    if (e != nullptr) tasks_.push_back({Task::kVisit, e, {}, Ref::Var::kIter});
  }
  void push_bind(const Expr& decl, std::string_view name, Ref::Var which) {
    tasks_.push_back({Task::kBind, &decl, name, which});
  }
  void push_pop() { tasks_.push_back({Task::kPop, nullptr, {}, Ref::Var::kIter}); }

  const Local* find_local(std::string_view name) const {
    for (auto local = locals_.rbegin(); local != locals_.rend(); ++local)
      if (local->name == name) return &*local;
    return nullptr;
  }
  void set(const Expr& e, const Type* type, Ref ref = {}) { annotations_.at(e) = {type, std::move(ref)}; }
  void unresolved(const Expr& e, std::string message) {
    Ref ref;
    ref.kind = RefKind::kUnresolved;
    ref.text = std::move(message);
    set(e, types_.dyn(), std::move(ref));
  }

  void visit(const Expr& e) {
    switch (e.kind) {
      case ExprKind::kError:
        return unresolved(e, "the expression could not be parsed");
      case ExprKind::kConst:
        return set(e, constant_type(e.constant.kind));
      case ExprKind::kIdent:
        return visit_identifier(e);
      case ExprKind::kSelect:
        return visit_select(e);
      case ExprKind::kCall:
        return visit_call(e);
      case ExprKind::kStruct:
        return unresolved(e, fmt::format("there is no message type `{}`", e.name));
      case ExprKind::kList:
        set(e, types_.list(types_.dyn()));
        for (const Expr* arg : e.args) push(arg);
        return;
      case ExprKind::kMap:
        set(e, types_.map(types_.dyn(), types_.dyn()));
        for (const Expr* arg : e.args) push(arg);
        return;
      case ExprKind::kComprehension:
        return visit_comprehension(e);
    }
  }

  const Type* constant_type(syntax::ConstKind kind) const {
    switch (kind) {
      case syntax::ConstKind::kNull:
        return types_.null();
      case syntax::ConstKind::kBool:
        return types_.boolean();
      case syntax::ConstKind::kInt:
        return types_.integer();
      case syntax::ConstKind::kUint:
        return types_.uint();
      case syntax::ConstKind::kDouble:
        return types_.dbl();
      case syntax::ConstKind::kString:
        return types_.string();
      case syntax::ConstKind::kBytes:
        return types_.bytes();
    }
    return types_.dyn();
  }

  void visit_identifier(const Expr& e) {
    if (const Local* local = find_local(e.name)) {
      Ref ref;
      ref.kind = RefKind::kLocal;
      ref.decl = local->decl;
      ref.which = local->which;
      return set(e, types_.dyn(), std::move(ref));
    }
    bool absolute = !e.name.empty() && e.name[0] == '.';
    if (auto binding = scope_.find(std::string_view(e.name).substr(absolute ? 1 : 0), absolute)) {
      return set(e, binding->ref.kind == RefKind::kSlot ? types_.dyn() : binding->type, std::move(binding->ref));
    }
    unresolved(e, fmt::format("undeclared reference to '{}'", e.name));
  }

  // The chain is a name if it is one as a whole; a shorter prefix is found further down.
  void visit_select(const Expr& e) {
    std::string name;
    if (!e.test_only && qualified_name(e, &name, scope_.max_parts())) {
      bool absolute = name[0] == '.';
      if (!find_local(selection_chain(e).back()->name)) {
        if (auto binding = scope_.find(std::string_view(name).substr(absolute ? 1 : 0), absolute)) {
          return set(e, binding->ref.kind == RefKind::kSlot ? types_.dyn() : binding->type, std::move(binding->ref));
        }
      }
    }
    set(e, e.test_only ? types_.boolean() : types_.dyn());
    push(e.operand);
  }

  void visit_call(const Expr& e) {
    Ref ref;
    ref.kind = RefKind::kDynCall;
    std::string function = e.name;
    if (is_operator(e.name)) {
      ref.style = CallStyle::kOperator;
    } else if (e.operand == nullptr) {
      function = scope_.find_function(e.name);
    } else {
      ref.style = CallStyle::kMember;
      std::string prefix;
      if (qualified_name(*e.operand, &prefix, scope_.max_parts()) &&
          !find_local(selection_chain(*e.operand).back()->name)) {
        std::string qualified = scope_.find_function(fmt::format("{}.{}", prefix, e.name));
        if (!qualified.empty()) {
          ref.style = CallStyle::kGlobal;
          function = std::move(qualified);
        }
      }
    }
    bool member = ref.style == CallStyle::kMember;
    if (overloads_.find(function, ref.style).empty()) {
      if (ref.style == CallStyle::kOperator) {
        ref.kind = RefKind::kNone;  // an operation of the IR
      } else if (!scope_.host_overloads(function).empty()) {
        ref.kind = RefKind::kHostCall;
      } else {
        ref.kind = RefKind::kUnresolved;
        ref.text = overloads_.has_function(e.name) ? "no such overload" : fmt::format("unbound function '{}'", e.name);
      }
    } else if (function != e.name) {
      ref.text = std::move(function);
    }
    set(e, types_.dyn(), std::move(ref));
    if (member) push(e.operand);
    for (const Expr* arg : e.args) push(arg);
  }

  void visit_comprehension(const Expr& e) {
    const syntax::Comprehension& c = *e.comprehension;
    set(e, types_.dyn());
    // Pushed backwards: range and init outside, then the accumulator's scope, within it the loop's.
    push_pop();
    push(c.result);
    push_bind(e, c.accu_var, Ref::Var::kAccu);
    push_pop();
    push_pop();
    if (!c.iter_var2.empty()) push_pop();
    push(c.loop_step);
    push(c.loop_condition);
    if (!c.iter_var2.empty()) push_bind(e, c.iter_var2, Ref::Var::kIter2);
    push_bind(e, c.iter_var, Ref::Var::kIter);
    push_bind(e, c.accu_var, Ref::Var::kAccu);
    push(c.accu_init);
    push(c.iter_range);
  }

  EnvScope& scope_;
  types::TypeTable& types_;
  const types::OverloadTable& overloads_;
  Annotations& annotations_;
  std::vector<Task> tasks_;
  std::vector<Local> locals_;
};

}  // namespace

void resolve_unchecked(const syntax::Expr& expr, const ExprEnv& env, types::TypeTable& types,
                       const types::OverloadTable& overloads, Annotations& annotations) {
  EnvScope scope(env, types, overloads);
  Resolver(scope, types, overloads, annotations).run(expr);
}

}  // namespace weir::check
