#include <fmt/format.h>

#include <unordered_set>

#include "compiler/check/module_checker.h"

namespace weir::check {

using syntax::TestStep;
using types::Kind;
using types::Type;

void ModuleChecker::check_tests() {
  for_each_statement(syntax::StatementKind::kTest, [&](const syntax::Statement& s) {
    TestState state;
    state.row.what = "test";
    for (const TestStep& step : s.test->steps) check_step(step, state);
    module_->tests.push_back(&*s.test);
  });
}

void ModuleChecker::check_step(const TestStep& step, TestState& state) {
  switch (step.kind) {
    case TestStep::Kind::kSend:
      return check_send(step, state);
    case TestStep::Kind::kRepeat: {
      const Type* count = check_at(step.value, state.row);
      if (count != nullptr && !fits(count, types_.integer())) {
        report_mismatch(sink_, step.value->span, "the count of `repeat`", types_.integer(), count);
      }
      state.row.row.emplace_back(step.var.text, types_.integer());
      for (const TestStep& inner : step.body) check_step(inner, state);
      state.row.row.pop_back();
      return;
    }
    case TestStep::Kind::kWait:
      return;
    case TestStep::Kind::kExpectFires:
      for (const syntax::RuleStmt* rule : rule_asts_)
        if (rule->id == step.name.text) return;
      look_up(Symbol::Kind::kRule, step.name);
      return;
    case TestStep::Kind::kExpectLabel:
    case TestStep::Kind::kExpectNoLabel: {
      const Type* key = check_at(step.value, state.row);
      const Symbol* symbol = look_up(Symbol::Kind::kLabel, step.name);
      if (symbol == nullptr || key == nullptr) return;
      const Label& label = module_->labels[static_cast<size_t>(symbol->index)];
      if (label.entity < 0) return;
      const Type* wanted = module_->entities[static_cast<size_t>(label.entity)].type;
      if (!fits(key, wanted)) {
        report_mismatch(sink_, step.value->span, fmt::format("what `{}` is put on", label.name), wanted, key)
            .label(label.span, "declared here");
      }
      return;
    }
    case TestStep::Kind::kExpectVerdict: {
      Verdict verdict;
      read_verdict(step.name, &verdict);
      return;
    }
    case TestStep::Kind::kExpectThat:
      if (state.last_event == Place::kNoEvent) {
        sink_
            .emit(base::DiagKind::kNoEventYet, step.span,
                  "`expect that` looks at the event sent last, and none was sent")
            .hint("put it after a `send`");
        return;
      }
      check_condition(step.value, at_event("test", state.last_event), "what is expected");
      return;
  }
}

// Fields left out have the zero of their type, or are missing if they are optional (lower/module.cc).
void ModuleChecker::check_send(const TestStep& step, TestState& state) {
  const Symbol* symbol = look_up(Symbol::Kind::kEvent, step.name);
  if (symbol == nullptr) {
    for (const auto& [name, value] : step.fields) check_at(value, state.row);
    return;
  }
  state.last_event = symbol->index;
  const types::EventSchema& schema = module_->events[static_cast<size_t>(symbol->index)].schema;
  std::unordered_set<int> given;
  for (const auto& [name, value] : step.fields) {
    const Type* type = check_at(value, state.row);
    int slot = schema.find(name.text);
    if (slot < 0) {
      report_no_field(sink_, schema, name.text, name.span);
      continue;
    }
    if (!given.insert(slot).second) {
      sink_.emit(base::DiagKind::kDuplicateName, name.span, fmt::format("field `{}` is given twice", name.text));
      continue;
    }
    const types::Field& field = schema.fields[static_cast<size_t>(slot)];
    if (type == nullptr || fits(type, field.type) || (field.optional && type->is(Kind::kNull))) continue;
    auto diagnostic = report_mismatch(sink_, value->span, fmt::format("field `{}`", field.name), field.type, type);
    diagnostic.label(field.span, "declared here");
    const syntax::Constant& c = value->constant;
    if (type->is(Kind::kInt) && field.type->is(Kind::kDouble)) {
      diagnostic.hint(value->kind == syntax::ExprKind::kConst ? fmt::format("write `{}.0`", c.i)
                                                              : "write `double(...)`");
    } else if (type->is(Kind::kInt) && field.type->is(Kind::kUint)) {
      diagnostic.hint(value->kind == syntax::ExprKind::kConst ? fmt::format("write `{}u`", c.i) : "write `uint(...)`");
    } else if (type->is(Kind::kNull)) {
      diagnostic.hint("only a field declared `T?` may be missing");
    }
  }
}

}  // namespace weir::check
