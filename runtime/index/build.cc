// From guards to rows of bits.
#include <algorithm>
#include <numeric>

#include "runtime/index/predicate_index.h"

namespace weir::index {
namespace {

constexpr size_t kMaxDenseCells = 64;  // of a text: beyond, keys
constexpr size_t kMaxLanes = 3;        // of one searched operand

// What a clause makes of its operand's values.
struct Part {
  uint32_t lane = 0;
  double passes = 1;           // share of events it is expected to leave
  Bits cells;                  // bool, numbers, text: where it may hold
  std::vector<uint32_t> keys;  // search, member: it may hold if one of them is found
};

struct FlatTerm {
  uint32_t rule = 0;
  bool exact = true;
  std::vector<Part> parts;  // the most telling first
};

double expected(Relation relation, size_t length) {
  switch (relation) {
    case Relation::kContains:
      return length >= 4 ? 0.01 : length >= 2 ? 0.1 : 0.3;
    case Relation::kStartsWith:
    case Relation::kEndsWith:
      return length >= 3 ? 0.01 : length == 2 ? 0.02 : 0.1;
    case Relation::kMatches:
      return 0.1;
    default:
      return 0.01;
  }
}

}  // namespace

class IndexBuilder {
 public:
  IndexBuilder(const ir::Module& module, PredicateIndex& out) : m_(module), out_(out) {}

  void build(std::span<const ir::NodeId> rules) {
    guards_ = find_guards(m_, rules);
    out_.rules_ = rules.size();
    out_.is_open_.assign((rules.size() + 63) / 64, 0);
    make_columns();
    flatten();
    lay_out();
    fill_rows();
  }

 private:
  using Column = PredicateIndex::Column;
  using Lane = PredicateIndex::Lane;
  using Change = PredicateIndex::Change;
  static constexpr uint32_t kNone = UINT32_MAX;

  bool used(uint32_t operand) const { return column_of_[operand] != kNone; }
  const std::string& text(const Test& test) const { return m_.constants[test.constant].s; }

  void make_columns() {
    column_of_.assign(guards_.operands.size(), kNone);
    for (const Guard& guard : guards_.rules) {
      for (const Term& term : guard) {
        for (const Clause& clause : term.all) {
          uint32_t& column = column_of_[clause.operand];
          if (column != kNone) continue;
          column = static_cast<uint32_t>(out_.columns_.size());
          out_.columns_.emplace_back().operand = guards_.operands[clause.operand];
        }
      }
    }
    std::vector<std::vector<Test>> tests(out_.columns_.size());
    place_of_.resize(guards_.tests.size());
    keys_.resize(guards_.tests.size());
    for (size_t t = 0; t < guards_.tests.size(); ++t) {
      const Test& test = guards_.tests[t];
      if (!used(test.operand)) continue;
      place_of_[t] = tests[column_of_[test.operand]].size();
      tests[column_of_[test.operand]].push_back(test);
    }
    for (size_t c = 0; c < out_.columns_.size(); ++c) {
      Column& column = out_.columns_[c];
      if (column.operand.computed) out_.computed_.push_back(column.operand.node);
      switch (column.operand.domain) {
        case Domain::kSearch:
          column.searches = std::make_shared<SearchKeys>();
          column.keyed = true;
          break;
        case Domain::kMember:
          column.members = std::make_shared<TextTable>();
          column.keyed = true;
          break;
        default:
          column.cells = std::make_shared<ValueCells>(m_, column.operand.domain, tests[c]);
          column.keyed = column.operand.domain == Domain::kText && column.cells->size() > kMaxDenseCells;
      }
    }
    for (size_t t = 0; t < guards_.tests.size(); ++t) {
      const Test& test = guards_.tests[t];
      if (!used(test.operand)) continue;
      Column& column = out_.columns_[column_of_[test.operand]];
      if (column.searches != nullptr) keys_[t] = column.searches->add(test.relation, text(test));
      if (column.members != nullptr) keys_[t] = {SearchKeys::Kind::kExact, column.members->add(text(test)) - 1};
    }
    for (Column& column : out_.columns_) {
      if (column.searches != nullptr) column.searches->build();
      if (column.members != nullptr) column.members->build();
    }
  }

