// Why a rule did or did not hold for an event: its `when` as a tree of sub-expressions, each with its value and where
// it is written, and the smallest set of them that settled the outcome.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/base/source.h"
#include "compiler/ir/program.h"
#include "runtime/value/value.h"

namespace weir::explain {

// Value of a node on the event in question: Session::eval.
using Evaluate = std::function<value::Value(ir::NodeId)>;
// Makes an item (index or key, and element or value, in the two-variable form) the one a fold's body is evaluated for.
using Bind = std::function<void(const ir::Fold&, const value::Value& item, const value::Value& second)>;

enum class Truth : uint8_t { kValue, kTrue, kFalse, kMissing, kError };
std::string_view truth_name(Truth truth);  // "value", "true"…

inline constexpr uint32_t kNoRule = UINT32_MAX;

struct WhyNode {
  ir::NodeId node = ir::kNoNode;
  base::Span span;
  bool has_span = false;
  std::string source;  // as written, white space collapsed; a description of the operation if it was not written
  Truth truth = Truth::kValue;
  std::string value;              // literal; "missing: field", "error: message"
  bool decisive = false;          // one of those that settled the outcome
  bool item = false;              // the condition of an exists() or all() above, for the item that settled it
  std::vector<WhyNode> children;  // operands that vary with the event; constants are seen in `source`
};

struct Why {
  uint32_t rule = kNoRule;
  Truth outcome = Truth::kValue;
  WhyNode root;            // children: the clauses, as written
  bool truncated = false;  // the tree was cut at kMaxNodes

  // The decisive nodes of root, in order of the tree.
  std::vector<const WhyNode*> decided_by() const;
};

inline constexpr size_t kMaxNodes = 2000;
inline constexpr size_t kMaxLiteral = 200;  // bytes of a value or source shown; longer ones end in "…"

// A comprehension is shown with its range and, if `bind` is given and it is an exists() or all(), with its condition
// for the item that settled it. Session::explain supplies both functions.
Why explain(const ir::Program& program, uint32_t rule, const Evaluate& evaluate, const Bind& bind = nullptr);
// An expression on an event, outside of any rule.
Why explain_node(const ir::Program& program, uint32_t event, ir::NodeId node, const Evaluate& evaluate,
                 const Bind& bind = nullptr);

// One JSON object: {"rule","id","outcome","decided_by":[{"source","value","file","line","column"}],"tree":{"source",
// "outcome","value","decisive","file","line","column","children":[…]}}; "truncated" if it is; positions if known. For
// explain_node without "rule" and "id".
std::string to_json(const ir::Program& program, const Why& why);

// A tree for a terminal, one sub-expression a line: `=>` marks what decided.
std::string to_text(const ir::Program& program, const Why& why);

}  // namespace weir::explain
