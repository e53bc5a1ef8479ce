#include "runtime/batch/selection.h"

#include <algorithm>
#include <bit>

#include "runtime/value/regex.h"

namespace weir::batch {
namespace {

using index::Domain;
using value::Kind;
using value::Value;

constexpr size_t kAhead = 8;        // rows: texts lie anywhere in memory
constexpr uint32_t kTogether = 64;  // conditions a call of the kernel

size_t length(const Item* at) {
  return kind_of(*at) == ItemKind::kAnd || kind_of(*at) == ItemKind::kOr ? value_of(*at) + 1 : 1;
}

}  // namespace

Selection::Selection(const Plan& plan)
    : plan_(plan),
      reader_(plan.module()),
      items_(plan.items()),
      may_(plan.leaves()),
      must_(plan.leaves()),
      inexact_(plan.leaves()),
      passes_(plan.leaves(), 0.5f),
      searches_(plan.columns().size()),
      texts_(plan.columns().size()),
      runs_(plan.column_runs().size()),
      survivors_(kTogether),
      selected_(kRows) {
  size_t values = 0;
  for (size_t c = 0; c < plan.columns().size(); ++c) {
    const Plan::Column& column = plan.columns()[c];
    if (column.search != nullptr) searches_[c] = std::make_unique<SearchColumn>(plan, column);
    if (column.dense()) values = std::max<size_t>(values, column.texts->size() + 1);
  }
  values_.resize(values);
}

void Selection::select(const Value* const* rows, size_t count, const value::Evaluator& evaluator,
                       value::EvalContext& ctx) {
  rows_ = rows;
  count_ = count;
  words_ = (count + 511) / 512 * 8;
  value::Arena* const arena = ctx.arena;
  const int64_t steps = ctx.steps;
  arena_.reset();
  ctx.arena = &arena_;
  reader_.begin(rows, count, evaluator, ctx);
  fill_leaves();
  ctx.arena = arena;
  ctx.steps = steps;
  for (size_t r = 0; r < count; ++r) selected_[r].clear();
  std::ranges::fill(runs_, RunRows());

  const RowSet all = RowSet::first(count);
  const auto shared = static_cast<uint32_t>(plan_.shared());
  for (uint32_t c = 0; c < shared; ++c) {
    const uint32_t leaf = plan_.shared_leaf(c);
    Survivor& s = survivors_[0];
    const bool any = evaluate(items_.data(), plan_.starts().data(), c, c + 1, sets(), all, words_, &s) != 0;
    may_[leaf] = any ? s.may : RowSet();
    inexact_[leaf] = any && !s.exact ? 1 : 0;
    if (inexact_[leaf] != 0) must_[leaf] = s.must;
  }
  // Often at first, then ever more rarely: which conditions tell most changes little.
  if (std::has_single_bit(++batches_)) measure();
  const auto end = static_cast<uint32_t>(shared + plan_.rules());
  for (uint32_t c = shared; c < end; c += kTogether) {
    const size_t n = evaluate(items_.data(), plan_.starts().data(), c, std::min(end, c + kTogether), sets(), all,
                              words_, survivors_.data());
    for (size_t i = 0; i < n; ++i) {
      Survivor& s = survivors_[i];
      if (s.exact || ask_searches(s, ctx.constants)) keep(s);
    }
  }
}

// --- leaves

void Selection::fill_leaves() {
  const RowSet all = RowSet::first(count_);
  for (uint32_t leaf = 0; leaf < plan_.leaves(); ++leaf) inexact_[leaf] = plan_.exact(leaf) ? 0 : 1;
  may_[Plan::kUnknownLeaf] = may_[Plan::kTrueLeaf] = all;
  must_[Plan::kUnknownLeaf] = RowSet();
  for (size_t c = 0; c < plan_.columns().size(); ++c) {
    const Plan::Column& column = plan_.columns()[c];
    const RowSet fit = reader_.read(column.operand);
    odd_ = RowSet();
    switch (column.operand.domain) {
      case Domain::kBool:
        for (uint32_t i = 0; i < column.leaf_count; ++i) may_[column.first_leaf + i] = reader_.truths;
        break;
      case Domain::kText:
        fill_texts(column, fit);
        break;
      case Domain::kSearch:
        texts_[c] = fit;
        searches_[c]->fill(reader_, count_, fit, sets(), odd_);
        break;
      case Domain::kMember:
        fill_members(column, fit);
        break;
      default:
        fill_numbers(column);
    }
    leave_unfit(column, fit);
  }
}

void Selection::fill_numbers(const Plan::Column& column) {
  RowSet other;
  const auto fill = [&](const Plan::Comparison& comparison, const auto* values, const auto& constants) {
    RowSet& out = may_[comparison.leaf];
    compare(comparison.relation, values, constants[0], words_, out);
    for (size_t i = 1; i < constants.size(); ++i) {
      compare(comparison.relation, values, constants[i], words_, other);
      out |= other;
    }
  };
  for (const Plan::Comparison& comparison : column.comparisons) {
    if (column.operand.domain == Domain::kDouble)
      fill(comparison, reader_.doubles, comparison.doubles);
    else
      fill(comparison, reader_.ints, comparison.ints);
  }
}

void Selection::clear(const Plan::Column& column) {
  std::fill_n(may_.begin() + column.first_leaf, column.leaf_count, RowSet());
}

void Selection::fill_texts(const Plan::Column& column, const RowSet& fit) {
  if (column.dense()) {
    std::fill_n(values_.begin(), column.texts->size() + 1, RowSet());
    for_each_row(fit, [&](size_t r) {
      prefetch(r + kAhead);
      values_[column.texts->find(reader_.value_at(r).str())].set(r);
    });
    for (const Plan::Union& u : column.unions) unite(values_.data(), u.values, may_[u.leaf]);
    return;
  }
  clear(column);
  for_each_row(fit, [&](size_t r) {
    prefetch(r + kAhead);
    for (uint32_t leaf : column.by_key.of(column.texts->find(reader_.value_at(r).str()))) may_[leaf].set(r);
  });
}

void Selection::fill_members(const Plan::Column& column, const RowSet& fit) {
  clear(column);
  for_each_row(fit, [&](size_t r) {
    prefetch(r + kAhead);
    const value::ListRep& list = *reader_.value_at(r).list;
    for (uint32_t i = 0; i < list.size; ++i) {
      const Value& item = list.items[i];
      if (!item.is(Kind::kString)) continue;
      for (uint32_t leaf : column.by_key.of(column.texts->find(item.str()))) may_[leaf].set(r);
    }
  });
}

// Of rows whose operand is not fit to be tested nothing is known.
void Selection::leave_unfit(const Plan::Column& column, const RowSet& fit) {
  const RowSet unfit = RowSet::first(count_).without(fit);
  if (!unfit.any() && !odd_.any()) return;
  for (uint32_t leaf = column.first_leaf; leaf < column.first_leaf + column.leaf_count; ++leaf) {
    if (inexact_[leaf] == 0) {
      must_[leaf] = may_[leaf].without(odd_);
      must_[leaf] &= fit;
      inexact_[leaf] = 1;
    }
    may_[leaf] |= unfit;
  }
}

// --- rules

// Whether the rule is still in question or true on any row.
bool Selection::ask_searches(Survivor& s, const Value* constants) {
  const auto rule = static_cast<uint32_t>(s.condition - plan_.shared());
  for (const uint32_t leaf : plan_.searches(rule)) {
    const RowSet open = s.may.without(s.must);
    if (!open.any()) return true;
    if (inexact_[leaf] == 0 || !ask(leaf, open, constants)) continue;
    const RowSet rows = s.may;
    if (evaluate(items_.data(), plan_.starts().data(), s.condition, s.condition + 1, sets(), rows, words_, &s) == 0)
      return false;
    if (s.exact) return true;
  }
  return true;
}

// Whether more is known of the leaf than before.
bool Selection::ask(uint32_t leaf, const RowSet& rows, const Value* constants) {
  const uint32_t c = plan_.column_of(leaf);
  const Plan::Column& column = plan_.columns()[c];
  if (column.operand.computed) return false;  // its texts are gone
  RowSet open = may_[leaf].without(must_[leaf]);
  open &= rows;
  open &= texts_[c];
  if (!open.any()) return false;
  const Plan::Search& search = column.searches[leaf - column.first_leaf];
  std::string error;
  const RE2* const regex = search.decides ? nullptr : value::compiled_regex(constants[plan_.searched(leaf)], &error);
  if (!search.decides && regex == nullptr) return false;  // an error on every row
  const auto slot = static_cast<size_t>(plan_.module().node(column.operand.node).index);
  bool any = false;
  for_each_row(open, [&](size_t r) {
    const Value& text = rows_[r][slot];
    if (text.aux > kMaxMatchedText) return;
    any = true;
    bool hit = search.words.empty() || searches_[c]->has_word(leaf, text.str());
    if (hit && !search.decides) {
      hit = has_runs(leaf, r, text.str());
      if (hit) ++matched_;
      hit = hit && RE2::PartialMatch(re2::StringPiece(text.s, text.aux), *regex);
    }
    if (hit)
      must_[leaf].set(r);
    else
      may_[leaf].clear(r);
  });
  return any;
}

// Many patterns need the same run: each text is asked for it once.
bool Selection::has_runs(uint32_t leaf, size_t row, std::string_view text) {
  return std::ranges::all_of(plan_.runs(leaf), [&](uint32_t run) {
    RunRows& known = runs_[run];
    if (!known.asked.test(row)) {
      known.asked.set(row);
      if (index::has_run(text, plan_.column_runs()[run].run)) known.has.set(row);
    }
    return known.has.test(row);
  });
}

void Selection::keep(const Survivor& s) {
  const auto rule = static_cast<uint32_t>(s.condition - plan_.shared());
  const RowSet& true_on = s.exact ? s.may : s.must;
  uint64_t all = 0, yes = 0;
  for (size_t w = 0; w < words_; ++w) {
    const uint64_t certain = true_on.words[w];
    for (uint64_t bits = s.may.words[w]; bits != 0; bits &= bits - 1) {
      const auto bit = static_cast<size_t>(std::countr_zero(bits));
      const bool is_certain = (certain >> bit & 1) != 0;
      selected_[w * 64 + bit].push_back({rule, is_certain});
      ++all;
      yes += is_certain ? 1 : 0;
    }
  }
  certain_ += yes;
  undecided_ += all - yes;
}

// --- order

void Selection::measure() {
  const RowSet all = RowSet::first(count_);
  for (uint32_t leaf = 0; leaf < plan_.leaves(); ++leaf) {
    RowSet rows = may_[leaf];
    rows &= all;
    const auto share = static_cast<float>(rows.count()) / static_cast<float>(std::max<size_t>(count_, 1));
    passes_[leaf] = batches_ == 1 ? share : (passes_[leaf] + share) / 2;
  }
  for (const auto& column : searches_)
    if (column != nullptr) column->try_again();
  const std::vector<uint32_t>& starts = plan_.starts();
  for (size_t c = 0; c + 1 < starts.size(); ++c)
    if (starts[c] != starts[c + 1]) reorder(items_.data() + starts[c]);
}

// The share of rows an item is expected to leave.
double Selection::passes(const Item* at) const {
  const double leaf = kind_of(*at) <= ItemKind::kNotLeaf ? static_cast<double>(passes_[value_of(*at)]) : 0;
  const Item* const end = at + length(at);
  double out = 1;
  switch (kind_of(*at)) {
    case ItemKind::kLeaf:
      return leaf;
    case ItemKind::kNotLeaf:
      return 1 - leaf;
    case ItemKind::kAnd:
      for (++at; at != end; at += length(at)) out = std::min(out, passes(at));
      return out;
    case ItemKind::kOr:
      out = 0;
      for (++at; at != end; at += length(at)) out += passes(at);
      return std::min(out, 1.0);
  }
  return out;
}

// Parts of conjunctions by what they cost for each row they spare.
void Selection::reorder(Item* at) const {
  if (kind_of(*at) <= ItemKind::kNotLeaf) return;
  Item* const end = at + length(at);
  for (Item* part = at + 1; part != end; part += length(part)) reorder(part);
  if (kind_of(*at) != ItemKind::kAnd) return;
  const auto price = [&](const Item* part) { return static_cast<double>(length(part)) / (1.0001 - passes(part)); };
  for (Item* place = at + 1; place != end; place += length(place)) {
    Item* best = place;
    double least = price(place);
    for (Item* part = place + length(place); part != end; part += length(part)) {
      const double p = price(part);
      if (p >= least) continue;
      least = p;
      best = part;
    }
    std::rotate(place, best, best + length(best));
  }
}

}  // namespace weir::batch