  // --- terms

  void flatten() {
    for (uint32_t rule = 0; rule < guards_.rules.size(); ++rule) {
      bool unguarded = false;
      for (const Term& term : guards_.rules[rule]) {
        FlatTerm& flat = terms_.emplace_back();
        flat.rule = rule;
        flat.exact = term.exact;
        for (const Clause& clause : term.all) add_part(clause, flat);
        // The most telling first; the others in one order for all terms, so that like terms come to lie together.
        std::ranges::sort(flat.parts, {}, &Part::lane);
        const auto first = std::ranges::min_element(flat.parts, {}, &Part::passes);
        if (first != flat.parts.end()) std::rotate(flat.parts.begin(), first, first + 1);
        unguarded = unguarded || flat.parts.empty();
      }
      if (unguarded) out_.unguarded_.push_back(rule);
    }
    // Terms that are told apart by the same lanes, and in the first of them by the same values, lie together.
    auto order = [](const FlatTerm& a, const FlatTerm& b) {
      const size_t n = std::min(a.parts.size(), b.parts.size());
      for (size_t i = 0; i < n; ++i) {
        const Part &x = a.parts[i], &y = b.parts[i];
        if (x.lane != y.lane) return x.lane < y.lane;
        if (i == 0 && !x.keys.empty() && first_value(x) != first_value(y)) return first_value(x) < first_value(y);
      }
      if (a.parts.size() != b.parts.size()) return a.parts.size() < b.parts.size();
      return a.rule < b.rule;
    };
    std::ranges::stable_sort(terms_, order);
  }

  static size_t first_value(const Part& part) {
    if (!part.keys.empty()) return part.keys[0];
    size_t i = 0;
    while (i < part.cells.size() && !part.cells.test(i)) ++i;
    return i;
  }

  void add_part(const Clause& clause, FlatTerm& term) {
    Column& column = out_.columns_[column_of_[clause.operand]];
    if (column.cells != nullptr)
      add_values(clause, column, term);
    else
      add_keys(clause, column, term);
  }

  void add_values(const Clause& clause, Column& column, FlatTerm& term) {
    Part part;
    part.cells = Bits(column.cells->size());
    for (uint32_t test : clause.any) {
      const Truths& truths = column.cells->truths(place_of_[test]);
      part.cells |= truths.cells;
      term.exact = term.exact && truths.exact;
    }
    part.lane = lane(clause.operand, column, 0);
    auto same = std::ranges::find(term.parts, part.lane, &Part::lane);
    if (same != term.parts.end()) {
      part.cells &= same->cells;
      term.parts.erase(same);
    }
    part.passes = static_cast<double>(part.cells.count()) / static_cast<double>(part.cells.size());
    term.parts.push_back(std::move(part));
  }

  void add_keys(const Clause& clause, Column& column, FlatTerm& term) {
    Part part;
    part.passes = 0;
    for (uint32_t t : clause.any) {
      const SearchKeys::Key& key = keys_[t];
      if (key.kind == SearchKeys::Kind::kAlways || key.kind == SearchKeys::Kind::kUnknown) {
        term.exact = false;
        return;
      }
      term.exact = term.exact && key.kind == SearchKeys::Kind::kExact;
      part.keys.push_back(key.number);
      part.passes += expected(guards_.tests[t].relation, text(guards_.tests[t]).size());
    }
    size_t ordinal = 0;
    for (const Part& other : term.parts)
      if (out_.lanes_[other.lane].operand == clause.operand) ++ordinal;
    if (ordinal == kMaxLanes) {
      term.exact = false;
      return;
    }
    part.lane = lane(clause.operand, column, ordinal);
    term.parts.push_back(std::move(part));
  }

  uint32_t lane(uint32_t operand, Column& column, size_t ordinal) {
    while (column.lanes.size() <= ordinal) {
      column.lanes.push_back(static_cast<uint32_t>(out_.lanes_.size()));
      out_.lanes_.emplace_back().operand = operand;
    }
    return column.lanes[ordinal];
  }

