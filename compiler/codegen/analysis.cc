#include "compiler/codegen/analysis.h"

#include <algorithm>

#include "compiler/codegen/inline_ops.h"

namespace weir::codegen {

using ir::NodeId;
using ir::Op;
using types::Kind;

namespace {

constexpr uint32_t kMaxCost = 1u << 20;
constexpr uint32_t kMemoCost = 6;
constexpr uint32_t kCallCost = 30;
constexpr uint32_t kStateCost = 80;
constexpr uint32_t kSearchCost = 60;
constexpr uint32_t kFoldCost = 100;
constexpr uint32_t kRegexCost = 400;
constexpr uint32_t kMaxInlineItems = 8;  // of an int list in `in`

bool is_scalar(const types::Type* type) {
  switch (type->kind()) {
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<NodeId> reachable(const ir::Module& module, std::span<const NodeId> roots) {
  std::vector<uint8_t> marked(module.size(), 0);
  for (NodeId root : roots) marked[root] = 1;
  for (NodeId id = static_cast<NodeId>(module.size()); id-- > 0;)
    if (marked[id])
      for (NodeId arg : module.args(id)) marked[arg] = 1;
  std::vector<NodeId> nodes;
  for (NodeId id = 0; id < module.size(); ++id)
    if (marked[id]) nodes.push_back(id);
  return nodes;
}

Analysis::Analysis(const ir::Module& module, std::span<const NodeId> roots, bool prepared)
    : module_(module),
      prepared_(prepared),
      cost_(module.size(), 0),
      straight_(module.size(), 0),
      out_of_line_(module.size(), 0) {
  std::vector<NodeId> nodes = reachable(module, roots);
  for (NodeId id : nodes) collect(id);
  for (NodeId id : nodes) visit(id);
}

bool Analysis::is_string_slot(NodeId id) const {
  const ir::Node& n = module_.node(id);
  // Only the row of the event: `each` changes within one.
  return n.op == Op::kSlot && n.type->is(Kind::kString) && !(n.flags & ir::kUsesEach);
}

int Analysis::view_of(uint32_t slot) const {
  auto it = views_.find(slot);
  return it == views_.end() ? -1 : it->second;
}

int Analysis::string_view(NodeId id) const {
  return is_string_slot(id) ? view_of(static_cast<uint32_t>(module_.node(id).index)) : -1;
}

uint32_t Analysis::code_of(int view, const std::string& text) const {
  const auto& codes = codes_[static_cast<size_t>(view)];
  auto it = codes.find(text);
  return it == codes.end() ? 0 : it->second;
}

void Analysis::collect_string(NodeId slot, uint32_t constant) {
  auto index = static_cast<uint32_t>(module_.node(slot).index);
  auto [it, added] = views_.try_emplace(index, static_cast<int>(dictionaries_.size()));
  if (added) {
    dictionaries_.push_back({index, {}});
    codes_.emplace_back();
  }
  auto view = static_cast<size_t>(it->second);
  const std::string& text = module_.constants[constant].s;
  auto [code, fresh] = codes_[view].try_emplace(text, static_cast<uint32_t>(codes_[view].size() + 1));
  if (fresh) dictionaries_[view].strings.push_back(text);
}

void Analysis::collect(NodeId id) {
  const ir::Node& n = module_.node(id);
  if (!prepared_ || n.op != Op::kCall || n.arg_count != 2) return;
  NodeId a = module_.arg(id, 0), b = module_.arg(id, 1);
  auto constant = [&](NodeId node) -> const ir::Constant* {
    const ir::Node& c = module_.node(node);
    return c.op == Op::kConst ? &module_.constants[static_cast<size_t>(c.index)] : nullptr;
  };
  auto constant_index = [&](NodeId node) { return static_cast<uint32_t>(module_.node(node).index); };
  InlineOp op = inline_info(n.builtin).op;
  switch (op) {
    case InlineOp::kEquals:
    case InlineOp::kNotEquals:
      if (is_string_slot(b)) std::swap(a, b);
      [[fallthrough]];
    case InlineOp::kStartsWith:
    case InlineOp::kEndsWith:
      // The code is for equality; the others want the view alone, and one dictionary word more does no harm.
      if (is_string_slot(a) && constant(b) != nullptr && constant(b)->kind == ir::ConstantKind::kString)
        collect_string(a, constant_index(b));
      break;
    case InlineOp::kInList: {
      const ir::Constant* list = constant(b);
      if (!is_string_slot(a) || list == nullptr || list->kind != ir::ConstantKind::kList) break;
      for (uint32_t item : list->items)
        if (module_.constants[item].kind == ir::ConstantKind::kString) collect_string(a, item);
      break;
    }
    default:
      break;
  }
}

uint32_t Analysis::call_cost(NodeId id, bool* straight) const {
  const ir::Node& n = module_.node(id);
  *straight = true;
  switch (InlineInfo info = inline_info(n.builtin); info.op) {
    case InlineOp::kAddInt:
    case InlineOp::kSubInt:
    case InlineOp::kMulInt:
    case InlineOp::kNegInt:
    case InlineOp::kAddUint:
    case InlineOp::kSubUint:
    case InlineOp::kMulUint:
    case InlineOp::kAddDouble:
    case InlineOp::kSubDouble:
    case InlineOp::kMulDouble:
    case InlineOp::kNegDouble:
    case InlineOp::kDoubleFromInt:
    case InlineOp::kIdentity:
      return 1;
    case InlineOp::kDoubleFromUint:
    case InlineOp::kLess:
    case InlineOp::kLessEquals:
    case InlineOp::kGreater:
    case InlineOp::kGreaterEquals:
      return 2;
    case InlineOp::kDivDouble:
      return 4;
    case InlineOp::kDivInt:
    case InlineOp::kModInt:
    case InlineOp::kDivUint:
    case InlineOp::kModUint:
      *straight = false;
      return 12;
    case InlineOp::kEquals:
    case InlineOp::kNotEquals: {
      NodeId a = module_.arg(id, 0), b = module_.arg(id, 1);
      const types::Type* type = module_.node(a).type;
      if (is_scalar(type) && type == module_.node(b).type) return 1;
      if (string_view(b) >= 0) std::swap(a, b);
      if (string_view(a) >= 0 && module_.node(b).op == Op::kConst) return 1;
      *straight = false;
      return type->is(Kind::kString) ? 12 : kCallCost;
    }
    case InlineOp::kInList: {
      NodeId a = module_.arg(id, 0);
      const ir::Node& list = module_.node(module_.arg(id, 1));
      if (list.op == Op::kConst) {
        const ir::Constant& constant = module_.constants[static_cast<size_t>(list.index)];
        if (string_view(a) >= 0) return 3;
        if (module_.node(a).type->is(Kind::kInt) && constant.items.size() <= kMaxInlineItems) return 4;
      }
      *straight = false;
      return kCallCost;
    }
    case InlineOp::kStartsWith:
    case InlineOp::kEndsWith: {
      const ir::Node& affix = module_.node(module_.arg(id, 1));
      bool constant = affix.op == Op::kConst;
      bool word = constant && module_.constants[static_cast<size_t>(affix.index)].s.size() <= 8;
      if (string_view(module_.arg(id, 0)) >= 0 && word) return 3;
      *straight = false;
      return 12;
    }
    case InlineOp::kContains:
      *straight = false;
      return kSearchCost;
    case InlineOp::kNone:
      break;
  }
  *straight = false;
  switch (types::builtin_info(n.builtin).cost) {
    case types::Cost::kConst:
      return kCallCost;
    case types::Cost::kLinear:
      return kSearchCost;
    case types::Cost::kRegex:
      return kRegexCost;
    case types::Cost::kQuadratic:
      return kRegexCost;
  }
  return kCallCost;
}

void Analysis::visit(NodeId id) {
  const ir::Node& n = module_.node(id);
  bool straight = true;
  uint32_t own = 1;
  switch (n.op) {
    case Op::kConst:
      own = 0;
      break;
    case Op::kSlot:
    case Op::kLocal:
    case Op::kHasSlot:
    case Op::kOptSlot:
    case Op::kNot:
    case Op::kNotStrictlyFalse:
      break;
    case Op::kAnd:
    case Op::kOr:
    case Op::kCond:
      own = 1;
      break;
    case Op::kCall:
      own = call_cost(id, &straight);
      break;
    case Op::kOptOr:
    case Op::kOptOrValue:
      straight = false;
      own = 4;
      break;
    case Op::kFold:
      straight = false;
      own = kFoldCost;
      break;
    case Op::kFeature:
    case Op::kFeatureAt:
    case Op::kListContains:
    case Op::kHasLabel:
    case Op::kHasLabelNamed:
    case Op::kLabels:
      straight = false;
      own = kStateCost;
      break;
    default:
      straight = false;
      own = kCallCost + n.arg_count;
  }
  uint32_t total = own + ((n.flags & (ir::kMayError | ir::kMayMissing)) ? 1 : 0);
  for (NodeId arg : module_.args(id)) {
    straight = straight && straight_[arg];
    total = std::min(kMaxCost, total + (out_of_line_[arg] ? kMemoCost + cost_[arg] / 4 : cost_[arg]));
  }
  cost_[id] = total;
  straight_[id] = straight;
  if (n.memo == ir::kNoMemo || cheap(id)) return;
  out_of_line_[id] = 1;
  straight_[id] = 0;
}

}  // namespace weir::codegen
