#include "runtime/batch/plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "runtime/batch/columns.h"
#include "runtime/index/test_finder.h"
#include "runtime/value/pattern_literals.h"
#include "runtime/value/regex.h"

namespace weir::batch {

using index::Domain;
using index::Relation;
using index::Test;
using ir::NodeId;
using ir::Op;

void LeafLists::build(size_t keys) {
  std::ranges::sort(pairs_);
  pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
  first_.assign(keys + 1, 0);
  for (const auto& [key, leaf] : pairs_) {
    ++first_[key + 1];
    leaves_.push_back(leaf);
  }
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
  pairs_ = {};
}

class PlanBuilder {
 public:
  PlanBuilder(const ir::Module& module, Plan& out) : m_(module), out_(out), tests_(module) {}

  void build(std::span<const NodeId> rules) {
    out_.rules_ = rules.size();
    for (NodeId rule : rules) roots_.push_back(expand(rule, false, 0));
    choose_operands();
    make_leaves();
    emit();
  }

 private:
  using Ref = uint32_t;                           // of an expression
  static constexpr size_t kMaxAlternatives = 32;  // of a pattern
  static constexpr int kMaxDepth = 200;
  static constexpr size_t kMaxRepeated = 64;  // items of a condition that is written out wherever it is needed

  enum class Kind : uint8_t { kFalse, kTrue, kUnknown, kTest, kAnd, kOr };
  struct Expression {
    Kind kind = Kind::kFalse;
    bool negated = false;  // kTest
    uint32_t test = 0;     // kTest: never negated itself
    std::vector<Ref> parts;
    friend auto operator<=>(const Expression&, const Expression&) = default;
  };

  // --- conditions without negation but at the tests

  Ref intern(Expression e) {
    auto [it, added] = numbers_.try_emplace(e, static_cast<Ref>(expressions_.size()));
    if (added) expressions_.push_back(std::move(e));
    return it->second;
  }
  Ref simple(Kind kind) { return intern({kind}); }

  Ref expand(NodeId id, bool negated, int depth) {
    if (depth > kMaxDepth) return simple(Kind::kUnknown);
    const auto known = expanded_.find({id, negated});
    if (known != expanded_.end()) return known->second;
    const Ref out = expand_new(id, negated, depth);
    expanded_[{id, negated}] = out;
    return out;
  }

  Ref expand_new(NodeId id, bool negated, int depth) {
    const ir::Node& n = m_.node(id);
    switch (n.op) {
      case Op::kConst: {
        const ir::Constant& c = m_.constants[static_cast<size_t>(n.index)];
        if (c.kind != ir::ConstantKind::kBool) return simple(Kind::kUnknown);
        return simple((c.i != 0) != negated ? Kind::kTrue : Kind::kFalse);
      }
      case Op::kNot:
        return expand(m_.arg(id, 0), !negated, depth + 1);
      case Op::kAnd:
      case Op::kOr:
        return group((n.op == Op::kAnd) != negated ? Kind::kAnd : Kind::kOr,
                     {expand(m_.arg(id, 0), negated, depth + 1), expand(m_.arg(id, 1), negated, depth + 1)});
      case Op::kCond: {
        // A condition that fails decides alone, and is not false then.
        const NodeId condition = m_.arg(id, 0);
        if ((m_.node(condition).flags & (ir::kMayError | ir::kMayMissing)) != 0) break;
        return group(
            Kind::kOr,
            {group(Kind::kAnd, {expand(condition, false, depth + 1), expand(m_.arg(id, 1), negated, depth + 1)}),
             group(Kind::kAnd, {expand(condition, true, depth + 1), expand(m_.arg(id, 2), negated, depth + 1)})});
      }
      default:
        break;
    }
    std::optional<Test> test = tests_.leaf(id);
    if (!test) return simple(Kind::kUnknown);
    negated = negated != test->negated;
    test->negated = false;
    return intern({Kind::kTest, negated, tests_.intern(*test)});
  }