  // --- bits

  void lay_out() {
    const size_t words = (terms_.size() + 63) / 64;
    out_.exists_.assign(words, 0);
    out_.exact_.assign(words, 0);
    std::vector<uint32_t> asleep;
    for (uint32_t word = 0; word < words; ++word) {
      for (size_t t = word * size_t{64}; t < end_of(word); ++t) {
        out_.rule_of_.push_back(terms_[t].rule);
        out_.exists_[word] |= uint64_t{1} << (t % 64);
        if (terms_[t].exact) out_.exact_[word] |= uint64_t{1} << (t % 64);
      }
      (waker(word) == kNone ? out_.awake_ : asleep).push_back(word);
    }
    // Words that every event looks at are at the same place in all rows; the others only where they have a clause.
    for (Lane& lane : out_.lanes_) lane.words = out_.awake_.size();
    place_of_word_.assign(words, kNone);
    for (uint32_t a = 0; a < out_.awake_.size(); ++a) place_of_word_[out_.awake_[a]] = a;
    size_t next_asleep = 0;
    for (uint32_t word = 0; word < words; ++word) {
      out_.first_step_.push_back(static_cast<uint32_t>(out_.steps_.size()));
      if (next_asleep == asleep.size() || asleep[next_asleep] != word) continue;
      ++next_asleep;
      for (uint32_t lane : lanes_of(word))
        out_.steps_.push_back({lane, static_cast<uint32_t>(out_.lanes_[lane].words++)});
    }
    out_.first_step_.push_back(static_cast<uint32_t>(out_.steps_.size()));
    size_t longest = 0, live = 0;
    for (Column& column : out_.columns_) {
      for (uint32_t l : column.lanes) {
        Lane& lane = out_.lanes_[l];
        lane.rows.assign(lane.words * (column.keyed ? 1 : column.cells->size()), ~uint64_t{0});
        lane.uses.assign(lane.words, 0);
        lane.live = live;
        if (column.keyed) live += lane.words;
        longest = std::max(longest, lane.words);
      }
    }
    out_.ones_.assign(longest, ~uint64_t{0});
    out_.base_.assign(live, 0);
    out_.wakes_.assign(live, PredicateIndex::kNoWord);
  }

  // The lane that clears a word unless one of its keys is found; kNone: there is no such lane.
  uint32_t waker(uint32_t word) const {
    const FlatTerm& first = terms_[word * size_t{64}];
    for (const Part& candidate : first.parts) {
      const auto cleared = [&](const FlatTerm& term) {
        const auto part = std::ranges::find(term.parts, candidate.lane, &Part::lane);
        return part != term.parts.end() && (!part->keys.empty() || (keyed(part->lane) && !part->cells.test(0)));
      };
      if (keyed(candidate.lane) && std::all_of(terms_.begin() + static_cast<ptrdiff_t>(word * size_t{64}),
                                               terms_.begin() + static_cast<ptrdiff_t>(end_of(word)), cleared))
        return candidate.lane;
    }
    return kNone;
  }
  bool keyed(uint32_t lane) const { return out_.columns_[column_of_[out_.lanes_[lane].operand]].keyed; }

  // That matter to a word, the most telling first.
  std::vector<uint32_t> lanes_of(uint32_t word) const {
    std::vector<std::pair<double, uint32_t>> kills;  // negative
    for (size_t t = word * size_t{64}; t < end_of(word); ++t) {
      for (const Part& part : terms_[t].parts) {
        auto at = std::ranges::find(kills, part.lane, &std::pair<double, uint32_t>::second);
        if (at == kills.end()) at = kills.insert(kills.end(), {0, part.lane});
        at->first -= 1 - part.passes;
      }
    }
    std::ranges::sort(kills);
    std::vector<uint32_t> lanes;
    for (const auto& [kill, lane] : kills) lanes.push_back(lane);
    return lanes;
  }

  size_t end_of(uint32_t word) const { return std::min(terms_.size(), (word + size_t{1}) * 64); }

