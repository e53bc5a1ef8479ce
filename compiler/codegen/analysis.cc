#include "compiler/codegen/analysis.h"

#include <algorithm>

#include "compiler/codegen/inline_ops.h"
#include "compiler/codegen/text_filter.h"
#include "runtime/value/pattern_literals.h"
#include "runtime/value/regex.h"

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
constexpr uint32_t kFilteredCost = 8;   // of a search that a filter mostly decides
constexpr size_t kMaxAlternatives = 4;  // of a filter
constexpr size_t kMaxSearchedCodes = 64;
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

uint32_t CodeTable::add(const std::string& text) {
  auto [it, added] = codes_.try_emplace(text, static_cast<uint32_t>(strings_.size() + 1));
  if (added) strings_.push_back(text);
  return it->second;
}

uint32_t CodeTable::code(const std::string& text) const {
  auto it = codes_.find(text);
  return it == codes_.end() ? 0 : it->second;
}

Analysis::Analysis(const ir::Module& module, std::span<const NodeId> roots, Prepared prepared)
    : module_(module),
      with_filters_(prepared == Prepared::kSearchesToo),
      cost_(module.size(), 0),
      straight_(module.size(), 0),
      out_of_line_(module.size(), 0),
      split_(module.size(), 0),
      size_(module.size(), 1) {
  std::vector<NodeId> nodes = reachable(module, roots);
  if (prepared != Prepared::kNothing) {
    for (NodeId id : nodes) collect(id);
    lay_out();
  }
  for (NodeId id : nodes) visit(id);
}

// A slot of the event's row: `each` changes within one event.
bool Analysis::is_row_slot(NodeId id, Kind kind) const {
  const ir::Node& n = module_.node(id);
  return n.op == Op::kSlot && n.type->is(kind) && !(n.flags & ir::kUsesEach);
}

const ir::Constant* Analysis::constant(NodeId id, ir::ConstantKind kind) const {
  const ir::Node& n = module_.node(id);
  if (n.op != Op::kConst) return nullptr;
  const ir::Constant& c = module_.constants[static_cast<size_t>(n.index)];
  return c.kind == kind ? &c : nullptr;
}

int Analysis::text_of(NodeId id) const {
  if (!is_row_slot(id, Kind::kString)) return -1;
  auto it = text_index_.find(static_cast<uint32_t>(module_.node(id).index));
  return it == text_index_.end() ? -1 : static_cast<int>(it->second);
}

const Filter* Analysis::filter(NodeId id) const {
  auto it = filters_.find(id);
  return it == filters_.end() ? nullptr : &it->second;
}

const Membership* Analysis::membership(NodeId id) const {
  auto it = memberships_.find(id);
  return it == memberships_.end() ? nullptr : &it->second;
}

CodeTable& Analysis::texts(NodeId slot) {
  auto index = static_cast<uint32_t>(module_.node(slot).index);
  auto [it, added] = text_index_.try_emplace(index, preparation_.texts.size());
  if (added) preparation_.texts.emplace_back(index);
  return preparation_.texts[it->second];
}

void Analysis::collect(NodeId id) {
  const ir::Node& n = module_.node(id);
  if (n.op == Op::kFold) return collect_membership(id);
  if (n.op != Op::kCall || n.arg_count != 2) return;
  NodeId a = module_.arg(id, 0), b = module_.arg(id, 1);
  InlineOp op = inline_info(n.builtin).op;
  if ((op == InlineOp::kEquals || op == InlineOp::kNotEquals) && is_row_slot(b, Kind::kString)) std::swap(a, b);
  if (!is_row_slot(a, Kind::kString)) return;
  const ir::Constant* text = constant(b, ir::ConstantKind::kString);
  switch (op) {
    case InlineOp::kEquals:
    case InlineOp::kNotEquals:
      if (text != nullptr) texts(a).add(text->s);
      break;
    case InlineOp::kStartsWith:
    case InlineOp::kEndsWith:
      if (text != nullptr) texts(a);
      if (with_filters_ && text != nullptr && text->s.size() > sizeof(uint64_t)) collect_filter(id, a, {}, false);
      break;
    case InlineOp::kInList:
      if (const ir::Constant* list = constant(b, ir::ConstantKind::kList))
        for (uint32_t item : list->items)
          if (module_.constants[item].kind == ir::ConstantKind::kString) texts(a).add(module_.constants[item].s);
      break;
    case InlineOp::kContains:
      if (with_filters_ && text != nullptr) collect_filter(id, a, {{text->s}}, /*ascii_only=*/false);
      break;
    case InlineOp::kMatches:
      if (with_filters_ && text != nullptr)
        collect_filter(id, a, value::required_literals(text->s, kMaxAlternatives),
                       value::coverage(text->s) != value::Coverage::kAll);
      break;
    default:
      break;
  }
}

