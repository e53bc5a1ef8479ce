#include <gtest/gtest.h>

#include <functional>

#include "compiler/ir/ir.h"

namespace weir::ir {
namespace {

using types::BuiltinId;

// len(slot 0) > 3 && slot 1, and an exists-like fold over slot 2.
class ModuleTest : public testing::Test {
 protected:
  NodeId integer(int64_t i) {
    Constant c;
    c.kind = ConstantKind::kInt;
    c.i = i;
    return m.add(Op::kConst, types.integer(), {}, static_cast<int32_t>(m.intern(c)));
  }
  NodeId boolean(bool b) {
    Constant c;
    c.kind = ConstantKind::kBool;
    c.i = b;
    return m.add(Op::kConst, types.boolean(), {}, static_cast<int32_t>(m.intern(c)));
  }
  NodeId slot(const types::Type* type, int32_t index, uint8_t flags = 0) {
    return m.add(Op::kSlot, type, {}, index, BuiltinId::kCount, flags);
  }
  NodeId call(BuiltinId id, const types::Type* type, std::vector<NodeId> args) {
    return m.add(Op::kCall, type, args, -1, id);
  }
  NodeId binary(Op op, NodeId a, NodeId b) {
    std::vector<NodeId> args{a, b};
    return m.add(op, types.boolean(), args);
  }
  NodeId exists_over(NodeId range) {
    Fold fold;
    fold.iter_local = 0;
    fold.accu_local = 1;
    NodeId item = m.add(Op::kLocal, types.integer(), {}, 0);
    NodeId accu = m.add(Op::kLocal, types.boolean(), {}, 1, BuiltinId::kCount, kMayError | kMayMissing);
    NodeId hit = call(BuiltinId::greater_int, types.boolean(),
                      {item, call(BuiltinId::add_int, types.integer(), {slot(types.integer(), 3), integer(1)})});
    std::vector<NodeId> negated{accu};
    NodeId condition =
        m.add(Op::kNotStrictlyFalse, types.boolean(), std::vector<NodeId>{m.add(Op::kNot, types.boolean(), negated)});
    return m.add_fold(types.boolean(),
                      std::vector<NodeId>{range, boolean(false), condition, binary(Op::kOr, accu, hit), accu}, fold);
  }
  types::TypeTable types;
  Module m;
};

TEST_F(ModuleTest, EqualNodesAreOneNode) {
  NodeId a = call(BuiltinId::less_int, types.boolean(), {slot(types.integer(), 0), integer(3)});
  NodeId b = call(BuiltinId::less_int, types.boolean(), {slot(types.integer(), 0), integer(3)});
  EXPECT_EQ(a, b);
  EXPECT_NE(a, call(BuiltinId::less_int, types.boolean(), {slot(types.integer(), 0), integer(4)}));
  EXPECT_NE(slot(types.integer(), 0), slot(types.integer(), 0, kMayMissing));
}

TEST_F(ModuleTest, FlagsFollowOperations) {
  NodeId compare = call(BuiltinId::less_int, types.boolean(), {slot(types.integer(), 0), integer(3)});
  EXPECT_EQ(m.node(compare).flags, 0);
  NodeId sum = call(BuiltinId::add_int, types.integer(), {slot(types.integer(), 1, kMayMissing), integer(3)});
  EXPECT_EQ(m.node(sum).flags, kMayError | kMayMissing);
  EXPECT_EQ(m.node(integer(3)).flags, kInvariant);
  EXPECT_EQ(m.node(call(BuiltinId::add_int, types.integer(), {integer(1), integer(2)})).flags, kInvariant | kMayError);
}

TEST_F(ModuleTest, SharedNodesAndLoopInvariantsAreRemembered) {
  NodeId size = call(BuiltinId::size_string, types.integer(), {slot(types.string(), 0)});
  NodeId a = call(BuiltinId::less_int, types.boolean(), {size, integer(3)});
  NodeId b = call(BuiltinId::less_int, types.boolean(), {size, integer(9)});
  NodeId fold = exists_over(slot(types.list(types.integer()), 2));
  std::vector<NodeId> roots{a, b, fold};
  m.plan_memos(roots);
  EXPECT_NE(m.node(size).memo, kNoMemo);
  EXPECT_EQ(m.node(a).memo, kNoMemo);
  NodeId invariant = call(BuiltinId::add_int, types.integer(), {slot(types.integer(), 3), integer(1)});
  EXPECT_NE(m.node(invariant).memo, kNoMemo) << "computed once, not once an element";
  EXPECT_EQ(m.node(fold).locals, 0u);
  EXPECT_TRUE(verify(m, roots).ok()) << verify(m, roots);
}

TEST_F(ModuleTest, TextFormReadsBack) {
  NodeId text = call(BuiltinId::contains_string, types.boolean(), {slot(types.string(), 0, kMayMissing), [&] {
                                                                     Constant c;
                                                                     c.kind = ConstantKind::kString;
                                                                     c.s = "a \"b\"\n\xff";
                                                                     return m.add(Op::kConst, types.string(), {},
                                                                                  static_cast<int32_t>(m.intern(c)));
                                                                   }()});
  std::vector<NodeId> roots{binary(Op::kAnd, text, exists_over(slot(types.list(types.integer()), 2)))};
  m.plan_memos(roots);
  std::string printed = print(m);
  Module again;
  absl::Status status = parse(printed, types, &again);
  ASSERT_TRUE(status.ok()) << status << "\n" << printed;
  EXPECT_EQ(print(again), printed);
  EXPECT_TRUE(verify(again, roots).ok());
}

TEST_F(ModuleTest, VerifierFindsAnUnboundLocal) {
  NodeId local = m.add(Op::kLocal, types.boolean(), {}, 0);
  m.local_count = 1;
  std::vector<NodeId> roots{local};
  EXPECT_FALSE(verify(m, roots).ok());
}

TEST_F(ModuleTest, VerifierFindsAWrongOperand) {
  // An operand that is no bool is an evaluation error (unchecked expressions may have one); a key without a value is a
  // bug.
  std::vector<NodeId> unchecked{binary(Op::kAnd, integer(1), boolean(true))};
  EXPECT_TRUE(verify(m, unchecked).ok());
  std::vector<NodeId> items{integer(1)};
  std::vector<NodeId> roots{m.add(Op::kMakeMap, types.map(types.dyn(), types.dyn()), items)};
  EXPECT_FALSE(verify(m, roots).ok());
}

TEST_F(ModuleTest, VerifierFindsWhatACallOrAConstantIsNot) {
  const auto less = [&](const types::Type* result, std::vector<NodeId> args) {
    return call(BuiltinId::less_int, result, std::move(args));
  };
  const std::vector<std::function<NodeId()>> bad = {
      [&] {
        return less(types.boolean(), {integer(1), slot(types.string(), 0)});
      },
      [&] {
        return less(types.boolean(), {integer(1), slot(types.dyn(), 0)});
      },
      [&] { return less(types.boolean(), {integer(1)}); },
      [&] {
        return less(types.integer(), {integer(1), integer(2)});
      },
      [&] { return m.add(Op::kConst, types.string(), {}, m.node(integer(1)).index); },
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    m = Module();
    std::vector<NodeId> roots{less(types.boolean(), {integer(1), slot(types.integer(), 0)})};
    ASSERT_TRUE(verify(m, roots).ok());
    roots.push_back(bad[i]());
    EXPECT_FALSE(verify(m, roots).ok()) << i;
  }
}

TEST_F(ModuleTest, TextWithMistakesIsRefused) {
  for (std::string_view bad :
       {"%0 = nonsense : int", "%0 = not (%4) : bool", "#0 = int x", "%0 = call nothing : int", "wat"}) {
    Module again;
    EXPECT_FALSE(parse(bad, types, &again).ok()) << bad;
  }
}

}  // namespace
}  // namespace weir::ir