  void fill_rows() {
    changes_.resize(out_.columns_.size());
    std::vector<uint32_t> offset(out_.lanes_.size());
    for (uint32_t word = 0; word < out_.exists_.size(); ++word) {
      if (place_of_word_[word] != kNone) std::ranges::fill(offset, place_of_word_[word]);
      for (uint32_t i = out_.first_step_[word]; i < out_.first_step_[word + 1]; ++i)
        offset[out_.steps_[i].lane] = out_.steps_[i].offset;
      for (size_t t = word * size_t{64}; t < end_of(word); ++t)
        for (const Part& part : terms_[t].parts) fill(part, offset[part.lane], uint64_t{1} << (t % 64));
      if (place_of_word_[word] != kNone) continue;
      const uint32_t woken_by = waker(word);
      Lane& lane = out_.lanes_[woken_by];
      lane.rows[offset[woken_by]] = 0;
      lane.asleep.push_back(word);
      out_.wakes_[lane.live + offset[woken_by]] = word;
    }
    for (const Column& column : out_.columns_) {
      if (!column.keyed) continue;
      for (uint32_t l : column.lanes) {
        const Lane& lane = out_.lanes_[l];
        std::ranges::copy(lane.rows, out_.base_.begin() + static_cast<ptrdiff_t>(lane.live));
      }
    }
    for (size_t c = 0; c < out_.columns_.size(); ++c)
      if (out_.columns_[c].keyed) store_changes(out_.columns_[c], changes_[c]);
  }

  void fill(const Part& part, uint32_t word, uint64_t bit) {
    Lane& lane = out_.lanes_[part.lane];
    const uint32_t c = column_of_[lane.operand];
    const auto live = static_cast<uint32_t>(lane.live + word);
    lane.uses[word] |= bit;
    if (!part.keys.empty()) {
      lane.rows[word] &= ~bit;
      for (uint32_t key : part.keys) changes_[c].push_back({key, {live, bit}});
      return;
    }
    if (out_.columns_[c].keyed) {
      if (!part.cells.test(0)) lane.rows[word] &= ~bit;
      for (uint32_t cell = 1; cell < part.cells.size(); ++cell)
        if (part.cells.test(cell) != part.cells.test(0)) changes_[c].push_back({cell, {live, bit}});
      return;
    }
    for (size_t cell = 0; cell < part.cells.size(); ++cell)
      if (!part.cells.test(cell)) lane.rows[cell * lane.words + word] &= ~bit;
  }

  // Changes by key, those of one word together.
  static void store_changes(Column& column, std::vector<std::pair<uint32_t, Change>>& changes) {
    std::ranges::stable_sort(changes, {}, [](const auto& c) { return std::pair(c.first, c.second.live); });
    const size_t keys = column.searches != nullptr  ? column.searches->size()
                        : column.members != nullptr ? column.members->size()
                                                    : column.cells->size();
    column.first_change.assign(keys + 1, 0);
    uint32_t before = kNone;
    for (const auto& [key, change] : changes) {
      if (key == before && column.changes.back().live == change.live) {
        column.changes.back().bits |= change.bits;
        continue;
      }
      before = key;
      ++column.first_change[key + 1];
      column.changes.push_back(change);
    }
    std::partial_sum(column.first_change.begin(), column.first_change.end(), column.first_change.begin());
  }

  const ir::Module& m_;
  PredicateIndex& out_;
  Guards guards_;
  std::vector<uint32_t> column_of_;    // by operand
  std::vector<size_t> place_of_;       // by test: among those of its column
  std::vector<SearchKeys::Key> keys_;  // by test
  std::vector<FlatTerm> terms_;
  std::vector<uint32_t> place_of_word_;                            // in all rows, of words that are awake; or kNone
  std::vector<std::vector<std::pair<uint32_t, Change>>> changes_;  // by column: key, change
};

PredicateIndex::PredicateIndex(const ir::Module& module, std::span<const ir::NodeId> rules) : module_(&module) {
  IndexBuilder(module, *this).build(rules);
}

}  // namespace weir::index
