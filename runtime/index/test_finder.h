// Which boolean nodes are tests of an operand against a constant.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/index/guards.h"

namespace weir::index {

// Operands and tests of a module, each once, numbered in order of their first mention.
class TestFinder {
 public:
  explicit TestFinder(const ir::Module& module) : m_(module) {}

  // The test that a node without `&&`, `||`, `!` or `?:` on top is; none: it is not one.
  std::optional<Test> leaf(ir::NodeId id);
  uint32_t intern(const Test& test);

  const std::vector<Operand>& operands() const { return operands_; }
  const std::vector<Test>& tests() const { return tests_; }

 private:
  std::optional<Test> classify(ir::NodeId id);
  std::optional<Test> typed(ir::NodeId id, const ir::Node& n);
  std::optional<Test> against(ir::NodeId a, ir::NodeId b, Domain domain, Relation relation, bool negated);
  std::optional<Test> in(ir::NodeId a, ir::NodeId b);
  std::optional<Test> exists(ir::NodeId id);
  std::optional<uint32_t> operand_of(ir::NodeId id, Domain domain);
  bool computable(ir::NodeId id, int& budget) const;
  bool is_text_list(ir::NodeId id) const;
  const ir::Constant* constant_of(ir::NodeId id) const;

  const ir::Module& m_;
  std::vector<Operand> operands_;
  std::vector<Test> tests_;
  std::unordered_map<ir::NodeId, std::optional<Test>> leaves_;
  std::map<std::pair<ir::NodeId, Domain>, uint32_t> number_of_operand_;
  std::map<Test, uint32_t> number_of_test_;
};

}  // namespace weir::index
