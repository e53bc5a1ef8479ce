#include "compiler/driver/recompile.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "compiler/check/lint.h"
#include "compiler/driver/constant_folding.h"
#include "compiler/driver/stages.h"
#include "compiler/lower/module.h"
#include "compiler/syntax/parse.h"

namespace weir::driver {
namespace {

using base::DiagKind;
using base::Diagnostic;
using base::Edit;

// What edits leave behind, unused nodes and trees, is thrown away after so many.
constexpr size_t kMaxEdits = 500;

constexpr std::string_view kKeyword = "rule";

struct StatementPlace {
  base::Span span;
  int rule = -1;  // its number; -1: another statement
};

struct ListFile {
  base::FileId from;
  std::string path;
  std::optional<std::string> text;
};

// Said of the whole rule set, and so asked again.
bool is_of_usage(DiagKind kind) {
  return kind == DiagKind::kUnusedLet || kind == DiagKind::kUnusedFeature || kind == DiagKind::kUnusedList ||
         kind == DiagKind::kUnusedLabel;
}

// The bytes in which two texts differ.
Edit difference(base::FileId file, std::string_view before, std::string_view after) {
  const size_t shorter = std::min(before.size(), after.size());
  const auto begin = static_cast<size_t>(
      std::mismatch(before.begin(), before.begin() + static_cast<ptrdiff_t>(shorter), after.begin()).first -
      before.begin());
  size_t same_end = 0;
  while (same_end < shorter - begin && before[before.size() - 1 - same_end] == after[after.size() - 1 - same_end])
    ++same_end;
  return {file, static_cast<uint32_t>(begin), static_cast<uint32_t>(before.size() - same_end),
          static_cast<int64_t>(after.size()) - static_cast<int64_t>(before.size())};
}

void move_steps(std::vector<ir::TestStep>& steps, const Edit& edit) {
  for (ir::TestStep& step : steps) {
    edit.move(step.span);
    move_steps(step.body, edit);
  }
}

void move_spans(ir::Program& program, const Edit& edit) {
  program.module.edit_spans(edit);
  for (ir::Event& event : program.events)
    for (types::Field& field : event.schema.fields) edit.move(field.span);
  for (ir::Feature& feature : program.features) edit.move(feature.span);
  for (ir::Rule& rule : program.rules) {
    edit.move(rule.span);
    edit.move(rule.when_span);
    for (base::Span& span : rule.clause_spans) edit.move(span);
  }
  for (ir::Test& test : program.tests) {
    edit.move(test.span);
    move_steps(test.steps, edit);
  }
}

// What warnings and the lowering of a rule look at: declarations, and the trees of lets.
void move_spans(check::Module& module, const Edit& edit) {
  const auto move_all = [&](auto& items) {
    for (auto& item : items) edit.move(item.span);
  };
  move_all(module.entities);
  move_all(module.events);
  move_all(module.lists);
  move_all(module.labels);
  move_all(module.lets);
  move_all(module.actions);
  move_all(module.features);
  move_all(module.rules);
  move_all(module.decides);
  for (check::Event& event : module.events) move_all(event.schema.fields);
  std::unordered_set<const syntax::Expr*> moved;  // macros share parts
  for (const check::Let& let : module.lets) {
    if (let.value == nullptr) continue;
    check::for_each_node(*let.value, [&](const syntax::Expr& e) {
      if (moved.insert(&e).second) edit.move(const_cast<syntax::Expr&>(e).span);
    });
  }
}

}  // namespace

class Recompiler::Kept {
 public:
  // Compiles everything. Null if there is an error: then there is nothing to go on from.
  static std::unique_ptr<Kept> compile(std::vector<SourceText> sources, const CompileOptions& options,
                                       Compilation* out);
  // False if the sources are no edit of one rule; then this is of no further use.
  bool edit(std::vector<SourceText>& sources, const CompileOptions& options, Compilation* out);

