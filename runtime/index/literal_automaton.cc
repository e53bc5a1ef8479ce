#include "runtime/index/literal_automaton.h"

#include <algorithm>

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
  index_ = {};
  for (const Literal& literal : literals_) {
    for (char c : literal.text) {
      uint8_t& number = class_of_[fold(static_cast<uint8_t>(c))];
      if (number == 0) number = static_cast<uint8_t>(classes_++);
    }
  }
  for (uint32_t c = 'A'; c <= 'Z'; ++c) class_of_[c] = class_of_[c | 0x20];

  Trie trie{classes_ + 1, {0}, {{}}};
  next_.assign(trie.row, kNone);
  for (uint32_t i = 0; i < literals_.size(); ++i) {
    uint32_t node = 0;
    for (char c : literals_[i].text) {
      size_t at = node + class_of_[static_cast<uint8_t>(c)];
      if (next_[at] == kNone) {
        next_[at] = static_cast<uint32_t>(next_.size());
        next_.resize(next_.size() + trie.row, kNone);
        trie.output.push_back(0);
      }
      node = next_[at];
    }
    uint32_t& output = trie.output[node / trie.row];
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
        if (static_cast<size_t>(literals_[i].place) == place) ends_.push_back(i);
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
    if (own != 0) outputs_[own].next = inherited;
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
      if (next_[next_[node + c] + classes_] != 0) next_[node + c] |= kHasOutput;
}

LiteralAutomaton::Scratch LiteralAutomaton::make_scratch() const {
  Scratch scratch;
  scratch.seen.assign(outputs_.size(), 0);
  scratch.found.assign(literals_.size(), 0);
  scratch.hits.reserve(literals_.size());
  return scratch;
}

// False if a literal was not found for the case of its letters.
bool LiteralAutomaton::report(const Output& output, Place place, std::string_view text, size_t end,
                              Scratch& scratch) const {
  bool all = true;
  for (uint32_t e = output.first[static_cast<size_t>(place)]; e < output.first[static_cast<size_t>(place) + 1]; ++e) {
    const uint32_t i = ends_[e];
    if (scratch.found[i] == scratch.stamp) continue;
    const Literal& literal = literals_[i];
    if (!literal.fold && text.substr(end - literal.text.size(), literal.text.size()) != literal.text) {
      all = false;
      continue;
    }
    scratch.found[i] = scratch.stamp;
    scratch.hits.push_back(i);
  }
  return all;
}

// What ends at `end`. Outputs that have nothing new to report, nor any further on their way of failure, are not looked
// at again, so that a text cannot make the same long way be walked at each of its bytes.
void LiteralAutomaton::report_anywhere(uint32_t output, std::string_view text, size_t end, Scratch& scratch) const {
  bool all = true;
  for (uint32_t at = output; at != 0 && scratch.seen[at] != scratch.stamp; at = outputs_[at].next)
    all = report(outputs_[at], Place::kAnywhere, text, end, scratch) && all;
  if (all) scratch.seen[output] = scratch.stamp;
}

void LiteralAutomaton::scan(std::string_view text, Scratch& scratch) const {
  ++scratch.stamp;
  scratch.hits.clear();
  if (longest_start_ > 0) {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size() && i < longest_start_; ++i) {
      node = start_next_[node + class_of_[static_cast<uint8_t>(text[i])]];
      if (node == kNone) break;
      if (const uint32_t output = start_next_[node + classes_])
        report(outputs_[output], Place::kStart, text, i + 1, scratch);
    }
  }
  if (!anywhere_ && longest_end_ == 0) return;
  const uint32_t* next = next_.data();
  uint32_t node = 0;
  for (size_t i = anywhere_ || text.size() < longest_end_ ? 0 : text.size() - longest_end_; i < text.size(); ++i) {
    const uint32_t to = next[node + class_of_[static_cast<uint8_t>(text[i])]];
    node = to & ~kHasOutput;
    if (to == node || !anywhere_) continue;
    const uint32_t output = next[node + classes_];
    if (scratch.seen[output] != scratch.stamp) report_anywhere(output, text, i + 1, scratch);
  }
  if (longest_end_ == 0) return;
  for (uint32_t at = next[node + classes_]; at != 0; at = outputs_[at].next)
    report(outputs_[at], Place::kEnd, text, text.size(), scratch);
}

size_t LiteralAutomaton::bytes() const {
  return (next_.capacity() + start_next_.capacity() + ends_.capacity()) * sizeof(uint32_t) +
         outputs_.capacity() * sizeof(Output);
}

}  // namespace weir::index
