#include "runtime/batch/search_column.h"

#include <algorithm>
#include <cstring>

#include "runtime/index/part_search.h"

namespace weir::batch {
namespace {

using index::Relation;

constexpr size_t kAhead = 8;  // rows: texts lie anywhere in memory

// Nanoseconds, roughly; only their proportions matter.
double scan_cost(size_t size) { return 40 + 2.0 * static_cast<double>(size); }
double search_cost(size_t size) { return 15 + 0.15 * static_cast<double>(size); }
constexpr double kCompareCost = 5;

}  // namespace

SearchColumn::SearchColumn(const Plan& plan, const Plan::Column& column)
    : plan_(plan), column_(column), scratch_(column.search->make_scratch()), hit_by_(column.leaf_count) {}

void SearchColumn::fill(const ColumnReader& reader, size_t count, const RowSet& fit, const LeafSets& sets,
                        RowSet& odd) {
  if (way_ == Way::kAsk && spent_ > scan_cost_) way_ = Way::kScan;
  if (way_ == Way::kValues) {
    if (fill_values(reader, count, fit, sets, odd)) return;
    way_ = first_open_way();
    texts_ = {};
    hit_by_ = {};
    rows_of_ = {};
  }
  if (way_ == Way::kAsk)
    leave_open(reader, fit, sets);
  else
    scan(reader, count, fit, sets, odd);
}

template <typename Visit>
void SearchColumn::find(std::string_view text, Visit visit) {
  column_.search->find(text, scratch_);
  for (size_t k = 0; k < scratch_.key_count; ++k)
    for (uint32_t leaf : column_.by_key.of(scratch_.keys[k])) visit(leaf);
  for (uint32_t leaf : column_.always) visit(leaf);
  for (uint32_t leaf : column_.unknown) visit(leaf);
}

// --- by number

void SearchColumn::learn(std::string_view text, size_t number) {
  find(text, [&](uint32_t leaf) { hit_by_[leaf - column_.first_leaf].set(number); });
  odd_.set(number, !scratch_.clear);
  rows_of_.emplace_back();
}

// False: there are too many texts, or one is too long.
bool SearchColumn::fill_values(const ColumnReader& reader, size_t count, const RowSet& fit, const LeafSets& sets,
                               RowSet& odd) {
  std::ranges::fill(rows_of_, RowSet());
  bool all = true;
  for_each_row(fit, [&](size_t r) {
    if (!all) return;
    if (r + kAhead < count) __builtin_prefetch(reader.value_at(r + kAhead).s);
    const std::string_view text = reader.value_at(r).str();
    const std::optional<size_t> number = texts_.number_of(text);
    all = number.has_value();
    if (!all) return;
    if (*number == rows_of_.size()) learn(text, *number);
    rows_of_[*number].set(r);
  });
  if (!all) return false;
  for (uint32_t i = 0; i < column_.leaf_count; ++i) {
    const uint32_t leaf = column_.first_leaf + i;
    which_.clear();
    for (uint32_t number = 0; number < rows_of_.size(); ++number)
      if (hit_by_[i].test(number)) which_.push_back(number);
    unite(rows_of_.data(), which_, sets.may[leaf]);
    if (!plan_.exact(leaf)) sets.must[leaf] = RowSet();
  }
  for (size_t number = 0; number < rows_of_.size(); ++number)
    if (odd_.test(number)) odd |= rows_of_[number];
  return true;
}

// --- left open

void SearchColumn::leave_open(const ColumnReader& reader, const RowSet& fit, const LeafSets& sets) {
  RowSet open = fit, is_long;
  spent_ = scan_cost_ = 0;
  for_each_row(fit, [&](size_t r) {
    const size_t size = reader.value_at(r).aux;
    scan_cost_ += scan_cost(size);
    if (size <= kMaxAskedText) return;
    spent_ += scan_cost(size);
    is_long.set(r);
    open.clear(r);
  });
  for (uint32_t leaf = column_.first_leaf; leaf < column_.first_leaf + column_.leaf_count; ++leaf) {
    sets.may[leaf] = open;
    sets.must[leaf] = RowSet();
    sets.inexact[leaf] = 1;
  }
  for (uint32_t leaf : column_.always) sets.must[leaf] = open;
  for_each_row(is_long, [&](size_t r) {
    find(reader.value_at(r).str(), [&](uint32_t leaf) {
      sets.may[leaf].set(r);
      if (scratch_.clear && plan_.exact(leaf)) sets.must[leaf].set(r);
    });
  });
}

bool SearchColumn::has_word(uint32_t leaf, std::string_view text) {
  const Plan::Search& search = column_.searches[leaf - column_.first_leaf];
  const auto spent = [&](double cost, bool hit) {
    spent_ += cost;
    return hit;
  };
  const auto any = [&](auto test) { return std::ranges::any_of(search.words, test); };
  switch (search.relation) {
    case Relation::kStartsWith:
      return spent(kCompareCost, any([&](const std::string& word) { return text.starts_with(word); }));
    case Relation::kEndsWith:
      return spent(kCompareCost, any([&](const std::string& word) { return text.ends_with(word); }));
    default:
      return spent(search_cost(text.size()) * static_cast<double>(search.words.size()),
                   any([&](const std::string& word) { return index::contains_part(text, word); }));
  }
}

// --- one pass

void SearchColumn::scan(const ColumnReader& reader, size_t count, const RowSet& fit, const LeafSets& sets,
                        RowSet& odd) {
  for (uint32_t leaf = column_.first_leaf; leaf < column_.first_leaf + column_.leaf_count; ++leaf) {
    sets.may[leaf] = RowSet();
    if (!plan_.exact(leaf)) sets.must[leaf] = RowSet();
  }
  for (uint32_t leaf : column_.always) sets.may[leaf] = fit;
  for (uint32_t leaf : column_.unknown) sets.may[leaf] = fit;
  for_each_row(fit, [&](size_t r) {
    if (r + kAhead < count) {
      __builtin_prefetch(reader.value_at(r + kAhead).s);
      __builtin_prefetch(reader.value_at(r + kAhead).s + 64);
    }
    column_.search->find(reader.value_at(r).str(), scratch_);
    for (size_t k = 0; k < scratch_.key_count; ++k)
      for (uint32_t leaf : column_.by_key.of(scratch_.keys[k])) sets.may[leaf].set(r);
    if (!scratch_.clear) odd.set(r);
  });
}

}  // namespace weir::batch
