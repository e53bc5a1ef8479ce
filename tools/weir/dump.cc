// weir dump: what each stage of the compiler makes of the rules.
#include <fmt/format.h>

#include "compiler/check/module.h"
#include "compiler/syntax/parse.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"
#if WEIR_HAVE_JIT
#include "runtime/jit/native.h"
#endif

namespace weir::tools {
namespace {

struct DumpOptions {
  std::vector<std::string> paths;
  std::string stage = "ir", format = "text";
};

// A stage's text as it is, or as {"stage","text"}.
void show(const DumpOptions& options, const std::string& text) {
  print(options.format == "json" ? json_text({{"stage", options.stage}, {"text", text}}, 2) + "\n" : text);
}

int dump_ast(const DumpOptions& options, const driver::RuleSetSource& source) {
  base::SourceMap sources;
  base::DiagnosticSink sink;
  syntax::AstArena arena;
  std::string out;
  for (const driver::SourceText& text : source.sources) {
    base::FileId file = sources.add(text.name, text.text);
    out += fmt::format("// {}\n{}", text.name, syntax::dump(syntax::parse_file(file, sources, arena, sink)));
  }
  show(options, out);
  std::string errors = base::render_all(sink.sorted(), sources, {color_on(STDERR_FILENO)});
  fwrite(errors.data(), 1, errors.size(), stderr);
  return sink.has_errors() ? kFindings : kOk;
}

// What was deduced: every declaration with its type, and each rule's expressions with theirs.
std::string dump_types(const check::Module& module) {
  std::string out;
  auto type_of = [&](const syntax::Expr* e) { return types::to_string(module.annotations.at(*e).type); };
  for (const auto& entity : module.entities)
    out += fmt::format("entity {}: {}\n", entity.name, types::to_string(entity.type->base()));
  for (const auto& event : module.events) {
    out += fmt::format("event {}\n", event.schema.name);
    for (size_t slot = 0; slot < event.schema.fields.size(); ++slot) {
      const types::Field& f = event.schema.fields[slot];
      out += fmt::format("  slot {:2} {}: {}{}\n", slot, f.name, types::to_string(f.type), f.optional ? "?" : "");
    }
  }
  for (const auto& list : module.lists)
    out += fmt::format("list {}: {} ({} values)\n", list.name, types::to_string(list.element), list.values.size());
  for (const auto& let : module.lets)
    out += fmt::format("let {}: {} = {}\n", let.name, types::to_string(let.type), syntax::unparse(*let.value));
  for (const auto& feature : module.features) {
    out += fmt::format("feature {}: {} on {}\n", feature.name, types::to_string(feature.type),
                       module.events[static_cast<size_t>(feature.event)].schema.name);
    for (size_t k = 0; k < feature.keys.size(); ++k)
      out += fmt::format("  by {}: {}\n", syntax::unparse(*feature.keys[k]), types::to_string(feature.key_types[k]));
    if (feature.where != nullptr)
      out += fmt::format("  where {}: {}\n", syntax::unparse(*feature.where), type_of(feature.where));
  }
  for (const auto& rule : module.rules) {
    out += fmt::format("rule {} on {}\n", rule.name, module.events[static_cast<size_t>(rule.event)].schema.name);
    if (rule.ast != nullptr && rule.ast->when != nullptr)
      out += fmt::format("  when {}: {}\n", syntax::unparse(*rule.ast->when), type_of(rule.ast->when));
  }
  return out;
}

int dump_code(const DumpOptions& options, const ir::Program& program) {
#if WEIR_HAVE_JIT
  auto text = jit::dump(program.module, program.roots(), {}, options.stage == "asm");
  if (!text.ok()) {
    complain(std::string(text.status().message()));
    return kInternal;
  }
  show(options, *text);
  return kOk;
#else
  (void)options, (void)program;
  complain("this weir was built without native code (WEIR_JIT=OFF)");
  return kUsage;
#endif
}

int run_dump(const DumpOptions& options) {
  if (options.stage == "ast") {
    auto source = driver::load_rule_set(options.paths);
    if (source.ok()) return dump_ast(options, *source);
    complain(std::string(source.status().message()));
    return kUsage;
  }
  int exit_code = kOk;
  auto rules = load_checked_rules(options.paths, &exit_code);
  if (!rules) return exit_code;
  if (options.stage == "types") {
    show(options, dump_types(*rules->compilation.checked));
  } else if (options.stage == "ir" || options.stage == "opt") {
    show(options, ir::print(rules->program()));
  } else {
    return dump_code(options, rules->program());
  }
  return kOk;
}

}  // namespace

void add_dump(CLI::App& app, Action* action) {
  auto options = std::make_shared<DumpOptions>();
  CLI::App* verb = app.add_subcommand("dump", "What a stage of the compiler makes of the rules");
  verb->add_option("paths", options->paths, "A rule directory, or rule files")->required()->type_name("DIR|FILES");
  verb->add_option("--stage", options->stage, "ast, types, ir, opt, llvm or asm")
      ->check(CLI::IsMember({"ast", "types", "ir", "opt", "llvm", "asm"}))
      ->type_name("STAGE");
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(R"(Examples:
  weir dump rules/ --stage=ast
  weir dump rules/ --stage=ir | less
  weir dump one.weir --stage=asm
)");
  verb->callback([options, action] { *action = [options] { return run_dump(*options); }; });
}

}  // namespace weir::tools
