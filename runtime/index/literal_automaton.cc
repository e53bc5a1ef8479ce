#include "runtime/index/literal_automaton.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir::index {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

uint8_t fold(uint8_t c) { return static_cast<uint8_t>(c - 'A') < 26 ? c | 0x20 : c; }

}  // namespace

uint32_t LiteralAutomaton::add(std::string_view literal, Place place, bool folded) {
  std::string key(literal);
  key += static_cast<char>(static_cast<int>(place) * 2 + (folded ? 1 : 0));
  auto [it, added] = index_.try_emplace(std::move(key), static_cast<uint32_t>(literals_.size()));
  if (added) literals_.push_back({std::string(literal), place, folded});
  return it->second;
}

// Under construction. Nodes are numbered from 0; rows follow each other.
struct LiteralAutomaton::Trie {
  size_t row;                                   // words
  std::vector<uint32_t> output = {0};           // by node: its own; 0: none
  std::vector<std::vector<uint32_t>> literals;  // by output, from 1
};

void LiteralAutomaton::build() {
  static_assert(std::endian::native == std::endian::little);
  index_ = {};
  // Frequent letters first: they share the first cache lines of all rows.
  std::vector<std::pair<uint32_t, uint8_t>> counts(256);
  for (uint32_t c = 0; c < 256; ++c) counts[c].second = static_cast<uint8_t>(c);
  for (const Literal& literal : literals_)
    for (char c : literal.text) ++counts[fold(static_cast<uint8_t>(c))].first;
  std::ranges::stable_sort(counts, std::ranges::greater{}, [](const auto& c) { return c.first; });
  for (const auto& [count, c] : counts)
    if (count > 0) class_of_[c] = static_cast<uint8_t>(classes_++);
  for (uint32_t c = 'A'; c <= 'Z'; ++c) class_of_[c] = class_of_[c | 0x20];

  Trie trie{classes_ + 1, {0}, {{}}};
  next_.assign(trie.row, kNone);
  // Level by level, so that nodes near the root, where most bytes of a text lead, lie together.
  std::vector<uint32_t> at(literals_.size(), 0);
  for (const Literal& literal : literals_) longest_ = std::max(longest_, literal.text.size());
  for (size_t depth = 0; depth < longest_; ++depth) {
    for (uint32_t i = 0; i < literals_.size(); ++i) {
      if (literals_[i].text.size() <= depth) continue;
      const size_t edge = at[i] + class_of_[static_cast<uint8_t>(literals_[i].text[depth])];
      if (next_[edge] == kNone) {
        next_[edge] = static_cast<uint32_t>(next_.size());
        next_.resize(next_.size() + trie.row, kNone);
        trie.output.push_back(0);
      }
      at[i] = next_[edge];
    }
  }
  for (uint32_t i = 0; i < literals_.size(); ++i) {
    uint32_t& output = trie.output[at[i] / trie.row];
    if (output == 0) {
      output = static_cast<uint32_t>(trie.literals.size());
      trie.literals.emplace_back();
    }
    trie.literals[output].push_back(i);
    const size_t length = literals_[i].text.size();
    if (literals_[i].place == Place::kStart) longest_start_ = std::max(longest_start_, length);
    if (literals_[i].place == Place::kEnd) longest_end_ = std::max(longest_end_, length);
    anywhere_ = anywhere_ || literals_[i].place == Place::kAnywhere;
  }
  for (const std::vector<uint32_t>& literals : trie.literals) {
    Output& output = outputs_.emplace_back();
    for (size_t place = 0; place < 3; ++place) {
      output.first[place] = static_cast<uint32_t>(ends_.size());
      for (uint32_t i : literals)
        if (static_cast<size_t>(literals_[i].place) == place) ends_.push_back(ending_of(i));
    }
    output.first[3] = static_cast<uint32_t>(ends_.size());
  }
  if (longest_start_ > 0) {
    start_next_ = next_;
    for (size_t node = 0; node < trie.output.size(); ++node)
      start_next_[node * trie.row + classes_] = trie.output[node];
  }
  complete(trie);
}

