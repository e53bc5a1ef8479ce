#include "runtime/index/search_keys.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "runtime/index/part_search.h"
#include "runtime/index/pattern_shape.h"
#include "runtime/value/pattern_literals.h"
#include "runtime/value/regex.h"
#include "runtime/value/utf8.h"

namespace weir::index {
namespace {

constexpr size_t kMaxAlternatives = 32;

// Most texts have runs of small letters.
bool is_telling(const Run& run) { return (run.set[1] >> 32 & 0x7fffffe) == 0; }

// Most texts have any letter: not worth stopping at.
bool is_common(std::string_view literal) {
  return literal.size() == 1 && (literal[0] == ' ' || (literal[0] >= 'a' && literal[0] <= 'z'));
}

// Short words of letters are in many texts.
bool tells_little(std::string_view literal) {
  constexpr size_t kLong = 4;
  return literal.size() < kLong &&
         std::ranges::all_of(literal, [](char c) { return c == ' ' || (c >= 'a' && c <= 'z'); });
}

}  // namespace

SearchKeys::Key SearchKeys::add(Relation relation, const std::string& text) {
  if (relation != Relation::kMatches) {
    if (text.empty()) return {Kind::kAlways, 0};
    const Place place = relation == Relation::kContains     ? Place::kAnywhere
                        : relation == Relation::kStartsWith ? Place::kStart
                                                            : Place::kEnd;
    const uint32_t literal = automaton_.add(text, place, false);
    triggers_.push_back({literal, size_, 0, 0, false});
    return {Kind::kExact, size_++};
  }
  return add_pattern(text);
}

SearchKeys::Key SearchKeys::add_pattern(const std::string& pattern) {
  if (const auto list = word_list(pattern)) {
    const Place place = list->at_start ? Place::kStart : list->at_end ? Place::kEnd : Place::kAnywhere;
    for (const std::string& word : list->words)
      triggers_.push_back({automaton_.add(word, place, list->fold), size_, 0, 0, false});
    if (list->fold) odd_letters_.push_back(size_);
    return {Kind::kExact, size_++};
  }
  const auto sets = value::required_literals(pattern, kMaxAlternatives);
  std::vector<Run> runs = required_runs(pattern);
  if (!sets.empty()) std::erase_if(runs, [](const Run& run) { return !is_telling(run); });
  std::string error;
  // A malformed pattern is an error on every text.
  if (sets.empty() && (runs.empty() || value::compiled_regex(value::Value::string(pattern), &error) == nullptr))
    return {};
  for (const Run& run : runs) needed_runs_.push_back({size_, number_of(run)});
  const auto telling = std::ranges::find_if(runs, [](const Run& run) { return run.length > 1 && is_telling(run); });
  const auto add_run_trigger = [&](const Run& run, const std::vector<std::string>& words) {
    const auto first = static_cast<uint32_t>(run_words_.size());
    for (const std::string& word : words)
      if (!is_common(word)) run_words_.push_back(number_of(word));
    run_triggers_.push_back({number_of(run), size_, first, static_cast<uint32_t>(run_words_.size()) - first});
  };
  for (const std::vector<std::string>& set : sets) {
    if (telling != runs.end() && std::ranges::all_of(set, tells_little)) {
      add_run_trigger(*telling, set);
      continue;
    }
    std::vector<uint32_t> literals;
    for (const std::string& literal : set)
      if (literals.empty() || (set[0].size() < 4 && !is_common(literal)))
        literals.push_back(automaton_.add(literal, Place::kAnywhere, true));
    triggers_.push_back(
        {literals[0], size_, static_cast<uint32_t>(others_.size()), static_cast<uint32_t>(literals.size() - 1), false});
    others_.insert(others_.end(), literals.begin() + 1, literals.end());
  }
  if (sets.empty()) add_run_trigger(telling != runs.end() ? *telling : runs[0], {});
  const value::Coverage covered = value::coverage(pattern);
  if (!sets.empty() && covered == value::Coverage::kNoOddLetters)
    odd_letters_.push_back(size_);
  else if (!sets.empty() && covered == value::Coverage::kAscii)
    not_ascii_.push_back(size_);
  return {Kind::kMaybe, size_++};
}

uint32_t SearchKeys::number_of(const Run& run) {
  auto same = std::ranges::find(runs_, run);
  if (same == runs_.end()) same = runs_.insert(runs_.end(), run);
  return static_cast<uint32_t>(same - runs_.begin());
}

uint32_t SearchKeys::number_of(const std::string& word) {
  auto same = std::ranges::find(words_, word);
  if (same == words_.end()) same = words_.insert(words_.end(), word);
  return static_cast<uint32_t>(same - words_.begin());
}

void SearchKeys::build() {
  automaton_.build();
  std::ranges::stable_sort(run_triggers_, {}, &RunTrigger::run);
  std::ranges::stable_sort(triggers_, {}, &Trigger::literal);
  first_trigger_.assign(automaton_.literals() + 1, 0);
  for (const Trigger& trigger : triggers_) ++first_trigger_[trigger.literal + 1];
  std::partial_sum(first_trigger_.begin(), first_trigger_.end(), first_trigger_.begin());
  std::vector<uint32_t> triggers_of(size_, 0);
  for (const Trigger& trigger : triggers_) ++triggers_of[trigger.key];
  for (const NeededRun& run : needed_runs_) ++triggers_of[run.key];
  // Those of odd texts may be found without their trigger as well.
  for (const std::vector<uint32_t>* keys : {&odd_letters_, &not_ascii_})
    for (uint32_t key : *keys) ++triggers_of[key];
  for (Trigger& trigger : triggers_) trigger.alone = trigger.other_count == 0 && triggers_of[trigger.key] == 1;
  first_run_.assign(size_ + 1, 0);
  for (const NeededRun& run : needed_runs_) ++first_run_[run.key + 1];
  std::partial_sum(first_run_.begin(), first_run_.end(), first_run_.begin());
}

SearchKeys::Scratch SearchKeys::make_scratch() const {
  Scratch scratch;
  scratch.literals = automaton_.make_scratch();
  scratch.stamps.assign(size_, 0);
  scratch.keys.resize(size_);
  scratch.runs.resize(runs_.size());
  scratch.words.resize(words_.size());
  return scratch;
}

void SearchKeys::found(uint32_t key, Scratch& scratch) const {
  if (scratch.stamps[key] == scratch.literals.stamp) return;
  scratch.stamps[key] = scratch.literals.stamp;
  scratch.keys[scratch.key_count++] = key;
}

// Each is looked for once a text, if anyone asks.
bool SearchKeys::has(uint32_t run, std::string_view text, Scratch& scratch) const {
  Scratch::HasRun& known = scratch.runs[run];
  if (known.stamp != scratch.literals.stamp) known = {scratch.literals.stamp, has_run(text, runs_[run])};
  return known.yes;
}

bool SearchKeys::has_runs(uint32_t key, std::string_view text, Scratch& scratch) const {
  const auto all = std::span(needed_runs_).subspan(first_run_[key], first_run_[key + 1] - first_run_[key]);
  return std::ranges::all_of(all, [&](const NeededRun& needed) { return has(needed.run, text, scratch); });
}

// Words are asked for like runs, in a text in lower case.
bool SearchKeys::has_words(const RunTrigger& trigger, std::string_view text, Scratch& scratch) const {
  const uint64_t stamp = scratch.literals.stamp;
  const auto all = std::span(run_words_).subspan(trigger.first_word, trigger.word_count);
  return std::ranges::all_of(all, [&](uint32_t word) {
    Scratch::HasRun& known = scratch.words[word];
    if (known.stamp == stamp) return known.yes;
    if (scratch.lower_stamp != stamp) {
      scratch.lower_stamp = stamp;
      scratch.lower.resize(text.size());
      std::ranges::transform(text, scratch.lower.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    }
    known = {stamp, contains_part(scratch.lower, words_[word])};
    return known.yes;
  });
}

void SearchKeys::find(std::string_view text, Scratch& scratch) const {
  scratch.key_count = 0;
  scratch.clear = true;
  automaton_.scan(text, scratch.literals);
  const Trigger* const triggers = triggers_.data();
  const uint32_t* const first = first_trigger_.data();
  for (size_t h = 0; h < scratch.literals.hit_count; ++h) {
    const uint32_t literal = scratch.literals.hits[h];
    const Trigger* const end = triggers + first[literal + 1];
    for (const Trigger* trigger = triggers + first[literal]; trigger != end; ++trigger) {
      if (trigger->alone) {
        scratch.keys[scratch.key_count++] = trigger->key;
        continue;
      }
      const uint32_t* other = others_.data() + trigger->first_other;
      if (std::all_of(other, other + trigger->other_count,
                      [&](uint32_t o) { return LiteralAutomaton::was_found(scratch.literals, o); }) &&
          has_runs(trigger->key, text, scratch))
        found(trigger->key, scratch);
    }
  }
  for (const RunTrigger& trigger : run_triggers_)
    if (has(trigger.run, text, scratch) && has_runs(trigger.key, text, scratch) && has_words(trigger, text, scratch))
      found(trigger.key, scratch);
  if ((not_ascii_.empty() && odd_letters_.empty()) || value::is_ascii(text)) return;
  for (uint32_t key : not_ascii_) found(key, scratch);
  if (odd_letters_.empty() || !value::has_odd_letters(text)) return;
  scratch.clear = false;
  for (uint32_t key : odd_letters_) found(key, scratch);
}

}  // namespace weir::index
