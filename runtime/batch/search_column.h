// A text that rules search: on which rows of a batch each of the searches hits.
//
// Three ways, of which the texts choose. Few short ones (countries, kinds of event) are searched once each and then
// known by number. Of others all searches are left open, and asked text by text on the rows where all else holds: so it
// goes with few rules, and whatever the rules with most. If that turns out to take longer than one pass of the
// automaton over every text, that is what is done; long texts are read that way always, so a text cannot make each rule
// read all of it.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/batch/columns.h"
#include "runtime/batch/kernels.h"
#include "runtime/batch/plan.h"
#include "runtime/index/search_keys.h"
#include "runtime/index/text_numbers.h"

namespace weir::batch {

// Of one stream of batches. One caller at a time.
class SearchColumn {
 public:
  // The column must outlive this.
  explicit SearchColumn(const Plan& plan, const Plan::Column& column);

  // Fills the column's leaves for the rows that are `fit`; of a leaf that is left inexact, `must` too. `odd`: rows on
  // which leaves that are not may be true in vain.
  void fill(const ColumnReader& reader, size_t count, const RowSet& fit, const LeafSets& sets, RowSet& odd);
  // Whether any word of a search (Plan::Search) is in the text where it should be.
  bool has_word(uint32_t leaf, std::string_view text);
  // From now on searches are left open again, if that was given up.
  void try_again() {
    if (way_ != Way::kScan) return;
    way_ = first_open_way();
    spent_ = 0;
  }

 private:
  enum class Way : uint8_t { kValues, kAsk, kScan };
  static constexpr size_t kMaxAskedText = 1024;
  using Texts = std::bitset<index::TextNumbers::kMax>;

  Way first_open_way() const {
    return Plan::may_be_asked(column_.operand, column_.leaf_count) ? Way::kAsk : Way::kScan;
  }
  bool fill_values(const ColumnReader& reader, size_t count, const RowSet& fit, const LeafSets& sets, RowSet& odd);
  void leave_open(const ColumnReader& reader, const RowSet& fit, const LeafSets& sets);
  void scan(const ColumnReader& reader, size_t count, const RowSet& fit, const LeafSets& sets, RowSet& odd);
  void learn(std::string_view text, size_t number);
  // Visits the leaves that the text may hit.
  template <typename Visit>
  void find(std::string_view text, Visit visit);

  const Plan& plan_;
  const Plan::Column& column_;
  Way way_ = Way::kValues;
  index::SearchKeys::Scratch scratch_;
  index::TextNumbers texts_;
  Texts odd_;                    // those of which leaves may be true in vain
  std::vector<Texts> hit_by_;    // by leaf of the column
  std::vector<RowSet> rows_of_;  // by text
  std::vector<uint32_t> which_;
  double spent_ = 0, scan_cost_ = 0;  // of the last batch that was left open: what it took, what a pass takes
};

}  // namespace weir::batch
