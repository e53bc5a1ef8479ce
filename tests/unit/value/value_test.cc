#include "runtime/value/value.h"

#include <cmath>
#include <limits>

#include "runtime/value/containers.h"
#include "tests/unit/value/fixture.h"

namespace weir::value {
namespace {

TEST_F(ValueTest, EqualValuesHashAlike) {
  IpRep four{{10, 0, 0, 1}, 4};
  IpRep same_four{{10, 0, 0, 1, 99}, 4};  // what is behind an IPv4 address does not count
  CidrRep wide{four, 8};
  CidrRep same_wide{same_four, 8};
  const std::pair<Value, Value> equal_pairs[] = {
      {I(1), U(1)},
      {I(1), D(1.0)},
      {U(1), D(1.0)},
      {D(0.0), D(-0.0)},
      {I(0), D(-0.0)},
      {U(uint64_t{1} << 63), D(9223372036854775808.0)},
      {I(INT64_MIN), D(-9223372036854775808.0)},
      {S("a"), S("a")},
      {Y(""), Y("")},
      {Value::null(), Value::null()},
      {Value::type("int"), Value::type("int")},
      {T("2000-01-01T00:00:00Z"), T("2000-01-01T01:00:00+01:00")},
      {P("60s"), P("1m")},
      {list({I(1), D(2)}), list({U(1), I(2)})},
      {map({S("a"), I(1), S("b"), I(2)}), map({S("b"), U(2), S("a"), D(1)})},
      {map({I(1), I(2)}), map({U(1), I(2)})},
      {some(I(1)), some(U(1))},
      {Value::none(), Value::none()},
      {Value::of(&four), Value::of(&same_four)},
      {Value::of(&wide), Value::of(&same_wide)},
  };
  for (const auto& [a, b] : equal_pairs) {
    EXPECT_TRUE(equal(a, b)) << to_literal(a) << " " << to_literal(b);
    EXPECT_TRUE(equal(b, a)) << to_literal(a) << " " << to_literal(b);
    EXPECT_EQ(hash(a), hash(b)) << to_literal(a) << " " << to_literal(b);
  }
}

TEST_F(ValueTest, UnequalValues) {
  const double nan = std::nan("");
  IpRep four{{10, 0, 0, 1}, 4};
  IpRep six{{10, 0, 0, 1}, 6};
  const std::pair<Value, Value> pairs[] = {
      {I(-1), U(UINT64_MAX)},
      {I(1), D(1.5)},
      {I(INT64_MAX), D(9223372036854775808.0)},
      {I(9007199254740993), D(9007199254740992.0)},
      {D(nan), D(nan)},
      {I(1), D(nan)},
      {U(UINT64_MAX), D(18446744073709551616.0)},
      {S("a"), Y("a")},
      {S("a"), S("ab")},
      {B(false), I(0)},
      {B(false), Value::null()},
      {I(1), S("1")},
      {list({I(1)}), list({I(1), I(2)})},
      {list({I(1), S("x")}), list({I(1), I(2)})},
      {list({D(nan)}), list({D(nan)})},
      {map({S("a"), I(1)}), map({S("a"), I(2)})},
      {map({S("a"), I(1)}), map({S("b"), I(1)})},
      {some(I(1)), Value::none()},
      {some(I(1)), I(1)},
      {Value::of(&four), Value::of(&six)},
      {T("2000-01-01T00:00:00Z"), T("2000-01-01T00:00:00.000000001Z")},
      {Value::type("int"), S("int")},
  };
  for (const auto& [a, b] : pairs) {
    EXPECT_FALSE(equal(a, b)) << to_literal(a) << " " << to_literal(b);
    EXPECT_FALSE(equal(b, a)) << to_literal(a) << " " << to_literal(b);
  }
}

// Feature keys and salts outlive the process: these numbers may never change.
TEST_F(ValueTest, HashesAreStable) {
  EXPECT_EQ(hash(S("account-1")), UINT64_C(16440290579330960635));
  EXPECT_EQ(hash(I(42)), UINT64_C(3841704182514426698));
}

TEST_F(ValueTest, DeepValuesNeedNoStack) {
  Value a = I(1);
  Value b = U(1);
  for (int i = 0; i < 200000; ++i) {
    a = list({a});
    b = list({b});
  }
  EXPECT_TRUE(equal(a, b));
  EXPECT_EQ(hash(a), hash(b));
  EXPECT_LT(to_literal(a).size(), 1000u);
}

TEST_F(ValueTest, SharedPartsDoNotStallEquality) {
  Value a = list({I(1)});
  Value b = list({I(1)});
  for (int i = 0; i < 100; ++i) {
    a = list({a, a});
    b = list({b, b});
  }
  int64_t steps = 100000;
  EXPECT_FALSE(equal(a, b, &steps));
  EXPECT_LT(steps, 0);
}

TEST_F(ValueTest, MapsFindKeysWithAndWithoutIndex) {
  for (int size : {1, 8, 9, 1000}) {
    std::vector<Value> items;
    for (int i = 0; i < size; ++i) {
      items.push_back(I(i));
      items.push_back(I(i * 10));
    }
    Value m = map(items);
    ASSERT_TRUE(m.is(Kind::kMap));
    EXPECT_EQ(m.map->index != nullptr, size > 8);
    for (int i = 0; i < size; ++i) {
      for (const Value& key : {I(i), U(static_cast<uint64_t>(i)), D(i)}) {
        const Value* found = find(*m.map, key);
        ASSERT_NE(found, nullptr) << i;
        EXPECT_EQ(found->i, i * 10);
      }
      EXPECT_EQ(find(*m.map, D(i + 0.5)), nullptr);
    }
    EXPECT_EQ(find(*m.map, I(size)), nullptr);
    EXPECT_EQ(find(*m.map, S("0")), nullptr);
    EXPECT_EQ(find(*m.map, list({I(0)})), nullptr);
  }
}

TEST(TypeName, IsCels) {
  EXPECT_EQ(type_name(Value::null()), "null_type");
  EXPECT_EQ(type_name(Value::timestamp(0, 0)), "google.protobuf.Timestamp");
  EXPECT_EQ(type_name(Value::duration(0, 0)), "google.protobuf.Duration");
  EXPECT_EQ(type_name(Value::none()), "optional_type");
  EXPECT_EQ(type_name(Value::type("int")), "type");
}

}  // namespace
}  // namespace weir::value
