// What a rule needs to be true, as far as an index can see it: its condition as a disjunction of terms, each a
// conjunction of clauses, each a disjunction of tests of one operand.
//
// A rule all of whose terms have a clause that is false is false, whatever the rest is: `&&` and `||` absorb errors and
// missing values. So an index may leave out what it cannot test (the term is then not `exact`), and an operand that is
// missing, an error, or of an unexpected kind makes no clause false.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/ir/ir.h"

namespace weir::index {

enum class Domain : uint8_t {
  kBool,
  kInt,
  kUint,
  kDouble,
  kText,    // equality and `in` of strings
  kSearch,  // contains, startsWith, endsWith, matches
  kMember,  // whether a list of strings holds a constant
};

// What is tested: a slot of the row, or a node that is computed once an event because many rules test it.
struct Operand {
  Domain domain = Domain::kBool;
  ir::NodeId node = ir::kNoNode;
  bool computed = false;
};

enum class Relation : uint8_t {
  kTrue,
  kLess,
  kLessEquals,
  kGreater,
  kGreaterEquals,
  kEquals,
  kIn,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
};

struct Test {
  uint32_t operand = 0;
  Relation relation = Relation::kTrue;
  uint32_t constant = 0;  // of the module: the other side, unless the relation is kTrue
  bool negated = false;   // never of searches and members
  friend auto operator<=>(const Test&, const Test&) = default;
};

struct Clause {
  uint32_t operand = 0;
  std::vector<uint32_t> any;  // tests of that operand
  friend auto operator<=>(const Clause&, const Clause&) = default;
};

struct Term {
  std::vector<Clause> all;
  bool exact = true;  // the clauses are all there is
  friend auto operator<=>(const Term&, const Term&) = default;
};

// None: the rule is never true, never an error and never missing. A term without clauses: it must always be evaluated.
using Guard = std::vector<Term>;

struct Guards {
  std::vector<Operand> operands;
  std::vector<Test> tests;
  std::vector<Guard> rules;  // parallel to the nodes asked for
};

// Bounds the work and memory a rule may ask for; what exceeds them is left out.
inline constexpr size_t kMaxTerms = 16;          // of a rule
inline constexpr size_t kMaxListItems = 4096;    // of a constant list
inline constexpr uint32_t kMinComputedUses = 8;  // clauses that make a computed operand worth its evaluation

Guards find_guards(const ir::Module& module, std::span<const ir::NodeId> rules);

}  // namespace weir::index
