#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "runtime/index/literal_automaton.h"

namespace weir::index {
namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}

struct Literal {
  std::string text;
  Place place;
  bool fold;
};

bool occurs(const Literal& literal, const std::string& text) {
  const std::string in = literal.fold ? lower(text) : text;
  switch (literal.place) {
    case Place::kAnywhere:
      return in.find(literal.text) != std::string::npos;
    case Place::kStart:
      return in.starts_with(literal.text);
    case Place::kEnd:
      return in.ends_with(literal.text);
  }
  return false;
}

TEST(LiteralAutomaton, FindsWhatASearchByHandFinds) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    auto word = [&](size_t most) {
      std::string out;
      for (size_t n = random() % most + 1; n > 0; --n) out += "abAB\xc3"[random() % 5];
      return out;
    };
    LiteralAutomaton automaton;
    std::vector<Literal> literals;
    const size_t places = seed % 3 + 1;
    for (int i = 0; i < 30; ++i) {
      const bool fold = random() % 2 == 0;
      Literal literal{word(6), static_cast<Place>(random() % places), fold};
      if (fold) literal.text = lower(literal.text);
      if (automaton.add(literal.text, literal.place, fold) == literals.size()) literals.push_back(literal);
    }
    automaton.build();
    auto scratch = automaton.make_scratch();
    for (int t = 0; t < 50; ++t) {
      const std::string text = t == 0 ? "" : word(20);
      automaton.scan(text, scratch);
      std::vector<uint32_t> expected,
          found(scratch.hits.begin(), scratch.hits.begin() + static_cast<ptrdiff_t>(scratch.hit_count));
      for (uint32_t i = 0; i < literals.size(); ++i)
        if (occurs(literals[i], text)) expected.push_back(i);
      std::ranges::sort(found);
      EXPECT_EQ(found, expected) << "seed " << seed << ", text " << text;
    }
  }
}

}  // namespace
}  // namespace weir::index
