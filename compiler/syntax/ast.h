// The abstract syntax tree: expressions (CEL) and statements (Weir).
//
// Nodes live in an AstArena and are plain data. Macros are already expanded by the parser (syntax/macros.h), as in
// every CEL implementation; the call a macro came from is kept for printing. The checker writes its findings beside the
// tree (check/annotations.h), keyed by Expr::id, and never changes it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/source.h"
#include "compiler/types/rule_kinds.h"

namespace weir::syntax {

using types::EffectKind;
using types::Mode;
using types::WindowKind;

enum class ConstKind : uint8_t { kNull, kBool, kInt, kUint, kDouble, kString, kBytes };

struct Constant {
  ConstKind kind = ConstKind::kNull;
  union {  // by kind
    bool b;
    int64_t i = 0;
    uint64_t u;
    double d;
  };
  std::string s;  // string (UTF-8) or bytes
};

enum class ExprKind : uint8_t {
  kError,          // stands where parsing failed; silently ill-typed
  kConst,          // constant
  kIdent,          // name; a leading dot (absolute name) is kept: ".y"
  kSelect,         // operand.name; test_only for has()
  kCall,           // name(args...), operand is the receiver or null; operators use CEL's names ("_&&_", "_[_]", "_?._")
  kList,           // args; optional_at
  kMap,            // args = key, value, key, value...; optional_at per entry
  kStruct,         // name{field: value}: args = values, field_names; no message types exist, so always a check error
  kComprehension,  // fold
};

struct Expr;

struct Comprehension {
  std::string iter_var;
  std::string iter_var2;  // empty for one-variable comprehensions; else iter_var is the index or key
  std::string accu_var;   // "@result" unless cel.bind names it
  Expr* iter_range = nullptr;
  Expr* accu_init = nullptr;
  Expr* loop_condition = nullptr;
  Expr* loop_step = nullptr;
  Expr* result = nullptr;
};

struct Expr {
  ExprKind kind = ExprKind::kError;
  uint32_t id = 0;       // unique in its arena, from 1
  base::Span span;       // the whole expression; of a macro, the whole call
  base::Span name_span;  // the operator, function, field or identifier itself
  Constant constant;
  std::string name;
  Expr* operand = nullptr;
  std::vector<Expr*> args;
  std::vector<uint8_t> optional_at;  // by list element, map entry or field, up to the last `?x`
  std::vector<std::string> field_names;
  bool test_only = false;
  bool parenthesized = false;
  std::unique_ptr<Comprehension> comprehension;  // set exactly for kComprehension
  std::string_view macro;  // "all", "exists", "has", "cel.bind"...: the macro this node came from, else empty

  bool is_optional(size_t i) const { return i < optional_at.size() && optional_at[i] != 0; }
  void mark_optional(size_t i) {
    optional_at.resize(std::max(optional_at.size(), i + 1));
    optional_at[i] = 1;
  }
};

// Owns expression nodes of one compilation (all its files, so that ids are unique over all). In blocks that grow, so
// that those of a large rule set go back to the system when it is compiled.
class AstArena {
 public:
  Expr* make(ExprKind kind, base::Span span) {
    if (free_ == 0) {
      free_ = std::min<size_t>(kLargest, blocks_.empty() ? 16 : 4 * count_);
      next_ = blocks_.emplace_back(new Expr[free_]).get();
    }
    Expr& e = *next_++;
    --free_;
    e.kind = kind;
    e.span = span;
    e.name_span = span;
    e.id = ++count_;
    return &e;
  }
  uint32_t max_id() const { return count_; }

