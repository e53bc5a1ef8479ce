#include "compiler/driver/constant_folding.h"

#include <gtest/gtest.h>

#include "compiler/types/type.h"

namespace weir::driver {
namespace {

using ir::ConstantKind;
using ir::NodeId;

class Folding : public testing::Test {
 protected:
  NodeId text(const std::string& s) {
    ir::Constant c{ConstantKind::kString};
    c.s = s;
    return m.add(ir::Op::kConst, t.string(), {}, static_cast<int32_t>(m.intern(std::move(c))));
  }
  const ir::Constant& folded(types::BuiltinId id, const types::Type* type, const std::vector<NodeId>& args) {
    NodeId node = fold_constant(m, m.add(ir::Op::kCall, type, args, -1, id));
    EXPECT_EQ(m.node(node).op, ir::Op::kConst);
    return m.constants[static_cast<size_t>(m.node(node).index)];
  }

  types::TypeTable t;
  ir::Module m;
};

// The parts of a split text borrow from it, and each part that becomes a constant may move the text: 100 parts move it
// several times. The text is short enough to live inside its constant.
TEST_F(Folding, ResultsOutliveConstantsThatMove) {
  NodeId whole = text("a-b-c-d-e-f-g-h");
  NodeId dash = text("-");
  m.constants.shrink_to_fit();
  const ir::Constant& list = folded(types::BuiltinId::split, t.list(t.string()), {whole, dash});
  ASSERT_EQ(list.items.size(), 8u);
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(m.constants[list.items[i]].s, std::string(1, static_cast<char>('a' + i)));

  std::string many;
  for (int i = 0; i < 100; ++i)
    many += static_cast<char>('A' + i % 26), many += static_cast<char>('a' + i / 26), many += '-';
  const ir::Constant& longer = folded(types::BuiltinId::split, t.list(t.string()), {text(many), dash});
  ASSERT_EQ(longer.items.size(), 101u);
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(m.constants[longer.items[i]].s, many.substr(3 * i, 2));
}

TEST_F(Folding, LeavesWhatFailsForRunTime) {
  NodeId call = m.add(ir::Op::kCall, t.integer(), std::vector<NodeId>{text("x")}, -1, types::BuiltinId::int_of_string);
  EXPECT_EQ(fold_constant(m, call), call);
}

}  // namespace
}  // namespace weir::driver