  Ref group(Kind kind, const std::vector<Ref>& parts) {
    const Kind nothing = kind == Kind::kAnd ? Kind::kTrue : Kind::kFalse;
    const Kind decides = kind == Kind::kAnd ? Kind::kFalse : Kind::kTrue;
    std::vector<Ref> flat;
    for (Ref part : parts) {
      const Expression& e = expressions_[part];
      if (e.kind == decides) return part;
      if (e.kind == nothing) continue;
      if (e.kind == kind)
        flat.insert(flat.end(), e.parts.begin(), e.parts.end());
      else
        flat.push_back(part);
    }
    std::ranges::sort(flat);
    flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
    if (flat.empty()) return simple(nothing);
    if (flat.size() == 1) return flat[0];
    return intern({kind, false, 0, std::move(flat)});
  }

  // --- leaves

  // Computed operands that few conditions test are not worth their evaluation.
  void choose_operands() {
    std::vector<uint64_t> uses(tests_.operands().size(), 0);
    std::vector<uint64_t> times(expressions_.size(), 0);
    for (Ref root : roots_) ++times[root];
    // Parts are older than their group.
    for (Ref e = static_cast<Ref>(expressions_.size()); e-- > 0;) {
      if (times[e] == 0) continue;
      for (Ref part : expressions_[e].parts) times[part] += times[e];
      if (expressions_[e].kind == Kind::kTest) uses[tests_.tests()[expressions_[e].test].operand] += times[e];
    }
    wanted_.resize(uses.size());
    for (size_t o = 0; o < uses.size(); ++o) {
      const index::Operand& operand = tests_.operands()[o];
      const bool cheap = !operand.computed || (operand.domain == Domain::kDouble && is_columnar(m_, operand.node));
      wanted_[o] = uses[o] >= (cheap ? 1 : index::kMinComputedUses);
    }
  }

  void make_leaves() {
    add_leaf(false, Plan::kNoSearch, 0);  // kUnknownLeaf
    add_leaf(true, Plan::kNoSearch, 0);   // kTrueLeaf
    std::vector<std::vector<uint32_t>> tests_of(tests_.operands().size());
    std::vector<bool> used(tests_.tests().size(), false);
    for (const Expression& e : expressions_)
      if (e.kind == Kind::kTest) used[e.test] = true;
    for (uint32_t t = 0; t < used.size(); ++t)
      if (used[t]) tests_of[tests_.tests()[t].operand].push_back(t);
    leaf_of_.assign(used.size(), Plan::kUnknownLeaf);
    for (uint32_t o = 0; o < tests_of.size(); ++o)
      if (wanted_[o] && !tests_of[o].empty()) make_column(tests_.operands()[o], tests_of[o]);
    out_.first_shared_leaf_ = out_.exact_.size();
  }

  uint32_t add_leaf(bool exact, uint32_t searched, uint32_t column) {
    out_.exact_.push_back(exact ? 1 : 0);
    out_.searched_.push_back(searched);
    out_.column_of_.push_back(column);
    out_.runs_.emplace_back();
    return static_cast<uint32_t>(out_.exact_.size() - 1);
  }

  void make_column(const index::Operand& operand, const std::vector<uint32_t>& tests) {
    const auto number = static_cast<uint32_t>(out_.columns_.size());
    Plan::Column& column = out_.columns_.emplace_back();
    column.operand = operand;
    column.first_leaf = static_cast<uint32_t>(out_.exact_.size());
    switch (operand.domain) {
      case Domain::kBool:
        for (uint32_t t : tests) leaf_of_[t] = add_leaf(true, Plan::kNoSearch, number);
        break;
      case Domain::kText:
        add_texts(column, tests, number);
        break;
      case Domain::kSearch:
        add_searches(column, tests, number);
        break;
      case Domain::kMember:
        column.texts = std::make_unique<index::TextTable>();
        for (uint32_t t : tests) {
          leaf_of_[t] = add_leaf(true, Plan::kNoSearch, number);
          column.by_key.add(column.texts->add(constant(tests_.tests()[t]).s), leaf_of_[t]);
        }
        column.texts->build();
        column.by_key.build(column.texts->size() + 1);
        break;
      default:
        for (uint32_t t : tests) {
          leaf_of_[t] = add_leaf(true, Plan::kNoSearch, number);
          column.comparisons.push_back(comparison(tests_.tests()[t], operand.domain, leaf_of_[t]));
        }
    }
    column.leaf_count = static_cast<uint32_t>(out_.exact_.size()) - column.first_leaf;
  }

