// A checked and lowered rule set: the graph, and what the runtime does with it. Everything the runtime knows of rules.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compiler/base/source.h"
#include "compiler/ir/identity.h"
#include "compiler/ir/ir.h"
#include "compiler/types/rule_kinds.h"
#include "compiler/types/schema.h"
#include "compiler/types/type.h"

namespace weir::ir {

using types::Aggregation;
using types::aggregation_name;
using types::EffectKind;
using types::ListKind;
using types::Mode;
using types::mode_name;
using types::Verdict;
using types::verdict_name;
using types::WindowKind;

struct Entity {
  std::string name;
  types::Kind base = types::Kind::kString;
};

struct List {
  std::string name;
  ListKind kind = ListKind::kString;
  std::vector<std::string> values;
};

struct Label {
  std::string name;
  uint32_t entity = 0;
  int64_t max_age_nanos = 0;
};  // 0: no limit

struct Action {
  std::string name;
  std::vector<std::string> params;
};

struct Window {
  WindowKind kind = WindowKind::kDuration;
  int64_t nanos = 0;       // duration and session
  int64_t pane_nanos = 0;  // duration, unless exact
  int64_t count = 0;       // last N
  bool exact = false;
};

struct Feature {
  std::string name;
  Identity identity;  // of the checked definition: state follows it over reloads
  Aggregation aggregation = Aggregation::kCount;
  double param = 0;
  types::Kind value_kind = types::Kind::kInt;  // of a read: int, uint, double, string… or list (top)
  uint32_t event = 0;
  NodeId arg = kNoNode;
  NodeId where = kNoNode;
  NodeId each_list = kNoNode;  // for each element: row[each_slot] = element, forget Module::each_memos
  std::vector<NodeId> keys;
  std::vector<int> key_entities;  // of each key: the entity it is of, -1 if none
  Window window;
  base::Span span;
};

struct Effect {
  EffectKind kind = EffectKind::kVerdict;
  NodeId key = kNoNode;
  uint32_t label = 0;
  int64_t duration_nanos = 0;  // 0: the label's max age
  Verdict verdict = Verdict::kAllow;
  uint32_t action = 0;
  std::string queue;
  std::vector<NodeId> args;
};

struct TemplatePiece {
  std::string text;
  NodeId node = kNoNode;
};

struct Rule {
  std::string name, id, owner, severity;  // severity empty if not given
  uint32_t event = 0;
  Mode mode = Mode::kShadow;
  NodeId when = kNoNode;
  std::vector<NodeId> clauses;  // the top-level conjuncts of when, as written
  std::vector<base::Span> clause_spans;
  NodeId score = kNoNode;
  std::vector<Effect> effects;
  NodeId once_key = kNoNode;
  int64_t once_nanos = 0;
  NodeId canary_key = kNoNode;  // mode canary: live for a share of these keys, shadow for the others
  uint32_t canary_percent = 0;
  int64_t limit_count = 0;  // 0: none
  int64_t limit_nanos = 0;
  std::vector<TemplatePiece> because;
  base::Span span;  // of the name
  base::Span when_span;
  std::string source;  // text of `when` as written, for explain and reports
};

struct DecideArm {
  Verdict verdict = Verdict::kAllow;
  NodeId when = kNoNode;
};

struct Event {
  types::EventSchema schema;
  uint32_t score_slot = 0;
  uint32_t each_slot = 0;
  uint32_t slot_count = 0;
  std::vector<uint32_t> features;  // in order of update
  std::vector<uint32_t> rules;     // in order of source
  std::vector<DecideArm> decide;   // the strictest arm that is true wins
  bool has_decide = false;
};

struct TestStep {
  using Kind = types::TestStepKind;
  Kind kind = Kind::kSend;
  base::Span span;
  uint32_t event = 0;                               // send
  std::vector<std::pair<uint32_t, NodeId>> fields;  // send: slot, value; evaluated on the test's row
  uint32_t rule = 0, label = 0;
  Verdict verdict = Verdict::kAllow;
  NodeId value = kNoNode;  // label key; condition; repeat count
  uint32_t slot = 0;       // repeat variable in the test's row
  int64_t nanos = 0;       // repeat every, wait
  int64_t count = 0;       // fires
  std::vector<TestStep> body;
};
struct Test {
  std::string title;
  base::Span span;
  uint32_t slot_count = 0;
  std::vector<TestStep> steps;
};

struct Program {
  Module module;
  std::shared_ptr<types::TypeTable> types;   // owns the types nodes point to
  std::shared_ptr<base::SourceMap> sources;  // for spans; may be null
  std::vector<std::string> packages;
  std::vector<Entity> entities;
  std::vector<Event> events;
  std::vector<List> lists;
  std::vector<Label> labels;
  std::vector<Action> actions;
  std::vector<Feature> features;  // a feature comes after those it reads
  std::vector<Rule> rules;
  std::vector<Test> tests;

  int find_event(std::string_view name) const;  // -1 if there is none
  int find_rule(std::string_view name_or_id) const;
  int find_label(std::string_view name) const;
  int find_entity(std::string_view name) const;
  // Every node that evaluation of events starts from. Clauses and the nodes of tests are left to the interpreter.
  std::vector<NodeId> roots() const;
};

std::string print(const Program& program);
absl::Status verify(const Program& program);

}  // namespace weir::ir
