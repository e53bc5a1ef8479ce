// Golden tests: one text file a test. The folder says which stage of the compiler the source runs through, the part
// after the marker line what is expected; README.md has the format.
//
//   filetest [--update] FILE...          exit status 1 if an output differs from what is expected
//   filetest --coverage DIR FIRST LAST   exit status 1 if a diagnostic with a code in that range is in no golden
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/check/expression.h"
#include "compiler/check/manifest_limits.h"
#include "compiler/check/module.h"
#include "compiler/syntax/parse.h"

namespace {

using weir::base::DiagnosticSink;
using weir::base::SourceMap;

constexpr std::string_view kMarker = "// ---- expected\n";
constexpr std::string_view kFileMarker = "// ---- file ";

// What a test's comment lines `// name: value` ask for.
struct Directives {
  bool expression = false;  // the source is one CEL expression
  bool hex_bytes = false;   // `<<FF>>` in the source stands for that byte
  size_t max_errors = 200;
  weir::syntax::ParseLimits limits;
  weir::check::ManifestLimits manifest;
};

struct Test {
  std::string name;
  std::filesystem::path folder;
  std::string source;
  std::string expected;
  Directives directives;
};

struct Output {
  std::string text;
  bool errors = false;
};

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::optional<size_t> directive(std::string_view source, std::string_view name) {
  std::string key = "// " + std::string(name) + ":";
  size_t at = source.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  return std::strtoull(source.data() + at + key.size(), nullptr, 10);
}

Directives read_directives(std::string_view source) {
  Directives d;
  d.expression = source.find("// expression\n") != std::string_view::npos;
  d.hex_bytes = source.find("// hex-bytes\n") != std::string_view::npos;
  if (auto n = directive(source, "max-errors")) d.max_errors = *n;
  if (auto n = directive(source, "max-nesting")) d.limits.max_nesting = static_cast<uint32_t>(*n);
  if (auto n = directive(source, "max-depth")) d.limits.max_depth = static_cast<uint32_t>(*n);
  if (auto n = directive(source, "max-source-bytes")) d.limits.max_source_bytes = static_cast<uint32_t>(*n);
  if (auto n = directive(source, "max-expression-tokens")) d.limits.max_expression_tokens = static_cast<uint32_t>(*n);
  if (auto n = directive(source, "max-rule-cost")) d.manifest.max_rule_cost = *n;
  constexpr std::string_view kOwner = "// owner: ";
  for (size_t at = source.find(kOwner); at != std::string_view::npos; at = source.find(kOwner, at + 1)) {
    size_t begin = at + kOwner.size();
    d.manifest.owners.emplace_back(source.substr(begin, source.find('\n', begin) - begin));
  }
  return d;
}

std::string replace_hex_bytes(std::string source) {
  for (size_t at = 0; (at = source.find("<<", at)) != std::string::npos; ++at) {
    if (source.substr(at + 4, 2) != ">>") continue;
    source.replace(at, 6, 1, static_cast<char>(std::stoi(source.substr(at + 2, 2), nullptr, 16)));
  }
  return source;
}

// --- stages

Output run_ast(const Test& test, SourceMap& sources, DiagnosticSink& sink) {
  weir::syntax::AstArena arena;
  weir::base::FileId file = sources.add(test.name + ".weir", test.source);
  if (test.directives.expression) {
    weir::syntax::Expr* e = weir::syntax::parse_expression(file, sources, arena, sink, test.directives.limits);
    return {e == nullptr ? "" : weir::syntax::dump(*e) + weir::syntax::unparse(*e) + "\n", sink.has_errors()};
  }
  return {weir::syntax::dump(weir::syntax::parse_file(file, sources, arena, sink, test.directives.limits)),
          sink.has_errors()};
}

// The parts of a source that stands for several files, with their names.
std::vector<std::pair<std::string, std::string>> split_files(const Test& test) {
  std::vector<std::pair<std::string, std::string>> files;
  std::string name = test.name + ".weir";
  for (size_t at = 0;;) {
    size_t next = test.source.find(kFileMarker, at);
    files.emplace_back(name, test.source.substr(at, next - at));
    if (next == std::string::npos) return files;
    size_t end = std::min(test.source.find('\n', next), test.source.size() - 1);
    name = test.source.substr(next + kFileMarker.size(), end - next - kFileMarker.size());
    at = end + 1;
  }
}

// Parses, and checks if there is no syntax error. List files are read from beside the test.
Output run_diagnostics(const Test& test, SourceMap& sources, DiagnosticSink& sink) {
  auto arena = std::make_shared<weir::syntax::AstArena>();
  if (test.directives.expression) {
    weir::base::FileId file = sources.add(test.name + ".weir", test.source);
    weir::syntax::Expr* e = weir::syntax::parse_expression(file, sources, *arena, sink, test.directives.limits);
    if (e != nullptr && !sink.has_errors()) {
      weir::types::TypeTable types;
      weir::types::OverloadTable overloads(types);
      weir::check::Annotations annotations;
      weir::check::check_expression(*e, {}, types, overloads, annotations, sink);
    }
    return {"", sink.has_errors()};
  }
  std::vector<weir::syntax::FileAst> files;
  for (auto& [name, text] : split_files(test)) {
    weir::base::FileId file = sources.add(name, text);
    files.push_back(weir::syntax::parse_file(file, sources, *arena, sink, test.directives.limits));
  }
  if (sink.has_errors()) return {"", true};
  weir::check::CheckOptions options;
  options.read_file = [&](weir::base::FileId, const std::string& path) { return read_file(test.folder / path); };
  auto module = weir::check::check_module(std::move(files), arena, sources, options, sink);
  if (!sink.has_errors()) weir::check::check_limits(*module, test.directives.manifest, sink);
  return {"", sink.has_errors()};
}

using Stage = std::function<Output(const Test&, SourceMap&, DiagnosticSink&)>;
const std::map<std::string, Stage> kStages = {{"ast", run_ast}, {"diagnostics", run_diagnostics}};

// --- running and updating

// Every line as a comment; empty lines lose the blank at their end.
std::string commented(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line.empty() ? "//\n" : "// " + line + "\n";
    at = end + 1;
  }
  return out;
}