  const ir::Constant& constant(const Test& test) const { return m_.constants[test.constant]; }

  // The constants a test compares with.
  std::vector<uint32_t> constants_of(const Test& test) const {
    return test.relation == Relation::kIn ? constant(test).items : std::vector<uint32_t>{test.constant};
  }

  Plan::Comparison comparison(const Test& test, Domain domain, uint32_t leaf) const {
    Plan::Comparison out{leaf, Compare::kEquals, {}, {}};
    switch (test.relation) {
      case Relation::kLess:
        out.relation = Compare::kLess;
        break;
      case Relation::kLessEquals:
        out.relation = Compare::kLessEquals;
        break;
      case Relation::kGreater:
        out.relation = Compare::kGreater;
        break;
      case Relation::kGreaterEquals:
        out.relation = Compare::kGreaterEquals;
        break;
      default:
        break;
    }
    for (uint32_t item : constants_of(test)) {
      const ir::Constant& c = m_.constants[item];
      if (domain == Domain::kDouble)
        out.doubles.push_back(c.d);
      else
        out.ints.push_back(domain == Domain::kInt ? c.i : static_cast<int64_t>(c.u ^ uint64_t{1} << 63));
    }
    return out;
  }

  void add_texts(Plan::Column& column, const std::vector<uint32_t>& tests, uint32_t number) {
    column.texts = std::make_unique<index::TextTable>();
    for (uint32_t t : tests)
      for (uint32_t item : constants_of(tests_.tests()[t])) column.texts->add(m_.constants[item].s);
    const bool dense = column.texts->size() <= Plan::kMaxDenseTexts;
    for (uint32_t t : tests) {
      leaf_of_[t] = add_leaf(true, Plan::kNoSearch, number);
      std::vector<uint32_t> values;
      for (uint32_t item : constants_of(tests_.tests()[t])) values.push_back(column.texts->add(m_.constants[item].s));
      std::ranges::sort(values);
      values.erase(std::unique(values.begin(), values.end()), values.end());
      if (dense)
        column.unions.push_back({leaf_of_[t], std::move(values)});
      else
        for (uint32_t value : values) column.by_key.add(value, leaf_of_[t]);
    }
    column.texts->build();
    if (!dense) column.by_key.build(column.texts->size() + 1);
  }

  void add_searches(Plan::Column& column, const std::vector<uint32_t>& tests, uint32_t number) {
    using Key = index::SearchKeys::Kind;
    column.search = std::make_unique<index::SearchKeys>();
    const bool may_be_asked = Plan::may_be_asked(column.operand, tests.size());
    for (uint32_t t : tests) {
      const Test& test = tests_.tests()[t];
      const auto list = test.relation == Relation::kMatches ? index::word_list(constant(test).s) : std::nullopt;
      if (test.relation == Relation::kMatches && !list) {
        add_pattern(column, t, number);
        continue;
      }
      const index::SearchKeys::Key key = column.search->add(test.relation, constant(test).s);
      const bool exact = key.kind == Key::kExact || key.kind == Key::kAlways;
      leaf_of_[t] = add_leaf(exact, exact && !may_be_asked ? Plan::kNoSearch : test.constant, number);
      Plan::Search& search = column.searches.emplace_back();
      if (!list) {
        search = {test.relation, {constant(test).s}, true};
      } else if (!list->fold) {
        const Relation where = list->at_start ? Relation::kStartsWith
                               : list->at_end ? Relation::kEndsWith
                                              : Relation::kContains;
        search = {where, list->words, true};
      }
      if (key.kind == Key::kAlways)
        column.always.push_back(leaf_of_[t]);
      else if (key.kind == Key::kUnknown)
        column.unknown.push_back(leaf_of_[t]);
      else
        column.by_key.add(key.number, leaf_of_[t]);
    }
    column.search->build();
    column.by_key.build(column.search->size());
  }