void Analysis::collect_filter(NodeId id, NodeId slot, const std::vector<std::vector<std::string>>& literals,
                              bool ascii_only) {
  Filter filter;
  filter.slot = static_cast<uint32_t>(module_.node(slot).index);
  filter.ascii_only = ascii_only;
  GramLengths lengths = 0;
  for (const auto& alternative : literals) {
    filter.alternatives.push_back(needle_places(alternative, lengths));
    if (!filter.alternatives.back().empty()) continue;
    filter.alternatives.clear();
    break;
  }
  if (!filter.alternatives.empty()) {
    auto& all = preparation_.grams;
    auto grams = std::ranges::find(all, filter.slot, &Preparation::Grams::slot);
    if (grams == all.end()) grams = all.insert(all.end(), {filter.slot, 0, 0, -1});
    grams->lengths |= lengths;
  }
  filters_[id] = std::move(filter);
}

// Which of the texts that its slot is compared with a search finds. False: there are none, or too many.
bool Analysis::find_codes(NodeId id, Filter& filter) const {
  const auto view = text_index_.find(filter.slot);
  if (view == text_index_.end()) return false;
  const std::vector<std::string>& known = preparation_.texts[view->second].strings();
  if (known.empty() || known.size() > kMaxSearchedCodes) return false;
  const ir::Constant& constant = module_.constants[static_cast<size_t>(module_.node(module_.arg(id, 1)).index)];
  const InlineOp op = inline_info(module_.node(id).builtin).op;
  std::string error;
  const RE2* regex = nullptr;
  if (op == InlineOp::kMatches) {
    regex = value::compiled_regex(value::Value::string(constant.s), &error);
    if (regex == nullptr) return false;  // an error on every text
  }
  for (uint32_t i = 0; i < known.size(); ++i) {
    const std::string& text = known[i];
    const bool found = op == InlineOp::kMatches      ? RE2::PartialMatch(text, *regex)
                       : op == InlineOp::kStartsWith ? text.starts_with(constant.s)
                       : op == InlineOp::kEndsWith   ? text.ends_with(constant.s)
                                                     : text.find(constant.s) != std::string::npos;
    if (found) filter.codes.push_back(i + 1);
  }
  filter.view = static_cast<int>(view->second);
  return true;
}

// accu || x == "constant" for each x of a list slot, while accu is not true.
void Analysis::collect_membership(NodeId id) {
  const ir::Fold& fold = module_.folds[static_cast<size_t>(module_.node(id).index)];
  auto arg = [&](NodeId node, size_t i) { return module_.arg(node, i); };
  auto is = [&](NodeId node, Op op) { return module_.node(node).op == op; };
  auto is_local = [&](NodeId node, uint32_t local) {
    return is(node, Op::kLocal) && module_.node(node).index == static_cast<int32_t>(local);
  };
  NodeId range = arg(id, 0), condition = arg(id, 2), step = arg(id, 3);
  if (fold.iter2_local != UINT32_MAX || !is_row_slot(range, Kind::kList)) return;
  if (!module_.node(range).type->arg(0)->is(Kind::kString) || !is_local(arg(id, 4), fold.accu_local)) return;
  const ir::Constant* init = constant(arg(id, 1), ir::ConstantKind::kBool);
  if (init == nullptr || init->i != 0) return;
  if (!is(condition, Op::kNotStrictlyFalse) || !is(arg(condition, 0), Op::kNot) ||
      !is_local(arg(arg(condition, 0), 0), fold.accu_local))
    return;
  if (!is(step, Op::kOr) || !is_local(arg(step, 0), fold.accu_local)) return;
  NodeId equal = arg(step, 1);
  if (!is(equal, Op::kCall) || inline_info(module_.node(equal).builtin).op != InlineOp::kEquals) return;
  NodeId item = arg(equal, 0), value = arg(equal, 1);
  if (is_local(value, fold.iter_local)) std::swap(item, value);
  const ir::Constant* text = constant(value, ir::ConstantKind::kString);
  if (!is_local(item, fold.iter_local) || text == nullptr) return;

  auto slot = static_cast<uint32_t>(module_.node(range).index);
  auto& lists = preparation_.lists;
  auto list = std::ranges::find(lists, slot, &CodeTable::slot);
  if (list == lists.end()) list = lists.emplace(lists.end(), slot);
  memberships_[id] = {slot, list->add(text->s)};  // the code; lay_out makes it a bit of all
}

