// Which of the searches of one text may hit: all of its literals in one pass.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/index/guards.h"
#include "runtime/index/literal_automaton.h"

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
    std::vector<uint32_t> keys;    // found, each once
    bool clear = true;             // false: an exact key may have been found in vain
    struct Longest {
      uint64_t stamp = 0;
      uint32_t length = 0;
    };
    std::vector<Longest> runs;  // by set: the longest run in the text
  };
  Scratch make_scratch() const;
  void find(std::string_view text, Scratch& scratch) const;
  size_t bytes() const { return automaton_.bytes(); }

 private:
  // A key that is found with a literal, if others occur too.
  struct Trigger {
    uint32_t literal, key;
    uint32_t first_other, other_count;
  };
  struct NeededRun {
    uint32_t key, set, length;
  };
  Key add_pattern(const std::string& pattern);
  void found(uint32_t key, Scratch& scratch) const;
  bool has_runs(uint32_t key, std::string_view text, Scratch& scratch) const;
  uint32_t longest_run(uint32_t set, std::string_view text, Scratch& scratch) const;

  LiteralAutomaton automaton_;
  std::vector<Trigger> triggers_;        // in order of literals
  std::vector<uint32_t> first_trigger_;  // by literal
  std::vector<uint32_t> others_;
  std::vector<std::array<uint64_t, 2>> sets_;  // of bytes
  std::vector<NeededRun> needed_runs_;         // in order of keys
  std::vector<uint32_t> first_run_;            // by key
  std::vector<uint32_t> only_runs_;            // keys that need runs and no literal
  std::vector<uint32_t> odd_letters_;          // keys of which nothing is known in texts that have some
  std::vector<uint32_t> not_ascii_;            // keys of which nothing is known in texts that are not plain ASCII
  uint32_t size_ = 0;
};

}  // namespace weir::index