  // A pattern is asked only on rows where all else holds, so its literals need not tell much: those that most texts
  // have would be found in vain, and cost more than they spare.
  void add_pattern(Plan::Column& column, uint32_t t, uint32_t number) {
    const std::string& pattern = constant(tests_.tests()[t]).s;
    const uint32_t leaf = leaf_of_[t] = add_leaf(false, tests_.tests()[t].constant, number);
    Plan::Search& search = column.searches.emplace_back();
    for (const index::Run& run : index::required_runs(pattern))
      if (run.length > 1) out_.runs_[leaf].push_back(number_of({number, run}));
    std::vector<std::string> rare;
    const auto sets = value::required_literals(pattern, kMaxAlternatives);
    // Letters may be meant in either case.
    for (const std::vector<std::string>& set : sets)
      if (const auto found = std::ranges::find_if(set, has_no_letter); found != set.end())
        search.words.push_back(*found);
    if (search.words.size() != sets.size() || value::coverage(pattern) != value::Coverage::kAll) search.words.clear();
    for (const std::vector<std::string>& set : sets) {
      const auto found = std::ranges::find_if(set, is_rare);
      if (found == set.end()) {
        rare.clear();
        break;
      }
      rare.push_back(search_for(*found));
    }
    if (rare.empty() || value::coverage(pattern) == value::Coverage::kAscii) {
      column.unknown.push_back(leaf);
      return;
    }
    for (const std::string& literal : rare) {
      const index::SearchKeys::Key key = column.search->add(Relation::kMatches, literal);
      if (key.kind == index::SearchKeys::Kind::kExact || key.kind == index::SearchKeys::Kind::kMaybe) {
        column.by_key.add(key.number, leaf);
        continue;
      }
      column.unknown.push_back(leaf);
      return;
    }
  }

  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  static bool has_no_letter(const std::string& literal) {
    return std::ranges::all_of(literal, [](char c) { return static_cast<uint8_t>(c) < 0x80 && !is_letter(c); });
  }
  static bool is_rare(const std::string& literal) {
    return literal.size() >= 4 || std::ranges::any_of(literal, [](char c) {
             return !is_letter(c) && (c < '0' || c > '9') &&
                    std::string_view(" .,!?'-").find(c) == std::string_view::npos;
           });
  }
  uint32_t number_of(const Plan::ColumnRun& run) {
    auto& all = out_.column_runs_;
    const auto found = std::ranges::find(all, run);
    if (found != all.end()) return static_cast<uint32_t>(found - all.begin());
    all.push_back(run);
    return static_cast<uint32_t>(all.size() - 1);
  }
  // A pattern that matches where the literal is, in any case.
  static std::string search_for(const std::string& literal) { return "(?i)" + RE2::QuoteMeta(literal); }

  // --- items

  uint32_t leaf_of(const Expression& e) const { return leaf_of_[e.test]; }
  const Plan::Search& search_of(uint32_t leaf) const {
    const Plan::Column& column = out_.columns_[out_.column_of_[leaf]];
    return column.searches[leaf - column.first_leaf];
  }

