#include <cmath>

#include "tests/unit/value/ext_call.h"

namespace weir::value {
namespace {

using namespace testing;

TEST(ExtOptionals, Functions) {
  static const Value one = I(1);
  Value some = Value::some(&one);
  check({
      {"optional_of_non_zero_value", {S("")}, "optional.none()"},
      {"optional_of_non_zero_value", {D(-0.0)}, "optional.none()"},
      {"optional_of_non_zero_value", {L({I(0)})}, "optional.of([0])"},
      {"optional_of", {Value::null()}, "optional.of(null)"},
      {"optional_has_value", {Value::none()}, "false"},
      {"optional_value", {some}, "1"},
      {"optional_value", {Value::none()}, "!optional_none"},
      {"optional_value", {I(1)}, "!no_such_overload"},
      {"optional_or", {Value::none(), some}, "optional.of(1)"},
      {"optional_or_value", {some, I(2)}, "1"},
      {"optional_unwrap", {L({some, Value::none(), some})}, "[1, 1]"},
      {"optional_unwrap_opt", {L({I(3)})}, "!no_such_overload"},
      {"list_first", {L({})}, "optional.none()"},
      {"list_last", {L({I(1), I(2)})}, "optional.of(2)"},
  });
}

TEST(ExtLists, Functions) {
  Value nan = D(std::nan(""));
  check({
      {"list_slice", {L({I(1), I(2), I(3)}), I(1), I(3)}, "[2, 3]"},
      {"list_slice", {L({I(1)}), I(1), I(1)}, "[]"},
      {"list_slice", {L({I(1)}), I(0), I(2)}, "!invalid_argument"},
      {"list_slice", {L({I(1)}), I(1), I(0)}, "!invalid_argument"},
      {"list_slice", {L({I(1)}), I(-1), I(0)}, "!invalid_argument"},
      {"list_flatten", {L({I(1), L({I(2), L({I(3)})}), L({})})}, "[1, 2, [3]]"},
      {"list_flatten_depth", {L({I(1), L({I(2), L({I(3)})})}), I(0)}, "[1, [2, [3]]]"},
      {"list_flatten_depth", {L({I(1), L({I(2), L({I(3)})})}), I(9)}, "[1, 2, 3]"},
      {"list_flatten_depth", {L({}), I(-1)}, "!invalid_argument"},
      {"list_distinct", {L({I(1), S("1"), D(1), U(1), L({I(2)}), L({D(2)})})}, R"([1, "1", [2]])"},
      {"list_sort_int", {L({I(3), I(-1), I(2)})}, "[-1, 2, 3]"},
      {"list_sort_string", {L({S("b"), S("a😀"), S("a")})}, R"(["a", "a😀", "b"])"},
      {"list_sort_double", {L({D(2), nan, D(1)})}, R"([1.0, 2.0, double("NaN")])"},
      {"list_sort_int", {L({I(1), S("a")})}, "!invalid_argument"},
      {"list_sort_int", {L({L({})})}, "!invalid_argument"},
      {"list_sort_int", {L({})}, "[]"},
      {"list_sort_by_int", {L({S("a"), S("b"), S("c")}), L({I(3), I(1), I(2)})}, R"(["b", "c", "a"])"},
      {"list_sort_by_string", {L({I(1), I(2), I(3)}), L({S("x"), S("x"), S("")})}, "[3, 1, 2]"},
      {"list_sort_by_int", {L({I(1), I(2)}), L({I(1)})}, "!invalid_argument"},
      {"list_sort_by_int", {L({I(1), I(2)}), L({I(1), D(1)})}, "!invalid_argument"},
      {"list_sort_by_int", {L({I(1)}), L({Value::null()})}, "!invalid_argument"},
      {"list_sort_by_bool", {L({}), L({})}, "[]"},
      {"list_reverse", {L({I(1), I(2)})}, "[2, 1]"},
      {"lists_range", {I(3)}, "[0, 1, 2]"},
      {"lists_range", {I(-1)}, "!invalid_argument"},
      {"lists_range", {I(INT64_MAX)}, "!invalid_argument"},
      {"sets_contains", {L({I(1), I(2)}), L({D(2), U(1), I(1)})}, "true"},
      {"sets_contains", {L({I(1)}), L({I(1), I(2)})}, "false"},
      {"sets_contains", {L({}), L({})}, "true"},
      {"sets_equivalent", {L({I(1), I(2), I(2)}), L({U(2), D(1)})}, "true"},
      {"sets_equivalent", {L({I(1)}), L({I(1), I(2)})}, "false"},
      {"sets_intersects", {L({I(1), I(2)}), L({I(3), D(2)})}, "true"},
      {"sets_intersects", {L({}), L({})}, "false"},
      {"sets_contains", {L({nan}), L({nan})}, "false"},
  });
}

TEST(ExtLists, DynamicFlattenTakesMixedLists) {
  Caller caller;
  Value mixed = L({I(1), L({I(2)})});
  caller.call("list_reverse", {mixed});  // sets up the context
  EXPECT_EQ(to_literal(call_dynamic(caller.ctx, "flatten", types::CallStyle::kMember, &mixed, 1)), "[1, 2]");
}

// 2^40 elements in 40 lists: only a budget ends that.
TEST(ExtLists, SharedPartsCannotStall) {
  Value v = L({});
  for (int i = 0; i < 40; ++i) v = L({v, v});
  Caller caller;
  EXPECT_EQ(caller.text("list_flatten_depth", {v, I(100)}), "!budget");
  EXPECT_EQ(caller.text("format", {S("%s"), v}), "!budget");
  EXPECT_EQ(caller.text("list_distinct", {L({v, v, L({v})})}), "!budget");
}

TEST(ExtLists, DistinctIsNotQuadratic) {
  std::vector<Value> items;
  for (int i = 0; i < 100000; ++i) items.push_back(I(i % 50000));
  Caller caller;
  Value v = caller.call("list_distinct", {L(items)});
  ASSERT_TRUE(v.is(Kind::kList));
  EXPECT_EQ(v.list->size, 50000u);
}

}  // namespace
}  // namespace weir::value
