#include "compiler/check/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/check/check_fixture.h"

namespace weir::check {
namespace {

using testing::HasSubstr;

const std::vector<std::pair<std::string, std::string>> kVariables = {{"n", "int"},
                                                                     {"s", "string"},
                                                                     {"d", "dyn"},
                                                                     {"xs", "list<int>"},
                                                                     {"m", "map<string, int>"},
                                                                     {"t", "timestamp"},
                                                                     {"o", "optional<map<string, string>>"},
                                                                     {"a.b", "map<string, string>"},
                                                                     {"a.b.c", "int"}};

TEST(Expression, Types) {
  struct Case {
    std::string text;
    std::string type;
  };
  const Case cases[] = {
      {"n + 1", "int"},
      {"[1, 'a']", "list<dyn>"},
      {"[[], [1]]", "list<list<int>>"},
      {"[]", "list<dyn>"},
      {"{'a': 1, 'b': 2u}", "map<string, dyn>"},
      {"xs.map(x, string(x))", "list<string>"},
      {"xs.map(i, v, v > i, v * 1.0 > 0.5)", ""},
      {"xs.transformList(i, v, i < v)", "list<bool>"},
      {"m.transformMap(k, v, k + 'x')", "map<string, string>"},
      {"xs.sortBy(x, string(x))", "list<int>"},
      {"[d].sortBy(x, x.y)", "list<dyn>"},
      {"m.sortBy(k, k)", ""},
      {"xs.sortBy(x, [x])", ""},
      {"m.merge({'b': 1})", "map<string, int>"},
      {"m.merge({1: 1})", ""},
      {"m.all(k, k != '')", "bool"},
      {"d.x[0].y", "dyn"},
      {"d + 1", "int"},
      {"dyn(1) == 1u", "bool"},
      {"s in m", "bool"},
      {"m.?a", "optional<int>"},
      {"o.x", "optional<string>"},
      {"o[?'x'].orValue('')", "string"},
      {"has(m.x)", "bool"},
      {"a.b.c + 1", "int"},
      {"a.b.d", "string"},
      {"true ? 1 : n", "int"},
      {"true ? t : null", "timestamp"},
      {"type(n)", "type<int>"},
      {"type(n) == int && type(t) == google.protobuf.Timestamp", "bool"},
      {"[?o, ?optional.none()]", "list<map<string, string>>"},
      {"math.greatest(1, 2u)", "dyn"},
      {"cel.bind(x, [], x + [1])", "list<int>"},
      {"xs.exists(n, n > 0) && n > 0", "bool"},
  };
  for (const Case& c : cases) {
    auto checked = check_text(c.text, kVariables);
    if (c.type.empty()) {
      EXPECT_EQ(checked->type, nullptr) << c.text;
      continue;
    }
    ASSERT_NE(checked->type, nullptr) << checked->messages();
    EXPECT_EQ(types::to_string(checked->type), c.type) << c.text;
  }
}

TEST(Expression, Errors) {
  struct Case {
    std::string text;
    base::DiagKind kind;
    std::string words;
  };
  const Case cases[] = {
      {"1 == 1u", base::DiagKind::kNoOverload, "(int, uint)"},
      {"1 + 'a'", base::DiagKind::kNoOverload, "this is `string`"},
      {"1 in ['a']", base::DiagKind::kNoOverload, "`in`"},
      {"n && true", base::DiagKind::kNoOverload, "`&&`"},
      {"true ? 1 : 'a'", base::DiagKind::kNoOverload, "`? :`"},
      {"s.startWith('a')", base::DiagKind::kUnknownFunction, "did you mean `startsWith`?"},
      {"startsWith(s, 'a')", base::DiagKind::kUnknownFunction, "x.startsWith(...)"},
      {"text.normalise(s)", base::DiagKind::kUnknownFunction, "did you mean `text.normalize`?"},
      {"math.abs(s)", base::DiagKind::kNoOverload, "math.abs"},
      {"n.foo", base::DiagKind::kUnknownField, "`int` has no field `foo`"},
      {"xs.foo", base::DiagKind::kUnknownField, "`list<int>` has no field"},
      {"tpye == n", base::DiagKind::kUndeclared, "did you mean `type`?"},
      {"n.all(x, true)", base::DiagKind::kTypeMismatch, "a list or a map"},
      {"[?n]", base::DiagKind::kTypeMismatch, "needs an optional"},
      {"Foo{a: 1}", base::DiagKind::kUnknownType, "message type `Foo`"},
      {"xs.exists(x, x)", base::DiagKind::kNoOverload, "this is `int`"},
      {"t == 's'", base::DiagKind::kNoOverload, "(timestamp, string)"},
  };
  for (const Case& c : cases) {
    auto checked = check_text(c.text, kVariables);
    EXPECT_EQ(checked->type, nullptr) << c.text;
    ASSERT_EQ(checked->sink.all().size(), 1u) << c.text << "\n" << checked->messages();
    EXPECT_EQ(checked->sink.all()[0].kind, c.kind) << checked->messages();
    EXPECT_THAT(checked->messages(), HasSubstr(c.words));
  }
}

TEST(Expression, ChoosesOverloadsStatically) {
  struct Case {
    std::string text;
    RefKind kind;
    std::string name;  // of the overload, or of a dynamic call's function
  };
  const Case cases[] = {
      {"n + 1", RefKind::kCall, "add_int"},
      {"d + 1", RefKind::kDynCall, ""},
      {"d == 1", RefKind::kCall, "equals"},
      {"d in xs", RefKind::kCall, "in_list"},
      {"d in d", RefKind::kDynCall, ""},
      {"math.abs(n)", RefKind::kCall, "math_abs_int"},
      {"math.abs(d)", RefKind::kDynCall, "math.abs"},
      {"[t, null][0] < t", RefKind::kDynCall, ""},
      {"t < t", RefKind::kCall, "less_timestamp"},
      {"o[0]", RefKind::kNone, "error"},
      {"o['k']", RefKind::kDynCall, ""},
      {"n == 1 && true", RefKind::kNone, ""},
  };
  for (const Case& c : cases) {
    auto checked = check_text(c.text, kVariables);
    if (c.name == "error") {
      EXPECT_EQ(checked->type, nullptr) << c.text;
      continue;
    }
    ASSERT_NE(checked->type, nullptr) << checked->messages();
    const Ref& ref = checked->annotations.at(*checked->expr).ref;
    EXPECT_EQ(ref.kind, c.kind) << c.text;
    EXPECT_EQ(ref.kind == RefKind::kCall ? types::builtin_info(ref.overload).id_name : std::string_view(ref.text),
              c.name)
        << c.text;
  }
}

TEST(Expression, ExponentialTypesAreRefusedQuickly) {
  for (std::string start : {"1", "[]"}) {
    std::string open;
    std::string close;
    for (int i = 1; i <= 100; ++i) {
      open += "cel.bind(x" + std::to_string(i) + ", {x" + std::to_string(i - 1) + ": x" + std::to_string(i - 1) + "}, ";
      close += ")";
    }
    auto checked = check_text("cel.bind(x0, " + start + ", " + open + "x100 == x100" + close + ")");
    EXPECT_EQ(checked->type, nullptr);
    EXPECT_THAT(checked->messages(), HasSubstr("too large"));
  }
}

// Built by hand: the parser has limits of its own.
TEST(Expression, LongChainsNeedNoStack) {
  using syntax::Expr;
  using syntax::ExprKind;
  constexpr int kLength = 100'000;
  types::TypeTable types;
  types::OverloadTable overloads(types);
  syntax::AstArena arena;
  ExprEnv env;
  env.variables.push_back({"d", types.dyn(), false});
  auto variable = [&] {
    Expr* e = arena.make(ExprKind::kIdent, {});
    e->name = "d";
    return e;
  };
  auto chain = [&](auto grow) {
    Expr* e = variable();
    for (int i = 0; i < kLength; ++i) e = grow(e);
    return e;
  };
  const Expr* chains[] = {
      chain([&](Expr* e) {
        Expr* sum = arena.make(ExprKind::kCall, {});
        sum->name = "_+_";
        sum->args = {e, variable()};
        return sum;
      }),
      chain([&](Expr* e) {
        Expr* call = arena.make(ExprKind::kCall, {});
        call->name = "trim";
        call->operand = e;
        return call;
      }),
      chain([&](Expr* e) {
        Expr* select = arena.make(ExprKind::kSelect, {});
        select->name = "f";
        select->operand = e;
        return select;
      }),
  };
  for (const Expr* e : chains) {
    Annotations annotations;
    base::DiagnosticSink sink;
    EXPECT_NE(check_expression(*e, env, types, overloads, annotations, sink), nullptr);
    resolve_unchecked(*e, env, types, overloads, annotations);
  }
}

}  // namespace
}  // namespace weir::check