 private:
  check::FileReader recording(const CompileOptions& options) {
    return [this, read = options.read_file](base::FileId from, const std::string& path) {
      lists_.push_back({from, path, read ? read(from, path) : std::nullopt});
      return lists_.back().text;
    };
  }
  void finish(Compilation* out);
  void note_statements();
  bool same_surroundings(const std::vector<SourceText>& sources, const CompileOptions& options) const;
  // The statement that the sources differ in; null if there is none, or several, or another file is another.
  StatementPlace* find_edit(const std::vector<SourceText>& sources, Edit* edit);
  bool replace_condition(size_t rule);

  CompileOptions options_;  // without its reader
  std::vector<ListFile> lists_;
  std::shared_ptr<base::SourceMap> sources_;
  std::shared_ptr<syntax::AstArena> arena_ = std::make_shared<syntax::AstArena>();
  base::DiagnosticSink sink_;
  std::unique_ptr<check::ModuleChecker> checker_;
  std::unique_ptr<check::Module> module_;
  ir::Program program_;  // memos not planned
  std::vector<Diagnostic> diagnostics_;
  std::vector<std::vector<StatementPlace>> statements_;  // by file, in order
  std::unordered_map<std::string, size_t> conditions_;   // rules by condition_of
  std::vector<std::string> condition_of_;                // by rule
  std::deque<syntax::FileAst> edited_;                   // keeps statements alive
};

void Recompiler::Kept::finish(Compilation* out) {
  diagnostics_ = sink_.sorted();
  sink_.roll_back({0, 0});
  out->sources = sources_;
  out->diagnostics = diagnostics_;
  auto program = std::make_shared<ir::Program>(program_);
  program->module.plan_memos(program->roots());
  out->program = std::move(program);
}

std::unique_ptr<Recompiler::Kept> Recompiler::Kept::compile(std::vector<SourceText> sources,
                                                            const CompileOptions& options, Compilation* out) {
  auto kept = std::make_unique<Kept>();
  kept->options_ = options;
  kept->options_.read_file = nullptr;
  kept->sources_ = std::make_shared<base::SourceMap>();
  kept->checker_ = parse_and_check(std::move(sources), *kept->sources_, kept->arena_,
                                   {kept->recording(options), options.lint}, kept->sink_, &kept->module_);
  check_permitted(*kept->module_, options, kept->sink_);
  if (!kept->sink_.has_errors())
    kept->program_ = lower::lower_module(*kept->module_, kept->sources_, fold_constant, kept->sink_);
  if (kept->sink_.has_errors()) {
    out->sources = kept->sources_;
    out->diagnostics = kept->sink_.sorted();
    return nullptr;
  }
  kept->finish(out);
  kept->note_statements();
  if (options.lint) {
    for (size_t i = 0; i < kept->module_->rules.size(); ++i) {
      kept->condition_of_.push_back(check::condition_of(kept->module_->rules[i]));
      kept->conditions_.emplace(kept->condition_of_.back(), i);
    }
  }
  return kept;
}

void Recompiler::Kept::note_statements() {
  int rule = 0;
  for (const syntax::FileAst& file : module_->files) {
    auto& places = statements_.emplace_back();
    for (const syntax::Statement& s : file.statements)
      places.push_back({s.span, s.kind == syntax::StatementKind::kRule ? rule++ : -1});
  }
}

bool Recompiler::Kept::same_surroundings(const std::vector<SourceText>& sources, const CompileOptions& options) const {
  if (edited_.size() >= kMaxEdits || sources.size() != sources_->size() || options.lint != options_.lint ||
      options.max_rules != options_.max_rules || !(options.limits == options_.limits))
    return false;
  for (base::FileId f = 0; f < sources.size(); ++f)
    if (sources[f].name != sources_->file(f).name()) return false;
  return std::ranges::all_of(lists_, [&](const ListFile& list) {
    return (options.read_file ? options.read_file(list.from, list.path) : std::nullopt) == list.text;
  });
}

StatementPlace* Recompiler::Kept::find_edit(const std::vector<SourceText>& sources, Edit* edit) {
  StatementPlace* found = nullptr;
  for (base::FileId f = 0; f < sources.size(); ++f) {
    const std::string_view before = sources_->file(f).text();
    if (sources[f].text == before) continue;
    if (found != nullptr) return nullptr;
    *edit = difference(f, before, sources[f].text);
    std::vector<StatementPlace>& places = statements_[f];
    const auto after = std::ranges::upper_bound(places, edit->begin, {}, [](const auto& p) { return p.span.begin; });
    if (after == places.begin()) return nullptr;
    found = &*std::prev(after);
    // Neither the keyword nor the last brace, so that what is before and behind is read as it was.
    if (found->rule < 0 || edit->begin <= found->span.begin + kKeyword.size() || edit->end >= found->span.end)
      return nullptr;
  }
  return found;
}

// False if another rule has the condition, or had that of the rule before: a warning there has to come or go.
bool Recompiler::Kept::replace_condition(size_t rule) {
  if (!options_.lint) return true;
  std::string condition = check::condition_of(module_->rules[rule]);
  if (condition == condition_of_[rule]) return true;
  const auto before = conditions_.find(condition_of_[rule]);
  if (before == conditions_.end() || before->second != rule || conditions_.contains(condition)) return false;
  conditions_.erase(before);
  conditions_.emplace(condition, rule);
  condition_of_[rule] = std::move(condition);
  return true;
}

bool Recompiler::Kept::edit(std::vector<SourceText>& sources, const CompileOptions& options, Compilation* out) {
  if (!same_surroundings(sources, options)) return false;
  Edit edit;
  StatementPlace* place = find_edit(sources, &edit);
  if (place == nullptr) return false;
  // From here on the statement is what was edited.
  edit.begin = place->span.begin;
  edit.end = place->span.end;
  const auto end = static_cast<uint32_t>(edit.end + edit.growth);
  const auto rule = static_cast<size_t>(place->rule);
  for (const Diagnostic& d : diagnostics_) {
    if (d.kind == DiagKind::kTooManyErrors) return false;
    if (edit.touches(d.span) && d.kind != DiagKind::kDuplicateRule) continue;
    // A warning elsewhere points here.
    if (std::ranges::any_of(d.labels, [&](const base::Label& label) { return edit.touches(label.span); })) return false;
    if (edit.touches(d.span)) return false;
  }

  auto texts = std::make_shared<base::SourceMap>();
  for (const SourceText& s : sources) texts->add(s.name, s.text);
  syntax::FileAst& ast = edited_.emplace_back();
  ast.file = edit.file;
  if (!syntax::parse_statement(edit.file, *texts, edit.begin, end, *arena_, ast)) return false;
  if (ast.statements[0].kind != syntax::StatementKind::kRule) return false;
  sources_ = std::move(texts);
  move_spans(*module_, edit);
  move_spans(program_, edit);
  program_.sources = sources_;
  for (StatementPlace& other : statements_[edit.file]) edit.move(other.span);
  place->span.end = end;
  if (!checker_->replace_rule(rule, *ast.statements[0].rule)) return false;
  check::check_limits(*module_, module_->rules[rule], options.limits, sink_);
  if (sink_.has_errors() || !replace_condition(rule)) return false;
  lower::lower_rule(*module_, rule, program_, fold_constant, sink_);
  if (sink_.has_errors()) return false;
  for (Diagnostic d : diagnostics_) {
    if (edit.touches(d.span) || is_of_usage(d.kind)) continue;
    edit.move(d.span);
    auto builder = sink_.emit(d.kind, d.span, std::move(d.message));
    builder.hint(std::move(d.hint));
    for (base::Label& label : d.labels) {
      edit.move(label.span);
      builder.label(label.span, std::move(label.text));
    }
  }
  finish(out);
  return true;
}

Recompiler::Recompiler() = default;
Recompiler::~Recompiler() = default;

Compilation Recompiler::compile(std::vector<SourceText> sources, const CompileOptions& options) {
  Compilation out;
  was_edit_ = kept_ != nullptr && kept_->edit(sources, options, &out);
  if (was_edit_) return out;
  out = {};
  kept_.reset();  // before as much is taken again
  kept_ = Kept::compile(std::move(sources), options, &out);
  return out;
}

}  // namespace weir::driver
