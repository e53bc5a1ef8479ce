#include "runtime/index/search_keys.h"

#include <algorithm>
#include <numeric>

#include "runtime/index/pattern_shape.h"
#include "runtime/value/pattern_literals.h"
#include "runtime/value/regex.h"

namespace weir::index {
namespace {

constexpr size_t kMaxAlternatives = 32;

bool is_ascii(std::string_view text) {
  uint8_t all = 0;
  for (char c : text) all |= static_cast<uint8_t>(c);
  return all < 0x80;
}

}  // namespace

SearchKeys::Key SearchKeys::add(Relation relation, const std::string& text) {
  if (relation != Relation::kMatches) {
    if (text.empty()) return {Kind::kAlways, 0};
    const Place place = relation == Relation::kContains     ? Place::kAnywhere
                        : relation == Relation::kStartsWith ? Place::kStart
                                                            : Place::kEnd;
    const uint32_t literal = automaton_.add(text, place, false);
    triggers_.push_back({literal, size_, 0, 0});
    return {Kind::kExact, size_++};
  }
  return add_pattern(text);
}

SearchKeys::Key SearchKeys::add_pattern(const std::string& pattern) {
  if (const auto list = word_list(pattern)) {
    const Place place = list->at_start ? Place::kStart : list->at_end ? Place::kEnd : Place::kAnywhere;
    for (const std::string& word : list->words)
      triggers_.push_back({automaton_.add(word, place, list->fold), size_, 0, 0});
    if (list->fold) odd_letters_.push_back(size_);
    return {Kind::kExact, size_++};
  }
  const auto sets = value::required_literals(pattern, kMaxAlternatives);
  const std::vector<Run> runs = required_runs(pattern);
  std::string error;
  // A malformed pattern is an error on every text.
  if (sets.empty() && (runs.empty() || value::compiled_regex(pattern, &error) == nullptr)) return {};
  for (const std::vector<std::string>& set : sets) {
    std::vector<uint32_t> literals;
    for (const std::string& literal : set) literals.push_back(automaton_.add(literal, Place::kAnywhere, true));
    triggers_.push_back(
        {literals[0], size_, static_cast<uint32_t>(others_.size()), static_cast<uint32_t>(literals.size() - 1)});
    others_.insert(others_.end(), literals.begin() + 1, literals.end());
  }
  if (sets.empty())
    only_runs_.push_back(size_);
  else if (value::coverage(pattern) == value::Coverage::kNoOddLetters)
    odd_letters_.push_back(size_);
  else if (value::coverage(pattern) == value::Coverage::kAscii)
    not_ascii_.push_back(size_);
  for (const Run& run : runs) {
    auto set = std::ranges::find(sets_, run.set);
    if (set == sets_.end()) set = sets_.insert(sets_.end(), run.set);
    needed_runs_.push_back({size_, static_cast<uint32_t>(set - sets_.begin()), run.length});
  }
  return {Kind::kMaybe, size_++};
}

void SearchKeys::build() {
  automaton_.build();
  std::ranges::stable_sort(triggers_, {}, &Trigger::literal);
  first_trigger_.assign(automaton_.literals() + 1, 0);
  for (const Trigger& trigger : triggers_) ++first_trigger_[trigger.literal + 1];
  std::partial_sum(first_trigger_.begin(), first_trigger_.end(), first_trigger_.begin());
  first_run_.assign(size_ + 1, 0);
  for (const NeededRun& run : needed_runs_) ++first_run_[run.key + 1];
  std::partial_sum(first_run_.begin(), first_run_.end(), first_run_.begin());
}

SearchKeys::Scratch SearchKeys::make_scratch() const {
  Scratch scratch;
  scratch.literals = automaton_.make_scratch();
  scratch.stamps.assign(size_, 0);
  scratch.keys.reserve(size_);
  scratch.runs.resize(sets_.size());
  return scratch;
}

void SearchKeys::found(uint32_t key, Scratch& scratch) const {
  if (scratch.stamps[key] == scratch.literals.stamp) return;
  scratch.stamps[key] = scratch.literals.stamp;
  scratch.keys.push_back(key);
}

bool SearchKeys::has_runs(uint32_t key, std::string_view text, Scratch& scratch) const {
  for (uint32_t r = first_run_[key]; r < first_run_[key + 1]; ++r)
    if (longest_run(needed_runs_[r].set, text, scratch) < needed_runs_[r].length) return false;
  return true;
}

// Looked for once a text, if anyone asks.
uint32_t SearchKeys::longest_run(uint32_t set, std::string_view text, Scratch& scratch) const {
  Scratch::Longest& longest = scratch.runs[set];
  if (longest.stamp == scratch.literals.stamp) return longest.length;
  longest.stamp = scratch.literals.stamp;
  longest.length = 0;
  const uint64_t low = sets_[set][0], high = sets_[set][1];
  uint32_t run = 0;
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const uint64_t word = byte < 64 ? low : byte < 128 ? high : 0;
    run = (word >> (byte % 64) & 1) != 0 ? run + 1 : 0;
    longest.length = std::max(longest.length, run);
  }
  return longest.length;
}

void SearchKeys::find(std::string_view text, Scratch& scratch) const {
  scratch.keys.clear();
  scratch.clear = true;
  automaton_.scan(text, scratch.literals);
  for (uint32_t literal : scratch.literals.hits) {
    for (uint32_t t = first_trigger_[literal]; t < first_trigger_[literal + 1]; ++t) {
      const Trigger& trigger = triggers_[t];
      const uint32_t* other = others_.data() + trigger.first_other;
      if (std::all_of(other, other + trigger.other_count,
                      [&](uint32_t o) { return LiteralAutomaton::was_found(scratch.literals, o); }) &&
          has_runs(trigger.key, text, scratch))
        found(trigger.key, scratch);
    }
  }
  for (uint32_t key : only_runs_)
    if (has_runs(key, text, scratch)) found(key, scratch);
  if ((not_ascii_.empty() && odd_letters_.empty()) || is_ascii(text)) return;
  for (uint32_t key : not_ascii_) found(key, scratch);
  if (odd_letters_.empty() || !value::has_odd_letters(text)) return;
  scratch.clear = false;
  for (uint32_t key : odd_letters_) found(key, scratch);
}

}  // namespace weir::index