void Analysis::lay_out() {
  Preparation& p = preparation_;
  // By slot: then a view's place does not depend on which rule comes first.
  std::ranges::sort(p.texts, {}, &CodeTable::slot);
  for (size_t i = 0; i < p.texts.size(); ++i) text_index_[p.texts[i].slot()] = i;
  for (Preparation::Grams& grams : p.grams) {
    grams.word = p.bit_words;
    p.bit_words += kFilterWords;
  }
  for (const CodeTable& list : p.lists) {
    p.list_words.push_back(p.bit_words);
    p.bit_words += static_cast<uint32_t>(list.strings().size() / 64 + 1);
  }
  lay_out_filters();
  for (auto& [id, membership] : memberships_) {
    auto at = std::ranges::find(p.lists, membership.slot, &CodeTable::slot) - p.lists.begin();
    membership.bit += p.list_words[static_cast<size_t>(at)] * 64;
  }
}

void Analysis::lay_out_filters() {
  for (auto at = filters_.begin(); at != filters_.end();) {
    Filter& filter = at->second;
    const bool has_codes = find_codes(at->first, filter);
    if (!has_codes && filter.alternatives.empty()) {
      at = filters_.erase(at);
      continue;
    }
    ++at;
    if (filter.alternatives.empty()) continue;
    const auto grams = std::ranges::find(preparation_.grams, filter.slot, &Preparation::Grams::slot);
    filter.word = grams->word;
  }
  for (Preparation::Grams& grams : preparation_.grams) {
    // All searches of a slot look at codes, or none does; a malformed pattern has no alternatives.
    for (const auto& [id, filter] : filters_)
      if (filter.slot == grams.slot && !filter.alternatives.empty()) grams.view = filter.view;
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
      if (text_of(b) >= 0) std::swap(a, b);
      if (text_of(a) >= 0 && module_.node(b).op == Op::kConst) return 1;
      *straight = false;
      return type->is(Kind::kString) ? 12 : kCallCost;
    }
    case InlineOp::kInList: {
      NodeId a = module_.arg(id, 0);
      const ir::Node& list = module_.node(module_.arg(id, 1));
      if (list.op == Op::kConst) {
        const ir::Constant& constant = module_.constants[static_cast<size_t>(list.index)];
        if (text_of(a) >= 0) return 3;
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
      if (text_of(module_.arg(id, 0)) >= 0 && word) return 3;
      *straight = false;
      return 12;
    }
    case InlineOp::kContains:
      *straight = false;
      return filter(id) != nullptr ? kFilteredCost : kSearchCost;
    case InlineOp::kMatches:
      *straight = false;
      return filter(id) != nullptr ? 2 * kFilteredCost : kRegexCost;
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
      if (membership(id) != nullptr) {
        cost_[id] = 3;
        straight_[id] = 1;
        return;
      }
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
  for (NodeId arg : module_.args(id)) size_[id] = std::min(kMaxCost, size_[id] + size_[arg]);
  cost_[id] = total;
  straight_[id] = straight;
  // A text search behind a filter happens so rarely that it is not worth a function.
  bool rare = filter(id) != nullptr && inline_info(n.builtin).op == InlineOp::kContains;
  if (n.memo == ir::kNoMemo && size_[id] > kMaxFunction) {
    split_[id] = 1;
    straight_[id] = 0;
    size_[id] = 1;
    return;
  }
  if (n.memo == ir::kNoMemo || cheap(id) || rare) return;
  out_of_line_[id] = 1;
  straight_[id] = 0;
  size_[id] = 1;
}

}  // namespace weir::codegen
