#include "runtime/index/predicate_index.h"

#include <algorithm>
#include <bit>

namespace weir::index {

using value::Value;

PredicateIndex::PredicateIndex(const PredicateIndex& other, const ir::Module& module, std::span<const uint32_t> open)
    : PredicateIndex(other) {
  module_ = &module;
  open_.assign(open.begin(), open.end());
  std::ranges::fill(is_open_, 0);
  for (uint32_t rule : open_) is_open_[rule / 64] |= uint64_t{1} << (rule % 64);
}

std::unique_ptr<PredicateIndex::Scratch> PredicateIndex::make_scratch() const {
  auto scratch = std::make_unique<Scratch>();
  scratch->row.resize(lanes_.size());
  scratch->live = base_;
  scratch->searches.resize(columns_.size());
  scratch->known.resize(columns_.size());
  size_t changes = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].searches != nullptr) scratch->searches[c] = columns_[c].searches->make_scratch();
    changes += columns_[c].changes.size();
  }
  scratch->changed.reserve(changes);
  scratch->woken.reserve(exists_.size());
  scratch->unclean.assign(lanes_.size(), 0);
  scratch->may.assign((rules_ + 63) / 64, 0);
  scratch->certain.assign((rules_ + 63) / 64, 0);
  scratch->selected.reserve(rules_);
  return scratch;
}

Value PredicateIndex::operand_value(const Column& column, const value::Evaluator& evaluator,
                                    value::EvalContext& ctx) const {
  if (column.operand.computed) return evaluator.eval(column.operand.node, ctx);
  const ir::Node& node = module_->node(column.operand.node);
  const Value& v = ctx.row[node.index];
  return node.op == ir::Op::kHasSlot ? Value::boolean(!v.is_missing()) : v;
}

std::span<const PredicateIndex::Change> PredicateIndex::changes_of(const Column& column, uint32_t key) const {
  return std::span(column.changes)
      .subspan(column.first_change[key], column.first_change[key + 1] - column.first_change[key]);
}

void PredicateIndex::apply(const Column& column, uint32_t key, Scratch& scratch) const {
  // A value has one cell, so its changes are made once; searches may each find the same term.
  apply(changes_of(column, key), column.cells != nullptr, scratch);
}

void PredicateIndex::apply(std::span<const Change> changes, bool flips, Scratch& scratch) const {
  for (const Change& change : changes) {
    uint64_t& word = scratch.live[change.live];
    if (word == 0 && wakes_[change.live] != kNoWord) scratch.woken.push_back(wakes_[change.live]);
    word = flips ? word ^ change.bits : word | change.bits;
    scratch.changed.push_back(change.live);
  }
}

// Each word once.
std::vector<PredicateIndex::Change> PredicateIndex::changes_of_all(const Column& column,
                                                                   const SearchKeys::Scratch& search) const {
  std::vector<Change> all;
  for (size_t k = 0; k < search.key_count; ++k) {
    const std::span<const Change> changes = changes_of(column, search.keys[k]);
    all.insert(all.end(), changes.begin(), changes.end());
  }
  std::ranges::sort(all, {}, &Change::live);
  std::vector<Change> merged;
  for (const Change& change : all) {
    if (merged.empty() || merged.back().live != change.live)
      merged.push_back(change);
    else
      merged.back().bits |= change.bits;
  }
  return merged;
}

// Whether what was found is exactly so.
bool PredicateIndex::search(const Column& column, std::string_view text, Scratch& scratch, size_t index) const {
  SearchKeys::Scratch& search = scratch.searches[index];
  Scratch::KnownTexts& known = scratch.known[index];
  if (!known.given_up) {
    if (const std::optional<size_t> number = known.numbers.number_of(text)) {
      if (*number == known.found.size()) {
        column.searches->find(text, search);
        known.found.push_back({changes_of_all(column, search), search.clear});
      }
      const Scratch::KnownTexts::Found& found = known.found[*number];
      apply(found.changes, false, scratch);
      return found.exact;
    }
    known = {};
    known.given_up = true;
  }
  column.searches->find(text, search);
  for (size_t k = 0; k < search.key_count; ++k) apply(column, search.keys[k], scratch);
  return search.clear;
}

void PredicateIndex::look_up(const Column& column, const Value& v, Scratch& scratch, size_t index) const {
  bool clean = true, exact = true;
  size_t row = 0;
  if (column.cells != nullptr) {
    const int cell = column.cells->cell_of(v);
    clean = cell >= 0;
    if (clean && column.keyed) apply(column, static_cast<uint32_t>(cell), scratch);
    if (clean && !column.keyed) row = static_cast<size_t>(cell);
  } else if (column.searches != nullptr) {
    clean = v.is(value::Kind::kString);
    if (clean) exact = search(column, v.str(), scratch, index);
  } else {
    clean = v.is(value::Kind::kList);
    for (uint32_t i = 0; clean && i < v.list->size; ++i) {
      const Value& item = v.list->items[i];
      if (!item.is(value::Kind::kString)) continue;
      if (const uint32_t number = column.members->find(item.str())) apply(column, number - 1, scratch);
    }
  }
  for (uint32_t l : column.lanes) {
    const Lane& lane = lanes_[l];
    scratch.unclean[l] = clean && exact ? 0 : 1;
    scratch.any_unclean = scratch.any_unclean || !clean || !exact;
    if (clean) {
      scratch.row[l] = column.keyed ? scratch.live.data() + lane.live : lane.rows.data() + row * lane.words;
    } else {
      scratch.row[l] = ones_.data();
      for (uint32_t word : lane.asleep) scratch.woken.push_back(word);
    }
  }
}

