// Every overload of the table, over values at the edges of each kind, missing and errors.
#include <cmath>
#include <limits>

#include "tests/unit/jit/native_fixture.h"

namespace weir::jit {
namespace {

Value failing(ErrorCode code) { return Value::fail(code); }

class Samples {
 public:
  Samples() {
    ints_ = list({Value::integer(1), Value::integer(2)});
    empty_ = list({});
  }

  std::vector<Value> of(const types::Type* type) {
    std::vector<Value> values = ok(type);
    values.push_back(Value::missing());
    values.push_back(failing(ErrorCode::kNoSuchKey));
    return values;
  }

 private:
  std::vector<Value> ok(const types::Type* type) {
    using types::Kind;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    switch (type->kind()) {
      case Kind::kBool:
        return {Value::boolean(false), Value::boolean(true)};
      case Kind::kInt:
        return {Value::integer(0), Value::integer(1),         Value::integer(-1),
                Value::integer(7), Value::integer(INT64_MAX), Value::integer(INT64_MIN)};
      case Kind::kUint:
        return {Value::uint(0), Value::uint(1), Value::uint(9), Value::uint(UINT64_MAX)};
      case Kind::kDouble:
        return {Value::dbl(0.0),    Value::dbl(-0.0),      Value::dbl(1.5),
                Value::dbl(-1e300), Value::dbl(kInfinity), Value::dbl(std::nan(""))};
      case Kind::kString:
        return {Value::string(""),    Value::string("a"),   Value::string("12"),
                Value::string("abc"), Value::string("ünï"), Value::string("2020-01-01T00:00:00Z")};
      case Kind::kBytes:
        return {Value::bytes(""), Value::bytes("abc")};
      case Kind::kTimestamp:
        return {Value::timestamp(0, 0), Value::timestamp(0, 5), Value::timestamp(-1, 5),
                Value::timestamp(253402300799, 0), Value::null()};
      case Kind::kDuration:
        return {Value::duration(0, 0), Value::duration(3600, 7), Value::duration(-2, 9), Value::null()};
      case Kind::kList:
        if (!type->arg(0)->is(Kind::kInt) && !type->arg(0)->is(Kind::kDyn)) return {Value::of(&empty_), Value::null()};
        return {Value::of(&empty_), Value::of(&ints_), Value::null()};
      case Kind::kOptional:
        return {Value::none(), Value::some(&one_)};
      case Kind::kType:
        return {Value::type("int")};
      case Kind::kNull:
        return {Value::null()};
      case Kind::kParam:
      case Kind::kDyn:
        return {Value::integer(1), Value::uint(1), Value::dbl(1), Value::string("a"), Value::null(), Value::of(&ints_)};
      default:
        return {};  // maps, addresses: made by other tests
    }
  }

  value::ListRep list(std::vector<Value> items) {
    storage_.push_back(std::make_unique<std::vector<Value>>(std::move(items)));
    value::ListRep rep;
    rep.size = static_cast<uint32_t>(storage_.back()->size());
    rep.items = storage_.back()->data();
    return rep;
  }

