#include "compiler/check/free_names.h"

#include <string_view>
#include <vector>

#include "compiler/check/scope.h"

namespace weir::check {

using syntax::Expr;
using syntax::ExprKind;

namespace {

struct Task {
  enum Kind : uint8_t { kVisit, kBind, kUnbind } kind;
  const Expr* expr = nullptr;
  std::string_view name;
};

}  // namespace

void for_each_free_name(const Expr& expr, const std::function<void(const Expr& chain)>& visit) {
  std::vector<std::string_view> bound;
  std::vector<Task> tasks = {{Task::kVisit, &expr, {}}};
  auto push = [&](const Expr* e) {
    if (e != nullptr) tasks.push_back({Task::kVisit, e, {}});
  };
  while (!tasks.empty()) {
    Task task = tasks.back();
    tasks.pop_back();
    if (task.kind == Task::kBind) {
      bound.push_back(task.name);
      continue;
    }
    if (task.kind == Task::kUnbind) {
      bound.pop_back();
      continue;
    }
    const Expr& e = *task.expr;
    switch (e.kind) {
      case ExprKind::kIdent:
      case ExprKind::kSelect: {
        const Expr& root = *selection_chain(e).back();
        if (root.kind != ExprKind::kIdent) {
          push(&root);
        } else {
          bool is_bound = false;
          for (std::string_view name : bound) is_bound |= name == root.name;
          if (!is_bound) visit(e);
        }
        break;
      }
      case ExprKind::kComprehension: {
        const syntax::Comprehension& c = *e.comprehension;
        // Backwards: what is pushed last is done first.
        tasks.push_back({Task::kUnbind});
        push(c.result);
        if (!c.iter_var2.empty()) tasks.push_back({Task::kUnbind});
        tasks.push_back({Task::kUnbind});
        push(c.loop_step);
        push(c.loop_condition);
        if (!c.iter_var2.empty()) tasks.push_back({Task::kBind, nullptr, c.iter_var2});
        tasks.push_back({Task::kBind, nullptr, c.iter_var});
        tasks.push_back({Task::kBind, nullptr, c.accu_var});
        push(c.accu_init);
        push(c.iter_range);
        break;
      }
      default:
        push(e.operand);
        for (const Expr* arg : e.args) push(arg);
    }
  }
}

}  // namespace weir::check
