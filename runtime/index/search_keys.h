// Which of the searches of one text may hit: all of its literals in one pass.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/index/guards.h"
#include "runtime/index/literal_automaton.h"
#include "runtime/index/pattern_shape.h"

namespace weir::index {

// Immutable once built.
class SearchKeys {
 public:
  enum class Kind : uint8_t {
    kUnknown,  // the search may hit any text
    kAlways,   // the search hits every text; not if there is none
    kExact,    // the key is found if and only if the search hits, if the text is `clear`
    kMaybe,    // the key is found if the search hits
  };
  struct Key {
    Kind kind = Kind::kUnknown;
    uint32_t number = 0;
  };
  // A search for a constant, by relation: contains, startsWith, endsWith or matches.
  Key add(Relation relation, const std::string& text);
  void build();
  uint32_t size() const { return size_; }

  struct Scratch {
    LiteralAutomaton::Scratch literals;
    std::vector<uint64_t> stamps;  // by key
    std::vector<uint32_t> keys;    // room for all; the first key_count were found, each once
    size_t key_count = 0;
    bool clear = true;  // false: an exact key may have been found in vain
    struct HasRun {
      uint64_t stamp = 0;
      bool yes = false;
    };
    std::vector<HasRun> runs;  // whether the text has it
    std::vector<HasRun> words;
    std::string lower;  // the text
    uint64_t lower_stamp = 0;
  };
  Scratch make_scratch() const;
  void find(std::string_view text, Scratch& scratch) const;
  size_t bytes() const { return automaton_.bytes(); }

 private:
  // A key that is found with a literal, if others occur too.
  struct Trigger {
    uint32_t literal, key;
    uint32_t first_other, other_count;
    bool alone = false;  // the key has no other trigger and needs no more
  };
  // A key that may be found where the text has a run, if words occur too.
  struct RunTrigger {
    uint32_t run, key;
    uint32_t first_word, word_count;
  };
  struct NeededRun {
    uint32_t key, run;
  };
  Key add_pattern(const std::string& pattern);
  void found(uint32_t key, Scratch& scratch) const;
  uint32_t number_of(const Run& run);
  uint32_t number_of(const std::string& word);
  bool has(uint32_t run, std::string_view text, Scratch& scratch) const;
  bool has_runs(uint32_t key, std::string_view text, Scratch& scratch) const;
  bool has_words(const RunTrigger& trigger, std::string_view text, Scratch& scratch) const;

  LiteralAutomaton automaton_;
  std::vector<Trigger> triggers_;        // in order of literals
  std::vector<uint32_t> first_trigger_;  // by literal
  std::vector<uint32_t> others_;
  std::vector<Run> runs_;                 // of bytes
  std::vector<NeededRun> needed_runs_;    // in order of keys
  std::vector<uint32_t> first_run_;       // by key
  std::vector<RunTrigger> run_triggers_;  // in order of runs
  std::vector<std::string> words_;        // in lower case; asked for where a run was found
  std::vector<uint32_t> run_words_;       // of run triggers
  std::vector<uint32_t> odd_letters_;     // keys of which nothing is known in texts that have some
  std::vector<uint32_t> not_ascii_;       // keys of which nothing is known in texts that are not plain ASCII
  uint32_t size_ = 0;
};

}  // namespace weir::index
