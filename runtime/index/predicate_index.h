// Which rules of an event type can be other than false on an event: an event costs what it could match, not what
// exists.
//
// The bit-vector scheme of packet classification (Lakshman and Stiliadis 1998; early exit and aggregation as Baboescu
// and Varghese 2001). Every term of every rule (guards.h) is a bit. For each operand and each cell of its values there
// is a row of bits: the terms that no test of that operand makes false there. An event picks one row an operand; the
// conjunction of the rows is what it could match. Terms are sorted so that those with a rare test in common lie
// together and die together: most words are left after the first row, and words all of whose terms search for something
// are not even looked at unless a search of theirs hits.
//
// Rules that are left out are false, exactly; the others are evaluated, unless a term of a rule was tested exactly and
// whole, in which case the rule is true. So outcomes, errors and missing values do not depend on the index.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compiler/ir/ir.h"
#include "runtime/index/guards.h"
#include "runtime/index/search_keys.h"
#include "runtime/index/text_numbers.h"
#include "runtime/index/value_cells.h"
#include "runtime/value/evaluator.h"

namespace weir::index {

// Immutable once built: may be used from many threads at once, each with a scratch of its own.
class PredicateIndex {
 public:
  // Rules are known by their position in `rules`. The module must outlive the index.
  PredicateIndex(const ir::Module& module, std::span<const ir::NodeId> rules);
  // The index of the same rules but for some, `open`, of which it knows nothing: they are always to be evaluated. The
  // module begins with that of `other` (ir::Module::begins_with).
  PredicateIndex(const PredicateIndex& other, const ir::Module& module, std::span<const uint32_t> open);

  // Nodes that select() evaluates.
  const std::vector<ir::NodeId>& computed() const { return computed_; }
  // Rules that some term without a test makes visited by every event.
  const std::vector<uint32_t>& unguarded() const { return unguarded_; }
  // Rules of which it knows nothing, in order.
  const std::vector<uint32_t>& open() const { return open_; }
  size_t terms() const { return rule_of_.size(); }
  size_t bytes() const;

  struct Selected {  // batches hold thousands
    uint32_t rule : 31;
    uint32_t certain : 1;  // true; else to be evaluated
  };
  class Scratch;
  std::unique_ptr<Scratch> make_scratch() const;
  // The rules that may not be false, in order. Valid until the scratch is used again. Charges no steps.
  std::span<const Selected> select(const value::Evaluator& evaluator, value::EvalContext& ctx, Scratch& scratch) const;

 private:
  friend class IndexBuilder;
  PredicateIndex(const PredicateIndex&) = default;

  // Rows of bits for one clause a term: an operand has a lane, or several where terms search it more than once. Its
  // first words are those of awake_; of others a lane has only those where a term has a clause in it.
  struct Lane {
    uint32_t operand = 0;
    size_t words = 0;              // of a row
    std::vector<uint64_t> rows;    // by cell; one row if keys are found: what is left if none is
    std::vector<uint64_t> uses;    // terms with a clause here
    size_t live = 0;               // keyed: first word in Scratch::live
    std::vector<uint32_t> asleep;  // keyed: words of terms that are looked at only if a key of this lane is found
  };
  // What a key changes in a word of a row.
  struct Change {
    uint32_t live;  // in Scratch::live
    uint64_t bits;
  };
  struct Column {
    Operand operand;
    // Shared by indexes of rules that were edited.
    std::shared_ptr<ValueCells> cells;     // bool, numbers, text
    std::shared_ptr<SearchKeys> searches;  // search
    std::shared_ptr<TextTable> members;    // member
    std::vector<uint32_t> lanes;
    // A value picks a row; or, if keyed, changes the one there is: by key (search, member, or cell of a text).
    bool keyed = false;
    std::vector<uint32_t> first_change;
    std::vector<Change> changes;
  };
  // A row that matters to a word of terms.
  struct Step {
    uint32_t lane;
    uint32_t offset;
  };

  value::Value operand_value(const Column& column, const value::Evaluator& evaluator, value::EvalContext& ctx) const;
  void look_up(const Column& column, const value::Value& v, Scratch& scratch, size_t index) const;
  void apply(const Column& column, uint32_t key, Scratch& scratch) const;
  void apply(std::span<const Change> changes, bool flips, Scratch& scratch) const;
  std::span<const Change> changes_of(const Column& column, uint32_t key) const;
  bool search(const Column& column, std::string_view text, Scratch& scratch, size_t index) const;
  std::vector<Change> changes_of_all(const Column& column, const SearchKeys::Scratch& search) const;
  void narrow_awake(Scratch& scratch) const;
  void narrow_woken(Scratch& scratch) const;
  void keep(uint32_t word, uint64_t left, uint64_t certain, Scratch& scratch) const;

  const ir::Module* module_;
  std::vector<Column> columns_;
  std::vector<Lane> lanes_;
  std::vector<uint32_t> first_step_;      // by word of terms; awake words have none
  std::vector<Step> steps_;               // the most telling first
  std::vector<uint32_t> awake_;           // words that every event looks at
  std::vector<uint64_t> exists_, exact_;  // by term
  std::vector<uint32_t> rule_of_;         // by term
  std::vector<uint64_t> ones_;            // a row of any lane
  std::vector<uint64_t> base_;            // of Scratch::live
  std::vector<uint32_t> wakes_;           // by word of live rows: word of terms to look at if it changes; or kNoWord
  std::vector<ir::NodeId> computed_;
  std::vector<uint32_t> unguarded_;
  std::vector<uint32_t> open_;
  std::vector<uint64_t> is_open_;  // by rule
  size_t rules_ = 0;
  static constexpr uint32_t kNoWord = UINT32_MAX;
};

class PredicateIndex::Scratch {
 private:
  friend class PredicateIndex;
  std::vector<const uint64_t*> row;           // by lane
  std::vector<uint64_t> live;                 // rows of keyed lanes
  std::vector<SearchKeys::Scratch> searches;  // by column
  // Of a searched column whose texts are few: what each changes.
  struct KnownTexts {
    TextNumbers numbers;
    bool given_up = false;
    struct Found {
      std::vector<Change> changes;
      bool exact = true;
    };
    std::vector<Found> found;  // by number
  };
  std::vector<KnownTexts> known;  // by column
  std::vector<uint32_t> changed;  // words of live rows
  std::vector<uint32_t> woken;    // words of terms
  std::vector<uint8_t> unclean;   // by lane: what is left in its row need not be true
  bool any_unclean = false;
  std::vector<uint64_t> may, certain;  // by rule
  std::vector<Selected> selected;
};

}  // namespace weir::index
