// Selection, construction, optionals, state, comprehensions and memos against the interpreter.
#include "tests/unit/jit/native_fixture.h"

namespace weir::jit {
namespace {

// Answers that depend on what was asked, and a count of the questions.
class FakeState final : public value::StateView {
 public:
  Value feature(uint32_t f) override {
    ++questions;
    return f == 9 ? Value::missing(Value::missing_feature(f)) : Value::integer(f);
  }
  Value feature_at(uint32_t f, const Value* keys, uint32_t count) override {
    return Value::integer(static_cast<int64_t>(f + count) + keys[0].i);
  }
  bool has_label(uint32_t label, const Value& key) override { return key.i == label; }
  bool has_label_named(uint32_t entity, std::string_view label, const Value& key) override {
    return key.i == entity && label == "spam";
  }
  Value labels(uint32_t entity, const Value& key, value::Arena&) override { return Value::integer(key.i + entity); }
  Value list_contains(uint32_t list, const Value& v) override { return Value::boolean(v.i == list); }

  int questions = 0;
};

std::vector<Value> dynamic_values() {
  static const Value items[] = {Value::integer(5), Value::string("x")};
  static const value::MapEntry entries[] = {{Value::string("a"), Value::integer(1)},
                                            {Value::integer(0), Value::string("z")}};
  static const value::ListRep list{2, 0, items};
  static const value::MapRep map{2, 0, entries};
  static const Value held[] = {Value::of(&map), Value::integer(3)};
  return {Value::missing(),      Value::fail(ErrorCode::kOverflow),
          Value::integer(0),     Value::string("a"),
          Value::of(&list),      Value::of(&map),
          Value::none(),         Value::some(&held[0]),
          Value::some(&held[1]), Value::boolean(true),
          Value::null()};
}

TEST(NativeOperations, EqualInterpreter) {
  Graph g;
  FakeState state;
  g.state = &state;
  const types::Type* dyn = g.t.dyn();
  const uint8_t fallible = Graph::kFallible;
  NodeId a = g.slot(0, dyn), b = g.slot(1, dyn);
  auto name = static_cast<int32_t>(g.m.intern_string("a"));
  auto mask = static_cast<int32_t>(g.m.intern_mask({1, 0}));
  auto add = static_cast<int32_t>(g.m.intern_callee("_+_", types::CallStyle::kOperator));
  auto failure = static_cast<int32_t>(g.m.intern_failure(static_cast<uint32_t>(ErrorCode::kUndeclared), "no `x` here"));
  std::vector<NodeId> nodes = {
      g.op(Op::kOptSlot, g.t.optional(dyn), {}, 0),
      g.op(Op::kHasSlot, g.t.boolean(), {}, 0),
      g.op(Op::kSelect, dyn, {a}, name),
      g.op(Op::kHasField, g.t.boolean(), {a}, name),
      g.op(Op::kOptSelect, dyn, {a}, name),
      g.op(Op::kOptIndex, dyn, {a, b}),
      g.op(Op::kIndexDyn, dyn, {a, b}),
      g.op(Op::kOptOr, dyn, {a, b}),
      g.op(Op::kOptOrValue, dyn, {a, b}),
      g.op(Op::kOptOrValue, g.t.integer(), {g.op(Op::kOptSlot, g.t.optional(g.t.integer()), {}, 2), g.integer(4)}),
      g.op(Op::kMakeList, g.t.list(dyn), {a, b}),
      g.op(Op::kMakeList, g.t.list(dyn), {a, b}, mask),
      g.op(Op::kMakeList, g.t.list(dyn), std::vector<NodeId>(20, a)),
      g.op(Op::kMakeList, g.t.list(dyn), std::vector<NodeId>(500, b)),
      g.op(Op::kMakeMap, g.t.map(dyn, dyn), {a, b, b, a}),
      g.op(Op::kMakeMap, g.t.map(dyn, dyn), {g.string("k"), a, b, a}, mask),
      g.op(Op::kCallDyn, dyn, {a, b}, add),
      g.op(Op::kFail, dyn, {}, failure, ir::kMayError),
      g.op(Op::kFeature, g.t.integer(), {}, 4, fallible),
      g.op(Op::kFeature, g.t.integer(), {}, 9, fallible),
      g.op(Op::kFeatureAt, g.t.integer(), {a, b}, 4, fallible),
      g.op(Op::kListContains, g.t.boolean(), {a}, 0, fallible),
      g.op(Op::kHasLabel, g.t.boolean(), {a}, 0, fallible),
      g.op(Op::kHasLabelNamed, g.t.boolean(), {b, a}, 0, fallible),
      g.op(Op::kLabels, dyn, {a}, 1, fallible),
  };
  std::vector<NodeId> rules = {nodes[1],  nodes[2],  nodes[3],  nodes[8], nodes[16],
                               nodes[18], nodes[21], nodes[22], nodes[23]};
  g.compile(nodes, rules);
  std::vector<Value> all = dynamic_values();
  std::vector<Value> keys = all;
  keys.push_back(Value::string("spam"));
  for_each_row({all, keys, {Value::missing(), Value::integer(8)}},
               [&](const std::vector<Value>& row) { g.check(row); });
}

// --- comprehensions

struct Comprehensions : testing::Test {
  static constexpr uint8_t kFallible = Graph::kFallible;
  NodeId local(const types::Type* type, int32_t index, uint8_t flags = 0) {
    return g.m.add(Op::kLocal, type, {}, index, BuiltinId::kCount, flags);
  }
  NodeId fold(const types::Type* type, std::vector<NodeId> args, uint32_t depth, bool two = false) {
    ir::Fold f;
    f.iter_local = 3 * depth;
    f.iter2_local = two ? 3 * depth + 1 : UINT32_MAX;
    f.accu_local = 3 * depth + 2;
    return g.m.add_fold(type, args, f);
  }
  NodeId exists(NodeId range, NodeId predicate, uint32_t depth) {
    const types::Type* boolean = g.t.boolean();
    NodeId accu = local(boolean, static_cast<int32_t>(3 * depth + 2), kFallible);
    NodeId undecided = g.op(Op::kNotStrictlyFalse, boolean, {g.op(Op::kNot, boolean, {accu})});
    return fold(boolean, {range, g.boolean(false), undecided, g.op(Op::kOr, boolean, {accu, predicate}), accu}, depth);
  }
  Value list(std::vector<Value> items) {
    storage.push_back(std::make_unique<std::vector<Value>>(std::move(items)));
    lists.push_back(std::make_unique<value::ListRep>());
    lists.back()->size = static_cast<uint32_t>(storage.back()->size());
    lists.back()->items = storage.back()->data();
    return Value::of(lists.back().get());
  }

