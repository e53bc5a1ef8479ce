// weir repl: a place to try expressions, with line editing, history and completion by libedit.
#include <fmt/format.h>
#include <histedit.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "compiler/syntax/macros.h"
#include "compiler/syntax/tokens.h"
#include "compiler/types/builtins.h"
#include "tools/weir/expression_eval.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

constexpr std::string_view kHelp = R"(An expression prints its value.
  :let x = EXPR   keep a value under a name        :vars         the names kept, with type and value
  :type EXPR      the type of an expression        :fn [TEXT]    functions whose name holds TEXT
  :help           this                             :quit         or end of file (Ctrl-D)
What leaves a bracket open goes on in the next line; an empty line ends it.
Tab completes names of functions and variables; the arrow keys walk through the history.
)";

std::string_view trim(std::string_view text) {
  while (!text.empty() && isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

// What a source can call by name: functions that only macros call have names no source can write.
std::vector<const types::BuiltinInfo*> callable() {
  std::vector<const types::BuiltinInfo*> out;
  for (size_t i = 0; i < types::kBuiltinCount; ++i) {
    const types::BuiltinInfo& info = types::builtin_info(static_cast<types::BuiltinId>(i));
    bool hidden = info.style == types::CallStyle::kOperator || info.function.find('@') != std::string_view::npos;
    if (!hidden) out.push_back(&info);
  }
  return out;
}

bool has_open_brackets(std::string_view text) {
  base::DiagnosticSink sink;
  syntax::TokenList tokens(base::FileId{}, text, 0, static_cast<uint32_t>(text.size()), sink);
  size_t opened = 0, closed = 0;
  for (uint32_t i = 0; i < tokens.size(); ++i) {
    opened += syntax::closer_of(tokens[i].type) != 0 ? 1 : 0;
    closed += syntax::is_closer(tokens[i].type) ? 1 : 0;
  }
  return opened > closed;
}

class Repl {
 public:
  explicit Repl(bool native) : scope_(native) {
    for (const types::BuiltinInfo* info : callable()) functions_.insert(std::string(info->function));
    for (const syntax::MacroInfo& macro : syntax::macros()) functions_.insert(std::string(macro.name));
  }

  // False to leave. A line that leaves brackets open is kept until they are closed, or an empty line gives up on them.
  bool line(std::string_view text) {
    pending_ += text;
    if (!trim(text).empty() && has_open_brackets(pending_)) return true;
    std::string whole = std::exchange(pending_, {});
    return statement(whole);
  }

  bool in_statement() const { return !pending_.empty(); }

  // What is still open when the input ends.
  void finish() {
    if (in_statement()) line("");
  }

  bool failed() const { return failed_; }

  // Names that begin with the word, in order.
  std::vector<std::string> complete(std::string_view word) const {
    std::vector<std::string> out;
    auto add = [&](const std::string& name) {
      if (name.compare(0, word.size(), word) == 0) out.push_back(name);
    };
    // `x.st` completes to members: what stands before the last dot need not be a name that is known.
    for (const std::string& f : functions_) add(f);
    for (const auto& v : scope_.variables()) add(v.name);
    for (const char* name : {"true", "false", "null", ":let ", ":type ", ":vars", ":fn ", ":help", ":quit"}) add(name);
    size_t dot = word.rfind('.');
    if (out.empty() && dot != std::string_view::npos)
      for (const std::string& f : functions_)
        if (f.compare(0, word.size() - dot - 1, word.substr(dot + 1)) == 0)
          out.push_back(std::string(word.substr(0, dot + 1)) + f);
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  bool statement(std::string_view text) {
    text = trim(text);
    if (text.empty()) return true;
    if (text[0] != ':') {
      show(scope_.eval(text, color_on(STDERR_FILENO)));
      return true;
    }
    size_t space = text.find(' ');
    std::string_view command = text.substr(0, space);
    std::string_view rest = space == std::string_view::npos ? "" : trim(text.substr(space));
    if (command == ":quit" || command == ":q") return false;
    if (command == ":help") {
      print(kHelp);
    } else if (command == ":type") {
      auto result = scope_.type_of(rest, color_on(STDERR_FILENO));
      if (result.ok)
        print(types::to_string(result.type) + "\n");
      else
        fmt::print(stderr, "{}", result.diagnostics);
    } else if (command == ":let") {
      let(rest);
    } else if (command == ":vars") {
      for (size_t i = 0; i < scope_.variables().size(); ++i)
        print(fmt::format("{}: {} = {}\n", scope_.variables()[i].name, types::to_string(scope_.variables()[i].type),
                          result_text(scope_.value_of(i))));
    } else if (command == ":fn") {
      list_functions(rest);
    } else {
      complain(fmt::format("unknown command `{}`; try :help", command));
    }
    fflush(stdout);
    return true;
  }

  void show(const ExpressionScope::Result& result) {
    fflush(stdout);
    failed_ = failed_ || !result.ok || !result.value.ok();
    if (!result.ok) {
      fmt::print(stderr, "{}", result.diagnostics);
      return;
    }
    print(fmt::format("{}\n",
                      result.value.ok() ? result_text(result.value) : styled(result_text(result.value), Style::kRed)));
    fflush(stdout);
  }

  void let(std::string_view rest) {
    size_t equals = rest.find('=');
    std::string name(trim(rest.substr(0, equals)));
    if (equals == std::string_view::npos || name.empty() || rest.substr(equals, 2) == "==") {
      complain("write :let NAME = EXPR");
      return;
    }
    auto result = scope_.eval(rest.substr(equals + 1), color_on(STDERR_FILENO));
    if (result.ok && result.value.ok()) scope_.bind(name, result);
    show(result);
  }

  void list_functions(std::string_view part) {
    for (const types::BuiltinInfo* info : callable()) {
      if (info->function.find(part) == std::string_view::npos) continue;
      print(fmt::format("{}{}{}  {}\n", styled(info->function, Style::kBold), info->signature,
                        info->style == types::CallStyle::kMember ? " (member)" : "", styled(info->doc, Style::kDim)));
    }
    for (const syntax::MacroInfo& macro : syntax::macros()) {
      if (macro.name.find(part) == std::string_view::npos) continue;
      print(fmt::format("{}  {}\n", styled(macro.forms, Style::kBold), styled(macro.doc, Style::kDim)));
    }
  }

  ExpressionScope scope_;
  std::set<std::string> functions_;
  std::string pending_;  // lines of a statement that is not complete
  bool failed_ = false;
};

Repl* repl_of(EditLine* editor) {
  Repl* repl = nullptr;
  el_get(editor, EL_CLIENTDATA, reinterpret_cast<void**>(&repl));
  return repl;
}

const char* prompt(EditLine* editor) { return repl_of(editor)->in_statement() ? "  ... " : "weir> "; }

// One match is put in; several are put in as far as they agree, and shown.
unsigned char on_tab(EditLine* editor, int) {
  const Repl* repl = repl_of(editor);
  const LineInfo* line = el_line(editor);
  const char* begin = line->cursor;
  auto in_name = [](char c) { return isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == ':'; };
  while (begin > line->buffer && in_name(begin[-1])) --begin;
  std::string_view word(begin, static_cast<size_t>(line->cursor - begin));
  std::vector<std::string> matches = repl->complete(word);
  if (matches.empty()) return CC_REFRESH_BEEP;
  std::string common = matches.front();
  for (const std::string& m : matches)
    common.resize(
        static_cast<size_t>(std::mismatch(common.begin(), common.end(), m.begin(), m.end()).first - common.begin()));
  if (common.size() > word.size()) {
    std::string rest = common.substr(word.size());
    el_insertstr(editor, rest.c_str());
    return CC_REFRESH;
  }
  print("\n");
  for (size_t i = 0; i < matches.size() && i < 40; ++i) print(matches[i] + "  ");
  print("\n");
  fflush(stdout);
  return CC_REDISPLAY;
}

std::string history_path() {
  const char* state = getenv("XDG_STATE_HOME");
  const char* home = getenv("HOME");
  std::string base = state != nullptr ? state : home != nullptr ? std::string(home) + "/.local/state" : "";
  if (base.empty()) return "";
  mkdir(base.c_str(), 0700);
  base += "/weir";
  mkdir(base.c_str(), 0700);
  return base + "/history";
}

int interactive(Repl& repl) {
  EditLine* editor = el_init("weir", stdin, stdout, stderr);
  if (editor == nullptr) return kInternal;
  History* history = history_init();
  HistEvent event;
  ::history(history, &event, H_SETSIZE, 1000);
  ::history(history, &event, H_SETUNIQUE, 1);
  std::string path = history_path();
  if (!path.empty()) ::history(history, &event, H_LOAD, path.c_str());
  el_set(editor, EL_CLIENTDATA, &repl);
  el_set(editor, EL_PROMPT, prompt);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, ::history, history);
  el_set(editor, EL_ADDFN, "weir-complete", "complete a name", on_tab);
  el_set(editor, EL_BIND, "^I", "weir-complete", nullptr);
  el_source(editor, nullptr);
  print("Weir expressions (CEL). :help for help, Ctrl-D to leave.\n");
  int count = 0;
  while (const char* line = el_gets(editor, &count)) {
    if (!trim(line).empty()) ::history(history, &event, H_ENTER, line);
    if (!repl.line(line)) break;
  }
  repl.finish();
  if (!path.empty()) ::history(history, &event, H_SAVE, path.c_str());
  history_end(history);
  el_end(editor);
  return kOk;
}

}  // namespace

void add_repl(CLI::App& app, Action* action) {
  auto tier = std::make_shared<TierChoice>(TierChoice::kAuto);
  CLI::App* verb = app.add_subcommand("repl", "Try expressions, one after the other");
  add_tier_option(verb, tier.get(), false);
  verb->footer(R"(Reads lines from a pipe too: then there is no prompt, and the exit status is 1 if a line failed.

Examples:
  weir repl
  printf ':let x = 3\nx * 2\n' | weir repl
)");
  verb->callback([tier, action] {
    *action = [tier] {
      Repl repl(*tier == TierChoice::kNative);
      if (isatty(STDIN_FILENO) != 0) return interactive(repl);
      char* line = nullptr;
      size_t size = 0;
      ssize_t n = 0;
      while ((n = getline(&line, &size, stdin)) >= 0)
        if (!repl.line({line, static_cast<size_t>(n)})) break;
      free(line);
      repl.finish();
      return static_cast<int>(repl.failed() ? kFindings : kOk);
    };
  });
}

}  // namespace weir::tools
