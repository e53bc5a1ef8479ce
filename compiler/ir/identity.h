// What state belongs to over reloads and restarts: 128 bits of hash of a checked definition.
//
// A definition is written as canonical text over the IR and hashed with XXH3, seeded by nothing: the same on every
// machine and in every run. It names fields, lists and labels and never slots, nodes or other numbers, so neither the
// order of rules nor an edit elsewhere changes it; lets are expanded and constants folded before it is taken. What is
// part of it:
//   feature  aggregation, its parameter and value kind; event type; argument, where, each and keys; window and pane.
//            Not its name. A feature that reads another one contains that one's identity.
//   list     in an expression: name and kind. Its entries are data that changes while serving: state lives on.
//   label    name, entity, the entity's base type. Not its greatest age, which holds for labels set from then on; nor
//            the rules that set it.
//   once     rule id, key, length.
//   limit    rule id, count, length.
// Entities count as their base type, and a field's `?` is left out: both say nothing about the values stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::ir {

struct Program;
struct Feature;

struct Identity {
  uint64_t lo = 0;
  uint64_t hi = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
  friend auto operator<=>(const Identity&, const Identity&) = default;
};
std::string to_string(const Identity& identity);  // 32 hexadecimal digits
Identity identity_of(std::string_view text);      // its hash

// The features that it reads must have their identities.
Identity feature_identity(const Program& program, const Feature& feature);
Identity label_identity(const Program& program, uint32_t label);
// Of a rule that has the clause.
Identity once_identity(const Program& program, uint32_t rule);
Identity limit_identity(const Program& program, uint32_t rule);

// Of what a rule does: condition, score, effects, once, limit and message, with the features it reads. Neither its
// name, owner and severity nor its mode, which says who gets to see it.
Identity rule_version(const Program& program, uint32_t rule);

}  // namespace weir::ir