  // Conditions that several others share are computed once, but for short ones with a search: of these more comes to
  // be known while the rules are looked at.
  void emit() {
    std::vector<uint32_t> parents(expressions_.size(), 0);
    for (Ref root : roots_) ++parents[root];
    std::vector<uint8_t> has_search(expressions_.size(), 0), reached(expressions_.size(), 0);
    for (Ref root : roots_) reached[root] = 1;
    for (Ref e = static_cast<Ref>(expressions_.size()); e-- > 0;) {
      if (reached[e] == 0) continue;
      for (Ref part : expressions_[e].parts) {
        reached[part] = 1;
        ++parents[part];
      }
    }
    for (Ref e = 0; e < expressions_.size(); ++e) {
      const Expression& x = expressions_[e];
      if (x.kind == Kind::kTest) has_search[e] = out_.searched(leaf_of(x)) != Plan::kNoSearch;
      for (Ref part : x.parts) has_search[e] |= has_search[part];
    }
    shared_leaf_.assign(expressions_.size(), 0);
    std::vector<size_t> length(expressions_.size(), 1);
    for (Ref e = 0; e < expressions_.size(); ++e) {
      const Kind kind = expressions_[e].kind;
      for (Ref part : expressions_[e].parts) length[e] += shared_leaf_[part] != 0 ? 1 : length[part];
      if (parents[e] < 2 || (kind != Kind::kAnd && kind != Kind::kOr)) continue;
      if (has_search[e] != 0 && length[e] <= kMaxRepeated) continue;
      out_.starts_.push_back(static_cast<uint32_t>(out_.items_.size()));
      emit_group(expressions_[e]);
      shared_leaf_[e] = add_leaf(true, Plan::kNoSearch, 0);
      ++out_.shared_;
    }
    for (Ref root : roots_) {
      const auto first = static_cast<uint32_t>(out_.rule_searches_.size());
      out_.first_search_.push_back(first);
      out_.starts_.push_back(static_cast<uint32_t>(out_.items_.size()));
      if (expressions_[root].kind != Kind::kFalse) emit(root);
      std::stable_partition(out_.rule_searches_.begin() + first, out_.rule_searches_.end(),
                            [&](uint32_t leaf) { return search_of(leaf).decides; });
    }
    out_.first_search_.push_back(static_cast<uint32_t>(out_.rule_searches_.size()));
    out_.starts_.push_back(static_cast<uint32_t>(out_.items_.size()));
  }

  void emit(Ref ref) {
    const Expression& e = expressions_[ref];
    std::vector<Item>& items = out_.items_;
    switch (e.kind) {
      case Kind::kAnd:
      case Kind::kOr:
        if (shared_leaf_[ref] == 0) return emit_group(e);
        items.push_back(make_item(ItemKind::kLeaf, shared_leaf_[ref]));
        return;
      case Kind::kTrue:
        items.push_back(make_item(ItemKind::kLeaf, Plan::kTrueLeaf));
        return;
      case Kind::kTest: {
        const uint32_t leaf = leaf_of(e);
        // Nothing is known of its negation either.
        const bool negated = e.negated && leaf != Plan::kUnknownLeaf;
        items.push_back(make_item(negated ? ItemKind::kNotLeaf : ItemKind::kLeaf, leaf));
        if (out_.searched(leaf) != Plan::kNoSearch) out_.rule_searches_.push_back(leaf);
        return;
      }
      default:
        items.push_back(make_item(ItemKind::kLeaf, Plan::kUnknownLeaf));
    }
  }

  void emit_group(const Expression& e) {
    const size_t at = out_.items_.size();
    out_.items_.push_back(0);
    for (Ref part : e.parts) emit(part);
    out_.items_[at] = make_item(e.kind == Kind::kAnd ? ItemKind::kAnd : ItemKind::kOr,
                                static_cast<uint32_t>(out_.items_.size() - at - 1));
  }

  const ir::Module& m_;
  Plan& out_;
  index::TestFinder tests_;
  std::vector<Expression> expressions_;
  std::map<Expression, Ref> numbers_;
  std::map<std::pair<NodeId, bool>, Ref> expanded_;
  std::vector<Ref> roots_;             // by rule
  std::vector<bool> wanted_;           // by operand
  std::vector<uint32_t> leaf_of_;      // by test
  std::vector<uint32_t> shared_leaf_;  // by expression; 0: not shared
};

Plan::Plan(const ir::Module& module, std::span<const NodeId> rules) : module_(module) {
  PlanBuilder(module, *this).build(rules);
}

}  // namespace weir::batch
