#include "runtime/index/guards.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/index/test_finder.h"

namespace weir::index {
namespace {

using ir::ConstantKind;
using ir::NodeId;
using ir::Op;

class Finder {
 public:
  explicit Finder(const ir::Module& module) : m_(module), tests_(module) {}

  Guards find(std::span<const NodeId> rules) {
    for (NodeId rule : rules) out_.rules.push_back(expand(rule, false, 0));
    out_.operands = tests_.operands();
    out_.tests = tests_.tests();
    drop_rare_operands();
    for (Guard& guard : out_.rules) {
      for (Term& term : guard) std::ranges::sort(term.all);
      std::ranges::sort(guard);
      guard.erase(std::unique(guard.begin(), guard.end()), guard.end());
    }
    return std::move(out_);
  }

 private:
  static constexpr int kMaxDepth = 200;

  static Guard unknown() { return {Term{{}, false}}; }

  // Terms that are all false only if the node (its negation) is false.
  Guard expand(NodeId id, bool negated, int depth) {
    const ir::Node& n = m_.node(id);
    if (depth > kMaxDepth) return unknown();
    switch (n.op) {
      case Op::kConst: {
        const ir::Constant& c = m_.constants[static_cast<size_t>(n.index)];
        if (c.kind != ConstantKind::kBool) return unknown();
        return (c.i != 0) != negated ? Guard{Term{}} : Guard{};
      }
      case Op::kNot:
        return expand(m_.arg(id, 0), !negated, depth + 1);
      case Op::kAnd:
      case Op::kOr: {
        Guard a = expand(m_.arg(id, 0), negated, depth + 1);
        Guard b = expand(m_.arg(id, 1), negated, depth + 1);
        return (n.op == Op::kAnd) != negated ? both(std::move(a), std::move(b)) : either(std::move(a), std::move(b));
      }
      case Op::kCond: {
        // A condition that fails decides alone, and is not false then.
        NodeId condition = m_.arg(id, 0);
        if ((m_.node(condition).flags & (ir::kMayError | ir::kMayMissing)) != 0) break;
        Guard is_true = expand(condition, false, depth + 1), is_false = expand(condition, true, depth + 1);
        Guard yes = expand(m_.arg(id, 1), negated, depth + 1), no = expand(m_.arg(id, 2), negated, depth + 1);
        yes = both(std::move(is_true), std::move(yes));
        no = both(std::move(is_false), std::move(no));
        return either(std::move(yes), std::move(no));
      }
      default:
        break;
    }
    std::optional<Test> test = tests_.leaf(id);
    if (!test) return unknown();
    const Domain domain = tests_.operands()[test->operand].domain;
    if (negated && (domain == Domain::kSearch || domain == Domain::kMember)) return unknown();
    test->negated = test->negated != negated;
    return {Term{{Clause{test->operand, {tests_.intern(*test)}}}, true}};
  }

  // a && b. Of two disjunctions with too many pairs the one that says less is left out.
  static Guard both(Guard a, Guard b) {
    if (a.size() * b.size() > kMaxTerms) {
      if (a.size() > b.size()) std::swap(a, b);
      for (Term& term : a) term.exact = false;
      return a;
    }
    Guard out;
    for (const Term& x : a) {
      for (const Term& y : b) {
        Term& term = out.emplace_back(x);
        term.all.insert(term.all.end(), y.all.begin(), y.all.end());
        term.exact = x.exact && y.exact;
      }
    }
    return out;
  }

  // a || b. Tests of one operand are one clause.
  static Guard either(Guard a, Guard b) {
    for (Term& y : b) {
      auto same = [&](const Term& x) {
        return x.exact && y.exact && x.all.size() == 1 && y.all.size() == 1 && x.all[0].operand == y.all[0].operand;
      };
      auto found = std::ranges::find_if(a, same);
      if (found == a.end()) {
        a.push_back(std::move(y));
        continue;
      }
      std::vector<uint32_t>& any = found->all[0].any;
      any.insert(any.end(), y.all[0].any.begin(), y.all[0].any.end());
      std::ranges::sort(any);
      any.erase(std::unique(any.begin(), any.end()), any.end());
    }
    if (a.size() > kMaxTerms) return unknown();
    return a;
  }

  // Computed operands that few clauses use are not worth their evaluation.
  void drop_rare_operands() {
    std::vector<uint32_t> uses(out_.operands.size(), 0);
    auto each_term = [&](auto&& visit) {
      for (Guard& guard : out_.rules)
        for (Term& term : guard) visit(term);
    };
    each_term([&](Term& term) {
      for (const Clause& clause : term.all) ++uses[clause.operand];
    });
    auto rare = [&](const Clause& clause) {
      return out_.operands[clause.operand].computed && uses[clause.operand] < kMinComputedUses;
    };
    each_term([&](Term& term) {
      if (std::erase_if(term.all, rare) > 0) term.exact = false;
    });
  }

  const ir::Module& m_;
  TestFinder tests_;
  Guards out_;
};

}  // namespace

Guards find_guards(const ir::Module& module, std::span<const NodeId> rules) { return Finder(module).find(rules); }

}  // namespace weir::index