 private:
  static constexpr size_t kLargest = 4096;
  std::vector<std::unique_ptr<Expr[]>> blocks_;
  Expr* next_ = nullptr;
  size_t free_ = 0;  // from next_ on
  uint32_t count_ = 0;
};

// --- statements -----------------------------------------------------------------------------------------------------

struct Name {
  std::string text;
  base::Span span;
};

struct TypeExpr {  // `Account`, `list<string>`, `map<string, int>`
  std::string name;
  std::vector<TypeExpr> args;
  base::Span span;
};

struct DurationLit {  // `10m`, `1h30m`, `7d`
  int64_t nanos = 0;
  base::Span span;
};

struct EntityStmt {
  Name name;
  TypeExpr type;
};
struct FieldDecl {
  Name name;
  TypeExpr type;
  bool optional = false;
};
struct EventStmt {
  Name name;
  std::vector<FieldDecl> fields;
};
// kind: string, int, double, cidr, domain (suffix), regex
struct ListStmt {
  std::vector<Name> names;
  TypeExpr type;
  bool from_file = false;
  std::string path;  // relative to the file that holds the statement
  base::Span path_span;
  Expr* values = nullptr;  // inline: a list literal
};
struct LabelStmt {
  std::vector<Name> names;
  Name entity;
  std::optional<DurationLit> max_age;
};
struct LetStmt {
  Name name;
  Expr* value = nullptr;
};
struct ActionStmt {
  Name name;
  struct Param {
    Name name;
    TypeExpr type;
  };
  std::vector<Param> params;
};  // action freeze(reason: string)

struct WindowClause {
  WindowKind kind = WindowKind::kDuration;
  DurationLit length;               // duration and session
  int64_t count = 0;                // last N
  std::optional<DurationLit> pane;  // `every 1s`
  bool exact = false;
  base::Span span;
};
struct FeatureStmt {
  Name name;
  Name aggregation;         // count, sum, ...
  std::vector<Expr*> args;  // the aggregated expression; parameters (k, q) after it
  Name event;
  Expr* where = nullptr;
  std::optional<Name> each_var;
  Expr* each_list = nullptr;
  std::vector<Expr*> keys;
  WindowClause window;
};

struct EffectAst {
  EffectKind kind = EffectKind::kVerdict;
  Expr* key = nullptr;  // label, unlabel, case
  Name name;            // label, verdict or action name; the case's queue
  std::optional<DurationLit> duration;
  std::vector<Expr*> args;  // action
  base::Span span;
};

// `because "…{expr}…"`: pieces alternate; expr is null for plain text.
struct TemplatePiece {
  std::string text;
  Expr* expr = nullptr;
};

struct RuleStmt {
  Name name;
  Name event;
  std::optional<std::string> id;
  base::Span id_span;
  Expr* when = nullptr;
  Expr* score = nullptr;
  std::vector<EffectAst> effects;
  Expr* once_key = nullptr;
  std::optional<DurationLit> once_every;
  std::optional<int64_t> limit_count;
  std::optional<DurationLit> limit_per;
  std::vector<TemplatePiece> because;
  base::Span because_span;
  std::optional<std::string> owner;
  base::Span owner_span;
  std::optional<Name> severity;  // info low medium high critical
  Mode mode = Mode::kShadow;
  bool mode_given = false;
  std::optional<int64_t> canary_percent;  // with mode canary
  Expr* canary_key = nullptr;
  base::Span canary_span;  // of the number
};

struct DecideStmt {
  Name event;
  struct Arm {
    Name verdict;
    Expr* when = nullptr;
  };
  std::vector<Arm> arms;
};

// Test blocks: a script. The clock starts at 2026-01-01T00:00:00Z; `repeat … every D` advances it after each round,
// `wait D` at once. In `repeat i N`, i is an int from 0 to N-1.
struct TestStep {
  using Kind = types::TestStepKind;
  Kind kind = Kind::kSend;
  base::Span span;
  Name name;                                   // send: event; expect: rule, label or verdict
  std::vector<std::pair<Name, Expr*>> fields;  // send
  Expr* value = nullptr;                       // expect label: the key; expect that: the condition; repeat: the count
  Name var;                                    // repeat
  DurationLit duration;                        // repeat every, wait
  int64_t count = 0;                           // expect fires N
  std::vector<TestStep> body;                  // repeat
};
struct TestStmt {
  std::string title;
  base::Span title_span;
  std::vector<TestStep> steps;
};

enum class StatementKind : uint8_t { kEntity, kEvent, kList, kLabel, kLet, kAction, kFeature, kRule, kDecide, kTest };

struct Statement {
  StatementKind kind;
  base::Span span;
  // exactly one is set, by kind
  std::optional<EntityStmt> entity;
  std::optional<EventStmt> event;
  std::optional<ListStmt> list;
  std::optional<LabelStmt> label;
  std::optional<LetStmt> let;
  std::optional<ActionStmt> action;
  std::optional<FeatureStmt> feature;
  std::optional<RuleStmt> rule;
  std::optional<DecideStmt> decide;
  std::optional<TestStmt> test;
};

struct FileAst {
  base::FileId file = 0;
  Name package;               // "acme.integrity"; empty if not given
  std::vector<Name> imports;  // "std.text"
  std::vector<Statement> statements;
};

}  // namespace weir::syntax