// True if the test passes, or its golden was rewritten.
bool run(const std::filesystem::path& path, bool update) {
  std::optional<std::string> text = read_file(path);
  auto stage = kStages.find(path.parent_path().filename().string());
  if (!text || stage == kStages.end()) {
    std::cerr << path.string() << ": " << (text ? "its folder is no stage" : "cannot be read") << "\n";
    return false;
  }
  Test test;
  test.name = path.stem().string();
  test.folder = path.parent_path();
  size_t marker = text->find(kMarker);
  std::string before = text->substr(0, marker);
  test.expected = marker == std::string::npos ? "" : text->substr(marker + kMarker.size());
  test.directives = read_directives(before);
  test.source = test.directives.hex_bytes ? replace_hex_bytes(before) : before;

  SourceMap sources;
  DiagnosticSink sink(test.directives.max_errors);
  Output output = stage->second(test, sources, sink);
  std::string actual = commented(output.text + weir::base::render_all(sink.sorted(), sources));
  bool should_fail = test.name.substr(0, 5) == "fail_";
  if (output.errors != should_fail) {
    std::cerr << path.string() << ": "
              << (output.errors ? "has errors, but no `fail_` in its name\n" + actual
                                : "has `fail_` in its name, but no error\n");
    return false;
  }
  if (actual == test.expected) return true;
  if (update) {
    std::ofstream(path, std::ios::binary) << before << kMarker << actual;
    std::cerr << path.string() << ": updated\n";
    return true;
  }
  std::cerr << path.string() << ": output differs (run with --update, then review the diff)\n--- expected\n"
            << test.expected << "--- actual\n"
            << actual;
  return false;
}

bool check_coverage(const std::filesystem::path& dir, int first, int last) {
  std::string goldens;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    std::optional<std::string> text = entry.path().extension() == ".weir" ? read_file(entry.path()) : std::nullopt;
    size_t marker = text ? text->find(kMarker) : std::string::npos;
    if (marker != std::string::npos) goldens += text->substr(marker);
  }
  bool complete = true;
  for (const weir::base::DiagInfo& info : weir::base::all_diag_kinds()) {
    if (info.code < first || info.code > last) continue;
    std::string code = "[WR" + std::string(info.code < 1000 ? "0" : "") + std::to_string(info.code) + "]";
    if (goldens.find(code) != std::string::npos) continue;
    std::cerr << code << " " << info.name << " (" << info.title << ") has no golden test\n";
    complete = false;
  }
  return complete;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 4 && args[0] == "--coverage") {
    return check_coverage(args[1], std::atoi(args[2].c_str()), std::atoi(args[3].c_str())) ? 0 : 1;
  }
  bool update = std::getenv("WEIR_UPDATE_GOLDENS") != nullptr;
  bool passed = true;
  for (const std::string& arg : args) {
    if (arg == "--update") {
      update = true;
    } else {
      passed = run(arg, update) && passed;
    }
  }
  return passed ? 0 : 1;
}
