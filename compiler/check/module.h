// A checked rule set: every statement resolved and typed. Input of lowering.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/annotations.h"
#include "compiler/syntax/ast.h"
#include "compiler/types/builtins.h"
#include "compiler/types/rule_kinds.h"
#include "compiler/types/schema.h"
#include "compiler/types/type.h"

namespace weir::check {

using types::Aggregation;
using types::EffectKind;
using types::ListKind;
using types::Verdict;

struct Entity {
  std::string name;
  const types::Type* type = nullptr;
  base::Span span;
};

// Row layout of event e: its fields, then kScoreSlot for `decide`, then the `each` variable of features on it.
struct Event {
  types::EventSchema schema;
  int score_slot() const { return static_cast<int>(schema.fields.size()); }
  int each_slot() const { return score_slot() + 1; }
  int slot_count() const { return each_slot() + 1; }
  base::Span span;
};

struct List {
  std::string name;
  ListKind kind = ListKind::kString;
  const types::Type* element = nullptr;  // what may stand left of `in`
  std::vector<std::string> values;       // as text, from the statement or its file
  std::string path;                      // empty if inline
  base::Span span;
};

struct Label {
  std::string name;
  int entity = -1;
  int64_t max_age_nanos = 0;  // 0: no limit
  base::Span span;
};
struct Let {
  std::string name;
  const syntax::Expr* value = nullptr;
  const types::Type* type = nullptr;
  int event = -1;  // -1: any
  base::Span span;
};
struct Action {
  std::string name;
  std::vector<std::pair<std::string, const types::Type*>> params;
  base::Span span;
};

struct Feature {
  std::string name;
  Aggregation aggregation = Aggregation::kCount;
  const types::Type* type = nullptr;  // of a read
  int event = -1;
  const syntax::Expr* arg = nullptr;  // null for count
  double param = 0;                   // k of top, q of quantile
  const syntax::Expr* where = nullptr;
  const syntax::Expr* each_list = nullptr;  // the variable is in the event's each_slot
  std::vector<const syntax::Expr*> keys;
  std::vector<const types::Type*> key_types;
  syntax::WindowClause window;  // pane filled in: length / 60 unless given, at least 1 ms
  base::Span span;
  const syntax::FeatureStmt* ast = nullptr;
};

struct Effect {
  EffectKind kind;
  const syntax::Expr* key = nullptr;
  int label = -1;
  int64_t duration_nanos = 0;  // 0: for ever, but never beyond the label's max
  Verdict verdict = Verdict::kAllow;
  int action = -1;
  std::string queue;
  std::vector<const syntax::Expr*> args;
  base::Span span;
};

struct Rule {
  std::string name;
  std::string id;  // the name if none is given (a lint)
  int event = -1;
  const syntax::RuleStmt* ast = nullptr;  // when, score, once, limit, because, owner, severity, mode
  std::vector<Effect> effects;
  base::Span span;
};

struct Decide {
  int event = -1;
  std::vector<std::pair<Verdict, const syntax::Expr*>> arms;  // as written
  base::Span span;
};

struct Module {
  std::vector<syntax::FileAst> files;       // keeps statements alive
  std::shared_ptr<syntax::AstArena> arena;  // keeps expressions alive
  std::shared_ptr<types::TypeTable> types;
  std::shared_ptr<types::OverloadTable> overloads;
  Annotations annotations;
  std::vector<Entity> entities;
  std::vector<Event> events;
  std::vector<List> lists;
  std::vector<Label> labels;
  std::vector<Let> lets;
  std::vector<Action> actions;
  std::vector<Feature> features;  // ordered: a feature comes after those it reads
  std::vector<Rule> rules;        // in order of files and statements
  std::vector<Decide> decides;
  std::vector<const syntax::TestStmt*> tests;  // expressions of sends and expects are checked and annotated:
                                               // `repeat` variables are slots of the test row, outermost 0
};

// Reads a list file: one value a line, `#` comments, or CSV with a header holding the list's name.
// `read` maps a path as written to its text or nothing; the driver supplies it, so that checking touches no disk.
using FileReader = std::function<std::optional<std::string>(base::FileId from, const std::string& path)>;

struct CheckOptions {
  FileReader read_file;
  bool lint = true;
};

// Always returns a module; it may be lowered only if the sink has no errors.
std::unique_ptr<Module> check_module(std::vector<syntax::FileAst> files, std::shared_ptr<syntax::AstArena> arena,
                                     const base::SourceMap& sources, const CheckOptions& options,
                                     base::DiagnosticSink& sink);

// `post.text` over an event of a checked module: --where, explain of an ad-hoc expression. Row layout is the event's.
const types::Type* check_on_event(const syntax::Expr& expr, const Module& module, int event, Annotations& annotations,
                                  base::DiagnosticSink& sink);

}  // namespace weir::check
