#include "runtime/match/list_set.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::match {
namespace {

using ir::ListKind;
using value::Value;

struct Case {
  ListKind kind;
  std::vector<std::string> entries;
  Value probe;
  bool in;
};

TEST(ListSet, Membership) {
  const Case cases[] = {
      {ListKind::kString, {"a", "b", "a"}, Value::string("b"), true},
      {ListKind::kString, {"a", ""}, Value::string(""), true},
      {ListKind::kString, {"a"}, Value::string("A"), false},
      {ListKind::kString, {}, Value::string("a"), false},
      {ListKind::kString, {"1"}, Value::integer(1), false},
      {ListKind::kInt, {"0", "-5", "9223372036854775807"}, Value::integer(0), true},
      {ListKind::kInt, {"-5"}, Value::integer(-5), true},
      {ListKind::kInt, {"-1"}, Value::uint(UINT64_MAX), false},
      {ListKind::kInt, {"3"}, Value::uint(3), true},
      {ListKind::kInt, {"3"}, Value::dbl(3.0), true},
      {ListKind::kInt, {"3"}, Value::dbl(3.5), false},
      {ListKind::kDouble, {"0.5", "-0"}, Value::dbl(0.5), true},
      {ListKind::kDouble, {"-0"}, Value::integer(0), true},
      {ListKind::kDouble, {"nan"}, Value::dbl(0.0 / 0.0), false},
      {ListKind::kCidr, {"10.0.0.0/8", "192.168.1.7"}, Value::string("10.255.0.1"), true},
      {ListKind::kCidr, {"10.0.0.0/8", "10.1.0.0/16"}, Value::string("10.2.0.1"), true},
      {ListKind::kCidr, {"192.168.1.7"}, Value::string("192.168.1.8"), false},
      {ListKind::kCidr, {"10.1.2.3/8"}, Value::string("10.9.9.9"), true},
      {ListKind::kCidr, {"10.0.0.0/8"}, Value::string("::ffff:10.1.1.1"), true},
      {ListKind::kCidr, {"2001:db8::/32"}, Value::string("2001:db8:1::1"), true},
      {ListKind::kCidr, {"2001:db8::/32"}, Value::string("2001:db9::"), false},
      {ListKind::kCidr, {"0.0.0.0/0"}, Value::string("8.8.8.8"), true},
      {ListKind::kCidr, {"0.0.0.0/0"}, Value::string("::1"), false},
      {ListKind::kDomain, {"example.test"}, Value::string("example.test"), true},
      {ListKind::kDomain, {"example.test"}, Value::string("A.Example.TEST."), true},
      {ListKind::kDomain, {"example.test"}, Value::string("badexample.test"), false},
      {ListKind::kDomain, {"a.example.test"}, Value::string("example.test"), false},
      {ListKind::kDomain, {"*.example.test"}, Value::string("example.test"), false},
      {ListKind::kDomain, {"*.example.test"}, Value::string("x.y.example.test"), true},
      {ListKind::kDomain, {".example.test"}, Value::string("example.test"), true},
      {ListKind::kDomain, {"test"}, Value::string(""), false},
      {ListKind::kRegex, {"^a+$", "x.z"}, Value::string("__xyz__"), true},
      {ListKind::kRegex, {"^a+$", "x.z"}, Value::string("aab"), false},
      {ListKind::kRegex, {}, Value::string("a"), false},
  };
  for (const Case& c : cases) {
    const auto set = make_list_set({"l", c.kind, c.entries});
    ASSERT_TRUE(set.ok()) << set.status();
    const Value v = (*set)->contains(c.probe);
    EXPECT_TRUE(v.is(value::Kind::kBool) && v.is_true() == c.in) << "case " << (&c - cases);
  }
}

TEST(ListSet, AValueThatIsNoAddressIsAnErrorNotANo) {
  const auto set = make_list_set({"l", ListKind::kCidr, {"10.0.0.0/8"}});
  ASSERT_TRUE(set.ok());
  for (const char* text : {"", "10.0.0", "10.0.0.1/8", "host", "10.0.0.1 "}) {
    EXPECT_TRUE((*set)->contains(Value::string(text)).is_error()) << text;
  }
}

TEST(ListSet, MalformedEntriesAreNamed) {
  const std::pair<ListKind, std::string> cases[] = {
      {ListKind::kInt, "1x"},         {ListKind::kInt, "9223372036854775808"},
      {ListKind::kDouble, ""},        {ListKind::kCidr, "10.0.0.0/33"},
      {ListKind::kCidr, "10.0.0.0/"}, {ListKind::kDomain, "a..b"},
      {ListKind::kDomain, "."},       {ListKind::kRegex, "("}};
  for (const auto& [kind, entry] : cases) {
    const auto set = make_list_set({"bad_one", kind, {entry}});
    ASSERT_FALSE(set.ok()) << entry;
    const std::string message(set.status().message());
    EXPECT_NE(message.find("`bad_one`"), std::string::npos) << message;
    EXPECT_NE(message.find("`" + entry + "`"), std::string::npos) << message;
  }
}

TEST(ListSet, AMillionEntriesAreAllFound) {
  ir::List list{"l", ListKind::kString, {}};
  for (int i = 0; i < 1'000'000; i += 3) list.values.push_back("user" + std::to_string(i));
  const auto set = make_list_set(list);
  ASSERT_TRUE(set.ok());
  for (int i = 0; i < 1'000'000; i += 7) {
    const std::string text = "user" + std::to_string(i);
    ASSERT_EQ((*set)->contains(Value::string(text)).is_true(), i % 3 == 0) << text;
  }
}

}  // namespace
}  // namespace weir::match
