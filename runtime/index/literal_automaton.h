// Which of many literals occur in a text: one pass, one table look-up a byte, whatever the number of literals.
//
// Aho and Corasick's automaton (1975) with all transitions made explicit, over ASCII-folded bytes: a literal that
// minds case is compared once more where it is found. It was measured against Vectorscan for the literals of 10,000
// rules and is faster on texts of a few hundred bytes, to build and to scan; see docs/performance.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::index {

enum class Place : uint8_t { kAnywhere, kStart, kEnd };

// Immutable once built; then scan() may run in many threads, each with a scratch of its own.
class LiteralAutomaton {
 public:
  // The literal's number; the same for the same question. The literal is not empty. `fold`: letter case of ASCII is
  // ignored, and the literal is in lower case.
  uint32_t add(std::string_view literal, Place place, bool fold);
  void build();

  struct Scratch {
    std::vector<uint64_t> seen;   // by output: all that is found there was found in the text of this stamp
    std::vector<uint64_t> found;  // by literal: stamp of the text it was last found in
    std::vector<uint32_t> hits;   // room for all literals; the first hit_count were found in the text, each once
    size_t hit_count = 0;
    uint64_t stamp = 0;
  };
  Scratch make_scratch() const;
  // Fills the hits. The cost a byte is bounded whatever the text.
  void scan(std::string_view text, Scratch& scratch) const;
  static bool was_found(const Scratch& scratch, uint32_t literal) { return scratch.found[literal] == scratch.stamp; }

  size_t literals() const { return literals_.size(); }
  size_t bytes() const;

 private:
  struct Literal {
    std::string text;
    Place place;
    bool fold;
  };
  // A literal where it ends: what it takes to compare its case.
  struct Ending {
    uint32_t literal = 0;
    bool fold = false;
    bool is_short = false;  // no longer than 8 bytes
    uint64_t tail = 0;      // up to 8 last bytes as they lie in memory, the last highest
    uint64_t mask = 0;      // of those
  };
  Ending ending_of(uint32_t literal) const;
  // Literals that end at a node of the trie: of place p, ends_[first[p]] to ends_[first[p + 1]].
  struct Output {
    uint32_t first[4] = {0, 0, 0, 0};
    uint32_t next = 0;  // nearest output on the way of failure; 0: none
  };
  static constexpr uint32_t kHasOutput = 1u << 31;

  struct Trie;
  void complete(Trie& trie);
  struct Stop {
    uint32_t node, end;  // of the chunk
  };
  static constexpr size_t kChunk = 256;
  uint32_t scan_chunk(std::string_view text, size_t begin, size_t end, uint32_t node, Scratch& scratch) const;
  bool same_case(const Ending& ending, std::string_view text, size_t end) const;
  void report(uint32_t output, Place place, std::string_view text, size_t end, Scratch& scratch) const;
  void report_stops(const Stop* stops, size_t count, std::string_view text, size_t begin, Scratch& scratch) const;

  std::vector<Literal> literals_;
  std::unordered_map<std::string, uint32_t> index_;  // by place, fold and text; until built
  uint8_t class_of_[256] = {};                       // 0: a byte of no literal
  // A node is known by the offset of its row: by class the node that follows, and kHasOutput; last, its output, which
  // is the nearest on its way of failure, or 0.
  uint32_t classes_ = 1;
  std::vector<uint32_t> next_;
  std::vector<uint32_t> start_next_;  // the trie alone, for literals at the start; UINT32_MAX: none
  std::vector<Output> outputs_;
  std::vector<Ending> ends_;
  size_t longest_ = 0, longest_start_ = 0, longest_end_ = 0;
  bool anywhere_ = false;
};

}  // namespace weir::index