  Graph g;
  std::vector<std::unique_ptr<std::vector<Value>>> storage;
  std::vector<std::unique_ptr<value::ListRep>> lists;
};

TEST_F(Comprehensions, EqualInterpreter) {
  const types::Type *boolean = g.t.boolean(), *integer = g.t.integer(), *dyn = g.t.dyn();
  const types::Type* ints = g.t.list(integer);
  NodeId range = g.slot(0, ints), n = g.slot(1, integer), any = g.slot(2, dyn);
  NodeId x = local(integer, 0), sum = local(integer, 2, kFallible);
  std::vector<NodeId> nodes, rules;

  // Sum; sum while positive; the result an expression over the accumulator.
  NodeId plus = g.call(BuiltinId::add_int, integer, {sum, x});
  nodes.push_back(fold(integer, {range, g.integer(0), g.boolean(true), plus, sum}, 0));
  NodeId positive = g.call(BuiltinId::greater_int, boolean, {x, g.integer(0)});
  nodes.push_back(fold(integer, {range, n, positive, plus, g.call(BuiltinId::mul_int, integer, {sum, n})}, 0));

  // exists: a division that fails for 0; over anything that may be no list; with an invariant that may fail.
  NodeId quotient = g.call(BuiltinId::div_int, integer, {g.integer(6), x});
  NodeId hit = g.call(BuiltinId::equals, boolean, {quotient, n});
  nodes.push_back(exists(range, hit, 0));
  nodes.push_back(exists(any, g.call(BuiltinId::equals, boolean, {local(dyn, 0), n}), 0));
  rules.push_back(nodes[2]);
  rules.push_back(g.op(Op::kAnd, boolean, {g.call(BuiltinId::less_int, boolean, {n, g.integer(3)}), nodes[2]}));

  // Nested, the inner one reading the outer variable and a node both use.
  NodeId y = local(integer, 3);
  NodeId product = g.call(BuiltinId::mul_int, integer, {x, x});
  NodeId inner =
      exists(range, g.call(BuiltinId::equals, boolean, {g.call(BuiltinId::add_int, integer, {product, y}), n}), 1);
  NodeId both = g.op(Op::kAnd, boolean, {inner, g.call(BuiltinId::greater_int, boolean, {product, g.integer(1)})});
  nodes.push_back(exists(range, both, 0));
  rules.push_back(nodes.back());

  // map and filter: the accumulator is a list that grows in place.
  NodeId accu = local(ints, 2, kFallible);
  NodeId empty = g.op(Op::kMakeList, ints, {});
  NodeId appended = g.op(Op::kListAppend, ints, {accu, quotient});
  nodes.push_back(fold(ints, {range, empty, g.boolean(true), appended, accu}, 0));
  NodeId filtered = g.op(Op::kCond, ints, {positive, g.op(Op::kListAppend, ints, {accu, x}), accu});
  nodes.push_back(fold(ints, {range, empty, g.boolean(true), filtered, accu}, 0));

  // Two variables over a list and over a map.
  NodeId first = local(dyn, 0), second = local(dyn, 1), map_accu = local(g.t.map(dyn, dyn), 2, kFallible);
  NodeId inserted = g.op(Op::kMapInsert, g.t.map(dyn, dyn), {map_accu, second, first});
  NodeId empty_map = g.op(Op::kMakeMap, g.t.map(dyn, dyn), {});
  nodes.push_back(fold(g.t.map(dyn, dyn), {any, empty_map, g.boolean(true), inserted, map_accu}, 0, true));
  nodes.push_back(fold(g.t.map(dyn, dyn), {range, empty_map, g.boolean(true), inserted, map_accu}, 0, true));

  std::vector<NodeId> values = nodes;
  g.compile(values, rules);
  std::vector<Value> ranges = {Value::missing(),
                               Value::fail(ErrorCode::kNoSuchKey),
                               Value::null(),
                               list({}),
                               list({Value::integer(2)}),
                               list({Value::integer(0), Value::integer(3)}),
                               list({Value::integer(3), Value::integer(0), Value::integer(-1)}),
                               list({Value::integer(INT64_MAX), Value::integer(1), Value::integer(2)})};
  std::vector<Value> numbers = {Value::missing(), Value::fail(ErrorCode::kOverflow), Value::integer(2),
                                Value::integer(7)};
  for_each_row({ranges, numbers, dynamic_values()}, [&](const std::vector<Value>& row) { g.check(row); });
}

// `slot.exists(x, x == "constant")` is a bit of a prepared set in rules.
TEST_F(Comprehensions, MembershipOfConstants) {
  const types::Type* boolean = g.t.boolean();
  NodeId tags = g.slot(0, g.t.list(g.t.string()));
  std::vector<NodeId> rules;
  for (int i = 0; i < 150; ++i) {
    NodeId equal = g.call(BuiltinId::equals, boolean, {local(g.t.string(), 0), g.string("t" + std::to_string(i))});
    rules.push_back(exists(tags, equal, 0));
  }
  g.compile({rules[1]}, rules);
  std::vector<Value> lists_of_tags = {Value::missing(),
                                      Value::fail(ErrorCode::kNoSuchKey),
                                      Value::null(),
                                      list({}),
                                      list({Value::string("t1"), Value::string("other"), Value::string("t149")}),
                                      list({Value::string("t63"), Value::string("t64"), Value::string("")})};
  for_each_row({lists_of_tags}, [&](const std::vector<Value>& row) { g.check(row); });
}

// --- memos and units

TEST(NativeMemos, SharedNodesAreComputedOnceAnEvent) {
  Graph g;
  FakeState state;
  g.state = &state;
  NodeId feature = g.op(Op::kFeature, g.t.integer(), {}, 7, Graph::kFallible);
  std::vector<NodeId> rules;
  for (int64_t i = 0; i < 40; ++i)
    rules.push_back(g.call(BuiltinId::greater_int, g.t.boolean(), {feature, g.integer(i)}));
  NativeOptions options;
  options.rules_per_unit = 10;
  g.compile({feature}, rules, options);
  std::vector<Value> row;
  value::EvalContext ctx = g.context(row);
  std::vector<Truth> out(rules.size());
  g.native->eval_rules(0, ctx, out.data());
  EXPECT_EQ(g.native->eval(feature, ctx).i, 7);
  EXPECT_EQ(state.questions, 1);
  EXPECT_EQ(out[6], Truth::kTrue);
  EXPECT_EQ(out[7], Truth::kFalse);
  ctx.epoch = ++g.epoch;
  g.native->eval_rules(0, ctx, out.data());
  EXPECT_EQ(state.questions, 2);
}

// A graph of rules as analysts write them, large enough for several units.
void add_rules(Graph& g, size_t count, std::vector<NodeId>* rules) {
  const types::Type* boolean = g.t.boolean();
  NodeId text = g.slot(0, g.t.string()), n = g.slot(1, g.t.integer());
  for (size_t i = 0; i < count; ++i) {
    std::string word = "w" + std::to_string(i % 70);
    NodeId equal = g.call(BuiltinId::equals, boolean, {text, g.string(word)});
    NodeId has = g.call(BuiltinId::contains_string, boolean, {text, g.string(std::to_string(i % 10))});
    NodeId above = g.call(BuiltinId::greater_int, boolean, {n, g.integer(static_cast<int64_t>(i % 13))});
    rules->push_back(g.op(Op::kOr, boolean, {g.op(Op::kAnd, boolean, {has, above}), equal}));
  }
}

TEST(NativeUnits, EveryLevelAndManyUnits) {
  for (OptLevel level : {OptLevel::kO0, OptLevel::kLess, OptLevel::kO1, OptLevel::kO2}) {
    Graph g;
    std::vector<NodeId> rules;
    add_rules(g, 60, &rules);
    NativeOptions options;
    options.level = level;
    options.rules_per_unit = 7;
    options.threads = 3;
    g.compile({rules[0], rules[1]}, rules, options);
    EXPECT_EQ(g.stats.units, 1u + 9u);
    EXPECT_GT(g.stats.code_bytes, 1000u);
    EXPECT_GT(g.stats.compile_ms, 0);
    for_each_row({{Value::string("w5"), Value::string("4w"), Value::missing()}, {Value::integer(6), Value::missing()}},
                 [&](const std::vector<Value>& row) { g.check(row); });
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(NativeUnits, CodeBudget) {
  Graph g;
  std::vector<NodeId> rules;
  add_rules(g, 20, &rules);
  g.m.plan_memos(rules);
  NativeOptions options;
  options.max_code_bytes = 200;
  auto made = compile(g.m, {}, {rules}, options, nullptr);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(std::string(made.status().message()).find("code budget exceeded"), std::string::npos) << made.status();
}

// Anonymous executable memory of this process, in bytes; `writable`: of that which is writable too.
size_t executable_bytes(bool writable) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[512], perms[8], path[256];
  size_t total = 0;
  unsigned long from, to;
  while (maps != nullptr && fgets(line, sizeof line, maps) != nullptr) {
    path[0] = 0;
    if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, perms, path) < 3) continue;
    if (perms[2] == 'x' && path[0] == 0 && (!writable || perms[1] == 'w')) total += to - from;
  }
  if (maps != nullptr) fclose(maps);
  return total;
}

TEST(NativeUnits, CodeIsFreedAndNeverWritable) {
  size_t before = executable_bytes(false);
  for (int i = 0; i < 10; ++i) {
    Graph g;
    std::vector<NodeId> rules;
    add_rules(g, 20, &rules);
    g.compile({}, rules);
    EXPECT_GT(executable_bytes(false), before);
    EXPECT_EQ(executable_bytes(true), 0u);
  }
  EXPECT_EQ(executable_bytes(false), before);
}

TEST(NativeUnits, Dump) {
  Graph g;
  std::vector<NodeId> rules;
  add_rules(g, 1, &rules);
  auto llvm = dump(g.m, rules, {}, false);
  ASSERT_TRUE(llvm.ok()) << llvm.status();
  EXPECT_NE(llvm->find("define void @root_0("), std::string::npos) << *llvm;
  auto assembly = dump(g.m, rules, {}, true);
  ASSERT_TRUE(assembly.ok()) << assembly.status();
  EXPECT_NE(assembly->find("weir_rt_contains"), std::string::npos) << *assembly;
}

TEST(NativeUnits, DeepGraphs) {
  Graph g;
  NodeId sum = g.slot(0, g.t.integer()), logic = g.slot(1, g.t.boolean()), choice = g.integer(0);
  for (int64_t i = 0; i < 600; ++i) {
    sum = g.call(BuiltinId::add_int, g.t.integer(), {g.integer(i), sum});
    NodeId above = g.call(BuiltinId::greater_int, g.t.boolean(), {g.slot(0, g.t.integer()), g.integer(i)});
    logic = g.op(i % 2 == 0 ? Op::kAnd : Op::kOr, g.t.boolean(), {expensive(g, above), logic});
    choice =
        g.op(Op::kCond, g.t.integer(), {above, g.call(BuiltinId::mod_int, g.t.integer(), {g.integer(i), sum}), choice});
  }
  g.compile({sum, logic, choice}, {logic});
  for_each_row(
      {{Value::integer(3), Value::integer(INT64_MAX), Value::missing()}, {Value::boolean(true), Value::missing()}},
      [&](const std::vector<Value>& row) { g.check(row); });
}

TEST(NativeUnits, BrokenGraphIsAnError) {
  Graph g;
  NodeId bad = g.op(Op::kMakeMap, g.t.map(g.t.dyn(), g.t.dyn()), {g.integer(1)});
  EXPECT_FALSE(compile(g.m, {bad}, {}, {}, nullptr).ok());
}

}  // namespace
}  // namespace weir::jit