// Ways of failure, breadth first: when a node is reached its own way is complete.
void LiteralAutomaton::complete(Trie& trie) {
  std::vector<uint32_t> failure(trie.output.size(), 0), queue;
  // By output: whether it, or one further on its way, is of a literal that may be anywhere. Only there a scan stops.
  std::vector<uint8_t> stops(outputs_.size(), 0);
  next_[classes_] = 0;
  for (uint32_t c = 0; c < classes_; ++c) {
    if (next_[c] == kNone)
      next_[c] = 0;
    else
      queue.push_back(next_[c]);
  }
  for (size_t head = 0; head < queue.size(); ++head) {
    const uint32_t node = queue[head], fail = failure[node / trie.row];
    const uint32_t own = trie.output[node / trie.row], inherited = next_[fail + classes_];
    if (own != 0) {
      outputs_[own].next = inherited;
      const uint32_t* const first = outputs_[own].first + static_cast<size_t>(Place::kAnywhere);
      stops[own] = first[0] != first[1] || stops[inherited] != 0 ? 1 : 0;
    }
    next_[node + classes_] = own != 0 ? own : inherited;
    for (uint32_t c = 0; c < classes_; ++c) {
      uint32_t& to = next_[node + c];
      if (to == kNone) {
        to = next_[fail + c];
        continue;
      }
      failure[to / trie.row] = next_[fail + c];
      queue.push_back(to);
    }
  }
  for (size_t node = 0; node < next_.size(); node += trie.row)
    for (uint32_t c = 0; c < classes_; ++c)
      if (stops[next_[next_[node + c] + classes_]] != 0) next_[node + c] |= kHasOutput;
}

LiteralAutomaton::Scratch LiteralAutomaton::make_scratch() const {
  Scratch scratch;
  scratch.seen.assign(outputs_.size(), 0);
  scratch.found.assign(literals_.size(), 0);
  scratch.hits.resize(literals_.size());
  return scratch;
}

LiteralAutomaton::Ending LiteralAutomaton::ending_of(uint32_t literal) const {
  const std::string& text = literals_[literal].text;
  const size_t n = std::min(text.size(), sizeof(uint64_t));
  Ending ending{literal, literals_[literal].fold, text.size() <= sizeof(uint64_t), 0, 0};
  std::memcpy(reinterpret_cast<char*>(&ending.tail) + sizeof(uint64_t) - n, text.data() + text.size() - n, n);
  ending.mask = ~uint64_t{0} << (8 * (sizeof(uint64_t) - n));
  return ending;
}

bool LiteralAutomaton::same_case(const Ending& ending, std::string_view text, size_t end) const {
  if (end >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, text.data() + end - sizeof word, sizeof word);
    if ((word & ending.mask) != ending.tail) return false;
    if (ending.is_short) return true;
  }
  const std::string& literal = literals_[ending.literal].text;
  return std::memcmp(text.data() + end - literal.size(), literal.data(), literal.size()) == 0;
}

// At the start or the end of the text.
void LiteralAutomaton::report(uint32_t output, Place place, std::string_view text, size_t end, Scratch& scratch) const {
  const uint32_t* first = outputs_[output].first + static_cast<size_t>(place);
  for (const Ending* e = ends_.data() + first[0]; e != ends_.data() + first[1]; ++e) {
    if (!e->fold && !same_case(*e, text, end)) continue;
    scratch.found[e->literal] = scratch.stamp;
    scratch.hits[scratch.hit_count++] = e->literal;
  }
}

