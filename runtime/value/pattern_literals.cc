#include "runtime/value/pattern_literals.h"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "runtime/value/regex.h"

namespace weir::value {
namespace {

// The prefilter of one pattern: a monotone function of which of its atoms a text contains.
class Prefilter {
 public:
  explicit Prefilter(const std::string& pattern) : filter_(kMinLength) {
    int id = 0;
    if (filter_.Add(pattern, regex_options(), &id) != RE2::NoError) return;
    std::vector<std::string> atoms;
    filter_.Compile(&atoms);
    for (size_t i = 0; i < atoms.size(); ++i) {
      const bool ascii = std::ranges::all_of(atoms[i], [](char c) { return static_cast<uint8_t>(c) < 0x80; });
      (ascii ? known_ : always_).push_back(static_cast<int>(i));
    }
    atoms_ = std::move(atoms);
  }

  size_t size() const { return known_.size(); }
  const std::string& atom(size_t i) const { return atoms_[static_cast<size_t>(known_[i])]; }

  // Whether a text that contains these of the known atoms may match. Those that are not ASCII are taken to be there.
  bool passes(const std::vector<size_t>& present) const {
    std::vector<int> atoms = always_, potentials;
    for (size_t i : present) atoms.push_back(known_[i]);
    std::ranges::sort(atoms);
    filter_.AllPotentials(atoms, &potentials);
    return !potentials.empty();
  }

 private:
  static constexpr int kMinLength = 1;
  re2::FilteredRE2 filter_;
  std::vector<std::string> atoms_;
  std::vector<int> known_, always_;
};

std::vector<size_t> members(const std::vector<size_t>& all, uint32_t mask) {
  std::vector<size_t> out;
  for (size_t i = 0; i < all.size(); ++i)
    if (mask >> i & 1) out.push_back(all[i]);
  return out;
}

// The minimal sets of atoms that pass, from those given; of many atoms, sets that are not quite minimal.
void minimal_sets(const Prefilter& filter, const std::vector<size_t>& atoms, std::vector<std::vector<size_t>>* out) {
  constexpr size_t kMaxAtoms = 8;
  if (atoms.empty() || !filter.passes(atoms)) return;
  if (atoms.size() > kMaxAtoms) {
    // Those that all matches need.
    std::vector<size_t> needed;
    for (size_t atom : atoms) {
      std::vector<size_t> others = atoms;
      std::erase(others, atom);
      if (!filter.passes(others)) needed.push_back(atom);
    }
    if (!needed.empty()) {
      out->push_back(std::move(needed));
      return;
    }
    // Else one of a smallest set of which each match needs one, kept as telling as it can be.
    std::vector<size_t> cut = atoms;
    std::ranges::stable_sort(cut, {}, [&](size_t atom) { return filter.atom(atom).size(); });
    for (size_t i = 0; i < cut.size();) {
      std::vector<size_t> rest = cut, present;
      rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
      for (size_t atom : atoms)
        if (std::ranges::find(rest, atom) == rest.end()) present.push_back(atom);
      if (filter.passes(present)) {
        ++i;
      } else {
        cut = std::move(rest);
      }
    }
    for (size_t atom : cut) out->push_back({atom});
    return;
  }
  std::vector<uint32_t> found, order(size_t{1} << atoms.size());
  for (uint32_t mask = 0; mask < order.size(); ++mask) order[mask] = mask;
  std::ranges::stable_sort(order, {}, [](uint32_t mask) { return std::popcount(mask); });
  for (uint32_t mask : order) {
    if (std::ranges::any_of(found, [mask](uint32_t smaller) { return (mask & smaller) == smaller; })) continue;
    if (!filter.passes(members(atoms, mask))) continue;
    found.push_back(mask);
    out->push_back(members(atoms, mask));
  }
}

}  // namespace

std::vector<std::vector<std::string>> required_literals(const std::string& pattern, size_t max_sets) {
  const Prefilter filter(pattern);
  if (filter.size() == 0 || filter.passes({})) return {};
  std::vector<std::vector<size_t>> sets;
  std::vector<size_t> others;
  for (size_t i = 0; i < filter.size(); ++i) {
    if (filter.passes({i}))
      sets.push_back({i});
    else
      others.push_back(i);
  }
  if (sets.size() > max_sets) return {};
  minimal_sets(filter, others, &sets);
  if (sets.size() > max_sets) return {};
  std::vector<std::vector<std::string>> out;
  for (const std::vector<size_t>& set : sets) {
    auto& literals = out.emplace_back();
    for (size_t i : set) literals.push_back(filter.atom(i));
    // Long ones say most; a space says least.
    std::ranges::stable_sort(literals, std::ranges::greater{},
                             [](const std::string& atom) { return atom == " " ? 0 : atom.size(); });
  }
  return out;
}

Coverage coverage(std::string_view pattern) {
  Coverage covered = Coverage::kAll;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (static_cast<uint8_t>(pattern[i]) >= 0x80) return Coverage::kAscii;
    std::string_view rest = pattern.substr(i);
    if (rest.starts_with("(?") && !rest.starts_with("(?:")) covered = Coverage::kNoOddLetters;
    if (pattern[i] != '\\' || i + 1 == pattern.size()) continue;
    ++i;
    if (std::string_view("xpPQ01234567").find(pattern[i]) != std::string_view::npos) return Coverage::kAscii;
  }
  return covered;
}

bool has_odd_letters(std::string_view text) {
  return text.find("\xe2\x84\xaa") != std::string_view::npos || text.find("\xc5\xbf") != std::string_view::npos;
}

}  // namespace weir::value
