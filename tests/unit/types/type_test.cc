#include "compiler/types/type.h"

#include <gtest/gtest.h>

#include "compiler/types/builtins.h"

namespace weir::types {
namespace {

TEST(TypeTable, ParsesAndPrintsSignatureTypes) {
  TypeTable types;
  for (std::string_view text : {"int", "null", "dyn", "list<string>", "map<K, V>", "optional<list<T>>", "type<A>",
                                "type", "net.IP", "map<string, list<map<int, bool>>>"}) {
    const Type* type = types.parse(text);
    ASSERT_NE(type, nullptr) << text;
    EXPECT_EQ(to_string(type), text);
    EXPECT_EQ(types.parse(text), type) << "types are interned";
  }
  for (std::string_view text :
       {"", "list", "list<int", "list<int>>", "map<int>", "int<int>", "Thing", "T<int>", "a b"}) {
    EXPECT_EQ(types.parse(text), nullptr) << text;
  }
}

TEST(TypeTable, EntityIsItsNameAndHasABase) {
  TypeTable types;
  const Type* account = types.entity("Account", types.string());
  EXPECT_EQ(to_string(account), "Account");
  EXPECT_EQ(account->base(), types.string());
  EXPECT_NE(account, types.entity("Ip", types.string()));
  EXPECT_EQ(account, types.entity("Account", types.string()));
}

TEST(OverloadTable, EverySignatureOfTheTableCanBeRead) {
  TypeTable types;
  OverloadTable overloads(types);
  for (size_t i = 0; i < kBuiltinCount; ++i) {
    const Overload& overload = overloads.overload(static_cast<BuiltinId>(i));
    const BuiltinInfo& info = builtin_info(overload.id);
    EXPECT_EQ(static_cast<size_t>(info.id), i);
    ASSERT_NE(overload.result, nullptr) << info.id_name << ": " << info.signature;
    std::string text = "(";
    for (const Type* param : overload.params) text += (text.size() > 1 ? ", " : "") + to_string(param);
    EXPECT_EQ(text + ") -> " + to_string(overload.result), info.signature) << info.id_name;
  }
}

TEST(OverloadTable, FindsByFunctionAndStyle) {
  TypeTable types;
  OverloadTable overloads(types);
  EXPECT_EQ(overloads.find("size", CallStyle::kGlobal).size(), 4u);
  EXPECT_EQ(overloads.find("size", CallStyle::kMember).size(), 4u);
  EXPECT_TRUE(overloads.find("size", CallStyle::kOperator).empty());
  EXPECT_TRUE(overloads.find("no_such", CallStyle::kGlobal).empty());
  EXPECT_TRUE(overloads.has_function("_+_"));
  EXPECT_EQ(overloads.find("@in", CallStyle::kOperator)[0]->params[1], types.list(types.param("T")));
}

}  // namespace
}  // namespace weir::types