// Anywhere. Outputs that have nothing new to report, nor any further on their way of failure, are not looked at again,
// so that a text cannot make the same long way be walked at each of its bytes.
void LiteralAutomaton::report_stops(const Stop* stops, size_t count, std::string_view text, size_t begin,
                                    Scratch& scratch) const {
  const uint32_t* const next = next_.data();
  const Output* const outputs = outputs_.data();
  const Ending* const ends = ends_.data();
  uint64_t* const seen = scratch.seen.data();
  uint64_t* const found = scratch.found.data();
  uint32_t* hit = scratch.hits.data() + scratch.hit_count;
  const uint64_t stamp = scratch.stamp;
  for (const Stop* stop = stops; stop != stops + count; ++stop) {
    const uint32_t output = next[stop->node + classes_];
    bool all = true;
    for (uint32_t at = output; at != 0 && seen[at] != stamp; at = outputs[at].next) {
      for (const Ending* e = ends + outputs[at].first[0]; e != ends + outputs[at].first[1]; ++e) {
        if (found[e->literal] == stamp) continue;
        if (!e->fold && !same_case(*e, text, begin + stop->end)) {
          all = false;
          continue;
        }
        found[e->literal] = stamp;
        *hit++ = e->literal;
      }
    }
    if (all) seen[output] = stamp;
  }
  scratch.hit_count = static_cast<size_t>(hit - scratch.hits.data());
}

// From the node before `begin` to the one at `end`. A byte's node depends on the one before, and waiting for that is
// most of the time: so two halves are read side by side, the second from far enough back to be in step at its
// beginning.
uint32_t LiteralAutomaton::scan_chunk(std::string_view text, size_t begin, size_t end, uint32_t node,
                                      Scratch& scratch) const {
  // Whether a byte ends something is hard to predict: where it does is written down, and looked at afterwards.
  Stop first[kChunk + 1], second[kChunk + 1];
  size_t first_count = 0, second_count = 0;
  const uint32_t* next = next_.data();
  const auto step = [&](uint32_t& at, size_t i, Stop* stops, size_t& count) {
    const uint32_t to = next[at + class_of_[static_cast<uint8_t>(text[i])]];
    at = to & ~kHasOutput;
    stops[count] = {at, static_cast<uint32_t>(i + 1 - begin)};
    count += to >> 31;
  };
  size_t i = begin;
  if (end - begin >= 4 * longest_) {
    const size_t middle = begin + (end - begin) / 2 + longest_ / 2;
    uint32_t ahead = 0;
    for (size_t j = middle - longest_; j < end; ++i, ++j) {
      step(node, i, first, first_count);
      step(ahead, j, second, second_count);
    }
    for (; i < middle; ++i) step(node, i, first, first_count);
    node = ahead;
  } else {
    for (; i < end; ++i) step(node, i, first, first_count);
  }
  if (!anywhere_) return node;
  report_stops(first, first_count, text, begin, scratch);
  report_stops(second, second_count, text, begin, scratch);
  return node;
}

void LiteralAutomaton::scan(std::string_view text, Scratch& scratch) const {
  ++scratch.stamp;
  scratch.hit_count = 0;
  if (longest_start_ > 0) {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size() && i < longest_start_; ++i) {
      node = start_next_[node + class_of_[static_cast<uint8_t>(text[i])]];
      if (node == kNone) break;
      if (const uint32_t output = start_next_[node + classes_]) report(output, Place::kStart, text, i + 1, scratch);
    }
  }
  if (!anywhere_ && longest_end_ == 0) return;
  const size_t from = anywhere_ || text.size() < longest_end_ ? 0 : text.size() - longest_end_;
  uint32_t node = 0;
  for (size_t begin = from; begin < text.size(); begin += kChunk)
    node = scan_chunk(text, begin, std::min(text.size(), begin + kChunk), node, scratch);
  if (longest_end_ == 0) return;
  for (uint32_t at = next_[node + classes_]; at != 0; at = outputs_[at].next)
    report(at, Place::kEnd, text, text.size(), scratch);
}

size_t LiteralAutomaton::bytes() const {
  return (next_.capacity() + start_next_.capacity()) * sizeof(uint32_t) + ends_.capacity() * sizeof(Ending) +
         outputs_.capacity() * sizeof(Output);
}

}  // namespace weir::index