  std::vector<std::unique_ptr<std::vector<Value>>> storage_;
  value::ListRep ints_, empty_;
  Value one_ = Value::integer(1);
};

const types::Type* concrete(types::TypeTable& t, const types::Type* type) {
  if (type->is(types::Kind::kParam)) return t.dyn();
  std::vector<const types::Type*> args;
  for (const types::Type* arg : type->args()) args.push_back(concrete(t, arg));
  return args.empty() ? type : t.intern(type->kind(), type->name(), args);
}

TEST(NativeBuiltins, EqualInterpreter) {
  Graph g;
  types::OverloadTable overloads(g.t);
  Samples samples;
  // Slots are shared by all overloads: the parameters of one are 0, 1, …; each overload is checked alone.
  struct Case {
    NodeId node;
    std::vector<std::vector<Value>> choices;
  };
  std::vector<Case> cases;
  std::vector<NodeId> values;
  for (size_t i = 0; i < types::kBuiltinCount; ++i) {
    const types::Overload& o = overloads.overload(static_cast<BuiltinId>(i));
    Case c;
    std::vector<NodeId> args;
    for (const types::Type* param : o.params) {
      const types::Type* type = concrete(g.t, param);
      c.choices.push_back(samples.of(type));
      args.push_back(g.slot(static_cast<uint32_t>(args.size()), type));
    }
    if (c.choices.size() > 3) continue;
    const types::Type* result = concrete(g.t, o.result);
    c.node = g.call(o.id, result, args);
    values.push_back(c.node);
    cases.push_back(std::move(c));
  }
  g.compile(values, {});
  ASSERT_NE(g.native, nullptr);
  size_t compared = 0;
  for (const Case& c : cases) {
    g.roots = {c.node};
    for_each_row(c.choices, [&](const std::vector<Value>& row) {
      g.check(row);
      ++compared;
    });
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(compared, 5000u);
}

// The same in a rule's outcome, where failures are masks.
TEST(NativeBuiltins, EqualInterpreterInRules) {
  types::TypeTable table;
  types::OverloadTable overloads(table);
  Samples samples;
  for (std::string_view signature : {"int", "uint", "double", "bool", "string", "timestamp", "duration"}) {
    Graph g;
    const types::Type* type = g.t.parse(signature);
    std::vector<NodeId> rules;
    auto x = g.slot(0, type), y = g.slot(1, type), z = g.slot(2, type);
    for (size_t i = 0; i < types::kBuiltinCount; ++i) {
      const types::BuiltinInfo& info = types::builtin_info(static_cast<BuiltinId>(i));
      std::string text(signature);
      bool generic = info.signature == "(A, A) -> bool";
      if (info.signature == "(" + text + ", " + text + ") -> bool" || generic) {
        rules.push_back(g.call(info.id, g.t.boolean(), {x, y}));
      } else if (info.signature == "(" + text + ", " + text + ") -> " + text) {
        NodeId result = g.call(info.id, type, {x, y});
        rules.push_back(g.call(BuiltinId::equals, g.t.boolean(), {result, z}));
      }
    }
    ASSERT_FALSE(rules.empty()) << signature;
    g.compile({}, rules);
    std::vector<Value> some = samples.of(type);
    for_each_row({some, some, {some.back(), some[0], some[1]}}, [&](const std::vector<Value>& row) { g.check(row); });
    if (HasFatalFailure()) return;
  }
}

// Text against constants: prepared slots, dictionaries of one word and of many, patterns.
TEST(NativeBuiltins, TextAgainstConstants) {
  for (size_t dictionary : {3u, 200u}) {
    Graph g;
    NodeId text = g.slot(0, g.t.string());
    std::vector<std::string> words = {
        "", "a", "ab", "abcdefgh", "abcdefghi", "abcdefgh_abcdefgh", "abcdefgh-abcdefgh", std::string("a\0b", 3)};
    std::vector<std::string> many;
    for (size_t i = 0; i < dictionary; ++i) many.push_back("w" + std::to_string(i));
    std::vector<NodeId> nodes = {g.call(BuiltinId::in_list, g.t.boolean(), {text, g.strings(many)})};
    nodes.push_back(g.call(BuiltinId::in_list, g.t.boolean(), {text, g.strings({})}));
    nodes.push_back(g.call(BuiltinId::in_list, g.t.boolean(), {text, g.strings(words)}));
    for (const std::string& word : words) {
      NodeId c = g.string(word);
      for (BuiltinId id : {BuiltinId::equals, BuiltinId::not_equals, BuiltinId::starts_with, BuiltinId::ends_with,
                           BuiltinId::contains_string})
        nodes.push_back(g.call(id, g.t.boolean(), {text, c}));
      nodes.push_back(g.call(BuiltinId::equals, g.t.boolean(), {c, text}));
    }
    for (const char* pattern : {"^ab+", "h.a", "(", "[a-", "(?i)KEL", "abc.*hi", "cab|xyz|a", "%", "a*",
                                "(?i)(abcdefgh_|k)", "\\x{212A}el", "[Kk\u212A]el", "ü.*Z$", "k|K"})
      nodes.push_back(g.call(BuiltinId::matches_member, g.t.boolean(), {text, g.string(pattern)}));
    g.compile(nodes, nodes);
    std::vector<Value> texts = {Value::missing(),
                                failing(ErrorCode::kOverflow),
                                Value::string("w2"),
                                Value::string("w199"),
                                Value::string("cab"),
                                Value::string("xabcdefgh"),
                                Value::string("kel"),
                                Value::string("\u212A"),
                                Value::string("\u212Ael"),
                                Value::string("50% ABCDEFGHI"),
                                Value::string("üäZ"),
                                Value::string("üKz"),
                                Value::string(std::string_view("a\0", 2))};
    for (const std::string& word : words) texts.push_back(Value::string(word));
    for_each_row({texts}, [&](const std::vector<Value>& row) { g.check(row); });
    if (HasFatalFailure()) return;
  }
}

TEST(NativeBuiltins, IntsInConstantList) {
  Graph g;
  NodeId x = g.slot(0, g.t.integer());
  std::vector<NodeId> nodes;
  for (const std::vector<int64_t>& items :
       {std::vector<int64_t>{}, {3}, {1, 2, INT64_MIN}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}})
    nodes.push_back(g.call(BuiltinId::in_list, g.t.boolean(), {x, g.integers(items)}));
  g.compile(nodes, nodes);
  for_each_row({{Value::integer(3), Value::integer(10), Value::integer(INT64_MIN), Value::missing(),
                 failing(ErrorCode::kBudget)}},
               [&](const std::vector<Value>& row) { g.check(row); });
}

}  // namespace
}  // namespace weir::jit