// Words that every event looks at: eight at a time, all rows.
void PredicateIndex::narrow_awake(Scratch& scratch) const {
  constexpr size_t kTogether = 8;
  const size_t count = awake_.size();
  for (size_t a = 0; a < count; a += kTogether) {
    const size_t n = std::min(kTogether, count - a);
    uint64_t left[kTogether] = {};
    for (size_t w = 0; w < n; ++w) left[w] = exists_[awake_[a + w]];
    if (n == kTogether) {
      for (const uint64_t* row : scratch.row)
        for (size_t w = 0; w < kTogether; ++w) left[w] &= row[a + w];
    } else {
      for (const uint64_t* row : scratch.row)
        for (size_t w = 0; w < n; ++w) left[w] &= row[a + w];
    }
    for (size_t w = 0; w < n; ++w) {
      if (left[w] == 0) continue;
      uint64_t certain = left[w] & exact_[awake_[a + w]];
      for (size_t l = 0; scratch.any_unclean && l < lanes_.size(); ++l)
        if (scratch.unclean[l] != 0) certain &= ~lanes_[l].uses[a + w];
      keep(awake_[a + w], left[w], certain, scratch);
    }
  }
}

// Words that a key has woken.
void PredicateIndex::narrow_woken(Scratch& scratch) const {
  for (const uint32_t word : scratch.woken) {
    const std::span steps(steps_.data() + first_step_[word], first_step_[word + 1] - first_step_[word]);
    uint64_t left = exists_[word];
    for (size_t s = 0; s < steps.size() && left != 0; ++s) left &= scratch.row[steps[s].lane][steps[s].offset];
    if (left == 0) continue;
    uint64_t certain = left & exact_[word];
    if (scratch.any_unclean) {
      for (const Step& step : steps)
        if (scratch.unclean[step.lane] != 0) certain &= ~lanes_[step.lane].uses[step.offset];
    }
    keep(word, left, certain, scratch);
  }
}

void PredicateIndex::keep(uint32_t word, uint64_t left, uint64_t certain, Scratch& scratch) const {
  for (uint64_t bits = left; bits != 0; bits &= bits - 1) {
    const auto bit = static_cast<uint32_t>(std::countr_zero(bits));
    const uint32_t rule = rule_of_[word * 64 + bit];
    scratch.may[rule / 64] |= uint64_t{1} << (rule % 64);
    scratch.certain[rule / 64] |= (certain >> bit & 1) << (rule % 64);
  }
}

std::span<const PredicateIndex::Selected> PredicateIndex::select(const value::Evaluator& evaluator,
                                                                 value::EvalContext& ctx, Scratch& scratch) const {
  const int64_t steps = ctx.steps;
  scratch.changed.clear();
  scratch.woken.clear();
  scratch.any_unclean = false;
  for (size_t c = 0; c < columns_.size(); ++c)
    look_up(columns_[c], operand_value(columns_[c], evaluator, ctx), scratch, c);
  ctx.steps = steps;

  narrow_awake(scratch);
  narrow_woken(scratch);
  for (uint32_t at : scratch.changed) scratch.live[at] = base_[at];

  scratch.selected.clear();
  for (size_t w = 0; w < scratch.may.size(); ++w) {
    const uint64_t certain = scratch.certain[w] & ~is_open_[w];
    for (uint64_t bits = scratch.may[w] | is_open_[w]; bits != 0; bits &= bits - 1) {
      const auto bit = static_cast<uint32_t>(std::countr_zero(bits));
      scratch.selected.push_back({static_cast<uint32_t>(w * 64) + bit, (certain >> bit & 1) != 0});
    }
    scratch.may[w] = scratch.certain[w] = 0;
  }
  return scratch.selected;
}

size_t PredicateIndex::bytes() const {
  size_t n = (is_open_.size() + exists_.size() + exact_.size() + ones_.size() + base_.size()) * sizeof(uint64_t) +
             (rule_of_.size() + wakes_.size() + awake_.size() + first_step_.size()) * sizeof(uint32_t) +
             steps_.size() * sizeof(Step);
  for (const Lane& lane : lanes_) n += (lane.rows.size() + lane.uses.size()) * sizeof(uint64_t);
  for (const Column& column : columns_) {
    n += column.changes.size() * sizeof(Change) + column.first_change.size() * sizeof(uint32_t);
    if (column.searches != nullptr) n += column.searches->bytes();
  }
  return n;
}

}  // namespace weir::index
