#include "runtime/value/operations.h"

#include <gmock/gmock.h>

#include "runtime/value/constants.h"
#include "runtime/value/containers.h"
#include "tests/unit/value/fixture.h"

namespace weir::value {
namespace {

TEST_F(ValueTest, Selects) {
  Value m = map({S("a"), I(1), S("m"), map({S("b"), I(2)})});
  const std::pair<Value, const char*> cases[] = {
      {select(ctx, m, "a"), "1"},
      {select(ctx, m, "z"), "error(no_such_key)"},
      {select(ctx, I(1), "a"), "error(no_such_overload)"},
      {select(ctx, some(m), "a"), "optional.of(1)"},
      {select(ctx, some(m), "z"), "optional.none()"},
      {select(ctx, Value::none(), "a"), "optional.none()"},
      {has_field(ctx, m, "a"), "true"},
      {has_field(ctx, m, "z"), "false"},
      {has_field(ctx, Value::none(), "z"), "false"},
      {has_field(ctx, some(m), "a"), "true"},
      {has_field(ctx, list({}), "a"), "error(no_such_overload)"},
      {optional_select(ctx, m, "m"), "optional.of({\"b\": 2})"},
      {optional_select(ctx, optional_select(ctx, m, "m"), "b"), "optional.of(2)"},
      {optional_select(ctx, S("x"), "b"), "error(no_such_overload)"},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(to_literal(value), expected);
}

TEST_F(ValueTest, Indexes) {
  Value l = list({I(7), I(8)});
  Value m = map({I(1), S("one"), S("k"), S("v")});
  const std::pair<Value, const char*> cases[] = {
      {index(ctx, l, I(0)), "7"},
      {index(ctx, l, U(1)), "8"},
      {index(ctx, l, D(1.0)), "8"},
      {index(ctx, l, D(0.5)), "error(invalid_argument)"},
      {index(ctx, l, S("0")), "error(invalid_argument)"},
      {index(ctx, l, I(2)), "error(index_out_of_range)"},
      {index(ctx, l, I(-1)), "error(index_out_of_range)"},
      {index(ctx, l, U(UINT64_MAX)), "error(index_out_of_range)"},
      {index(ctx, m, D(1.0)), "\"one\""},
      {index(ctx, m, D(1.5)), "error(no_such_key)"},
      {index(ctx, m, Y("k")), "error(no_such_key)"},
      {index(ctx, S("abc"), I(0)), "error(no_such_overload)"},
      {index(ctx, some(l), I(0)), "optional.of(7)"},
      {index(ctx, some(l), I(9)), "optional.none()"},
      {index(ctx, Value::none(), I(0)), "optional.none()"},
      {optional_index(ctx, l, I(5)), "optional.none()"},
      {optional_index(ctx, m, S("k")), "optional.of(\"v\")"},
      {optional_index(ctx, I(1), S("k")), "error(no_such_overload)"},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(to_literal(value), expected);
}

TEST_F(ValueTest, MakesListsAndMaps) {
  Value items[] = {I(1), Value::none(), some(I(2))};
  const uint8_t mask[] = {0, 1, 1};
  EXPECT_EQ(to_literal(make_list(ctx, items, 3, mask)), "[1, 2]");
  const uint8_t wrong[] = {1, 0, 0};
  EXPECT_EQ(to_literal(make_list(ctx, items, 3, wrong)), "error(no_such_overload)");
  Value pairs[] = {S("a"), I(1), S("b"), Value::none(), S("c"), some(I(3))};
  EXPECT_EQ(to_literal(make_map(ctx, pairs, 3, mask)), "{\"a\": 1, \"c\": 3}");
  EXPECT_EQ(to_literal(map({I(0), I(1), U(0), I(2)})), "error(duplicate_key)");
  EXPECT_EQ(to_literal(map({D(0), I(1)})), "error(no_such_overload)");
  EXPECT_EQ(to_literal(map({})), "{}");
  std::vector<Value> twenty;
  for (int i = 0; i < 20; ++i) twenty.insert(twenty.end(), {I(i % 19), I(i)});
  EXPECT_EQ(to_literal(map(twenty)), "error(duplicate_key)");
}

TEST_F(ValueTest, FoldsAppendInPlace) {
  Value l = list({});
  Value m = map({});
  for (int i = 0; i < 1000; ++i) {
    l = list_append(ctx, l, I(i));
    m = map_insert(ctx, m, I(i), I(-i));
  }
  ASSERT_EQ(l.list->size, 1000u);
  ASSERT_EQ(m.map->size, 1000u);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(l.list->items[i].i, i);
    EXPECT_EQ(find(*m.map, U(static_cast<uint64_t>(i)))->i, -i);
  }
  EXPECT_LT(arena.bytes_used(), size_t{400} << 10);
  EXPECT_EQ(map_insert(ctx, m, I(5), I(0)).error_code(), ErrorCode::kDuplicateKey);
}

TEST_F(ValueTest, RunsOutOfBudget) {
  Arena small(1 << 16);
  ctx.arena = &small;
  Value l = list({});
  while (l.is(Kind::kList)) l = list_append(ctx, l, I(1));
  EXPECT_EQ(l.error_code(), ErrorCode::kBudget);
  ctx.arena = &arena;
  ctx.steps = 3;
  std::vector<Value> many(100, I(1));
  EXPECT_EQ(list(many).error_code(), ErrorCode::kBudget);
}

TEST_F(ValueTest, Ranges) {
  Range over_list = make_range(ctx, list({S("a"), S("b")}));
  EXPECT_EQ(over_list.size, 2u);
  EXPECT_EQ(to_literal(range_item(over_list, 1)), "\"b\"");
  EXPECT_EQ(to_literal(range_first(over_list, 1)), "1");
  Range over_map = make_range(ctx, map({S("k"), I(5)}));
  EXPECT_EQ(to_literal(range_item(over_map, 0)), "\"k\"");
  EXPECT_EQ(to_literal(range_second(over_map, 0)), "5");
  EXPECT_EQ(make_range(ctx, I(3)).error.error_code(), ErrorCode::kNoSuchOverload);
}

TEST_F(ValueTest, Literals) {
  IpRep ip{{0x20, 1, 0x0d, 0xb8}, 6};
  CidrRep cidr{{{10, 1, 2, 3}, 4}, 8};
  const std::pair<Value, const char*> cases[] = {
      {U(2), "2u"},
      {D(1), "1.0"},
      {D(1e30), "1e+30"},
      {D(-HUGE_VAL), "double(\"-Inf\")"},
      {S("a\"\\\n\x01é"), "\"a\\\"\\\\\\n\\x01é\""},
      {Y("a\xff"), "b\"a\\xff\""},
      {T("2000-01-01T00:00:00Z"), "timestamp(\"2000-01-01T00:00:00Z\")"},
      {P("1500ms"), "duration(\"1.5s\")"},
      {map({S("k"), list({Value::null(), B(true)})}), "{\"k\": [null, true]}"},
      {Value::type("int"), "int"},
      {Value::of(&ip), "ip(\"2001:db8::\")"},
      {Value::of(&cidr), "cidr(\"10.1.2.3/8\")"},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(to_literal(value), expected);
  EXPECT_EQ(to_text(S("a\"b")), "a\"b");
  EXPECT_EQ(to_text(U(7)), "7");
  const std::pair<double, const char*> doubles[] = {
      {0.5, "0.5"},
      {1, "1"},
      {1e6, "1000000"},
      {-1234567.25, "-1234567.25"},
      {1e-5, "0.00001"},
      {9.5e-6, "9.5e-06"},
      {0, "0"},
      {999999999999999.9, "999999999999999.9"},
      {1e15, "1e+15"},
      {0.1 + 0.2, "0.30000000000000004"},
      {-0.00012, "-0.00012"},
  };
  for (const auto& [d, expected] : doubles) EXPECT_EQ(to_text(D(d)), expected);
  EXPECT_EQ(to_text(list({S("a")})), "[\"a\"]");
}

TEST_F(ValueTest, ConstantsOfAModule) {
  ir::Module module;
  auto text = [](const char* s) {
    ir::Constant c;
    c.kind = ir::ConstantKind::kString;
    c.s = s;
    return c;
  };
  ir::Constant all;
  all.kind = ir::ConstantKind::kList;
  for (const char* s : {"a", "b", "c", "d", "e", "f", "g", "h", "i"}) {
    all.items.push_back(static_cast<uint32_t>(module.constants.size()));
    module.constants.push_back(text(s));
  }
  module.constants.push_back(all);
  ir::Constant pair;
  pair.kind = ir::ConstantKind::kMap;
  pair.items = {0, 9};
  module.constants.push_back(pair);
  ConstantPool pool(module);
  const Value& l = pool.values()[9];
  ASSERT_TRUE(l.is(Kind::kList));
  EXPECT_NE(l.list->index, nullptr);
  EXPECT_TRUE(contains(*l.list, S("i")));
  EXPECT_FALSE(contains(*l.list, S("j")));
  EXPECT_FALSE(contains(*l.list, l));
  EXPECT_THAT(to_literal(pool.values()[10]), testing::StartsWith("{\"a\": [\"a\", \"b\""));
}

TEST_F(ValueTest, ConstantPatternsAreCompiledOnce) {
  types::TypeTable types;
  ir::Module module;
  auto constant = [&](const char* text) {
    ir::Constant c;
    c.kind = ir::ConstantKind::kString;
    c.s = text;
    return module.add(ir::Op::kConst, types.string(), {}, static_cast<int32_t>(module.intern(c)));
  };
  auto matches = [&](const char* text, const char* pattern) {
    ir::NodeId args[] = {constant(text), constant(pattern)};
    module.add(ir::Op::kCall, types.boolean(), args, -1, types::BuiltinId::matches_member);
    return std::pair(module.node(args[0]).index, module.node(args[1]).index);
  };
  auto [text, good] = matches("abc", "^a.c$");
  auto [other, bad] = matches("abc", "(");
  ConstantPool pool(module);
  auto run = [&](int32_t subject, int32_t pattern) {
    Value args[] = {pool.values()[subject], pool.values()[pattern]};
    Value out;
    weir_bi_matches_member(ctx, args, &out);
    return to_literal(out);
  };
  EXPECT_EQ(run(text, good), "true");
  EXPECT_EQ(run(good, good), "false");
  EXPECT_EQ(run(other, bad), "error(invalid_argument)");
  std::string error;
  const RE2* first = compiled_regex(pool.values()[good], &error);
  EXPECT_EQ(compiled_regex(pool.values()[good], &error), first);
  EXPECT_NE(compiled_regex(Value::string("^a.c$"), &error), first);
  EXPECT_TRUE(equal(pool.values()[good], S("^a.c$")));
  EXPECT_EQ(hash(pool.values()[good]), hash(S("^a.c$")));
}

}  // namespace
}  // namespace weir::value
