#include "compiler/driver/bundle.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "absl/status/status.h"
#include "compiler/ir/binary.h"

namespace weir::driver {
namespace {

namespace fs = std::filesystem;
using bundle::Bundle;
using bundle::Part;

constexpr const char* kManifestName = "weir.yaml";
constexpr const char* kIrName = "program.ir";

absl::Status invalid(const std::string& text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}
absl::Status failed(const std::string& text) {
  return absl::FailedPreconditionError(absl::string_view(text.data(), text.size()));
}

std::vector<bundle::RuleVersion> versions_of(const ir::Program& program) {
  std::vector<bundle::RuleVersion> out;
  for (uint32_t i = 0; i < program.rules.size(); ++i) {
    const ir::Rule& r = program.rules[i];
    out.push_back({r.id, r.name, std::string(ir::mode_name(r.mode)), ir::to_string(ir::rule_version(program, i))});
  }
  return out;
}

Compilation compile_set(const RuleSetSource& source, check::FileReader read_file, Recompiler* recompiler = nullptr) {
  CompileOptions options;
  options.limits = limits_of(source.manifest);
  options.read_file = std::move(read_file);
  return recompiler != nullptr ? recompiler->compile(source.sources, options) : compile(source.sources, options);
}

std::string name_of(const RuleSetSource& source) {
  if (!source.manifest.name.empty()) return source.manifest.name;
  return fs::absolute(source.directory).lexically_normal().filename().string();
}

}  // namespace

absl::StatusOr<Bundle> build_bundle(const RuleSetSource& source, const std::string& weir_version, const Bundle* parent,
                                    Compilation* compilation, Recompiler* recompiler) {
  bundle::Contents contents;
  contents.name = name_of(source);
  contents.weir = weir_version;
  if (!source.manifest_text.empty()) contents.files.push_back({kManifestName, Part::kManifest, source.manifest_text});
  std::vector<fs::path> folders;  // of the rule files, in the bundle
  for (const SourceText& s : source.sources) {
    const fs::path path = fs::path(s.name).lexically_relative(source.directory).lexically_normal();
    folders.push_back(path.parent_path());
    contents.files.push_back({path.generic_string(), Part::kRules, s.text});
  }
  std::map<std::string, std::string> lists;  // by path: in an order that nothing but the paths decides
  const auto read = [&](base::FileId from, const std::string& path) -> std::optional<std::string> {
    std::optional<std::string> text = source.read_file ? source.read_file(from, path) : std::nullopt;
    if (text && from < folders.size()) lists[(folders[from] / path).lexically_normal().generic_string()] = *text;
    return text;
  };
  *compilation = compile_set(source, read, recompiler);
  if (compilation->program == nullptr) return failed("the rules have errors");
  for (auto& [path, text] : lists) contents.files.push_back({path, Part::kList, std::move(text)});
  if (recompiler == nullptr) contents.files.push_back({kIrName, Part::kIr, ir::serialize(*compilation->program)});
  contents.rules = versions_of(*compilation->program);
  if (parent != nullptr) {
    const bundle::Contents& before = parent->contents();
    if (before.name != contents.name)
      return invalid(fmt::format("the parent is a bundle of `{}`, not of `{}`", before.name, contents.name));
    contents.sequence = before.sequence + 1;
    contents.lineage = before.lineage;
    contents.lineage.insert(contents.lineage.begin(),
                            {before.sequence, parent->digest(), bundle::compare(before.rules, contents.rules)});
  }
  return Bundle::make(std::move(contents));
}

absl::StatusOr<RuleSetSource> rule_set_of(const Bundle& bundle) {
  RuleSetSource out;
  out.bundle = BundleId{bundle.contents().name, bundle.digest(), bundle.contents().sequence};
  auto lists = std::make_shared<std::map<std::string, std::string>>();
  auto folders = std::make_shared<std::vector<fs::path>>();
  for (const bundle::File& f : bundle.contents().files) {
    switch (f.part) {
      case Part::kManifest: {
        absl::StatusOr<Manifest> manifest = parse_manifest(f.path, f.content);
        if (!manifest.ok()) return manifest.status();
        out.manifest = *std::move(manifest);
        out.manifest_text = f.content;
        break;
      }
      case Part::kRules:
        out.sources.push_back({f.path, f.content});
        folders->push_back(fs::path(f.path).parent_path());
        break;
      case Part::kList:
        lists->emplace(f.path, f.content);
        break;
      case Part::kIr:
        if (bundle.trusted()) out.ir = f.content;
        break;
    }
  }
  if (out.manifest.name.empty()) out.manifest.name = bundle.contents().name;
  out.read_file = [lists, folders](base::FileId from, const std::string& path) -> std::optional<std::string> {
    if (from >= folders->size()) return std::nullopt;
    auto it = lists->find(((*folders)[from] / path).lexically_normal().generic_string());
    return it == lists->end() ? std::nullopt : std::optional(it->second);
  };
  return out;
}

Compilation compile_rule_set(std::vector<SourceText> sources, std::string_view ir, const CompileOptions& options) {
  if (!ir.empty()) {
    Compilation out;
    out.sources = std::make_shared<base::SourceMap>();
    for (const SourceText& s : sources) out.sources->add(s.name, s.text);
    absl::StatusOr<ir::Program> program = ir::deserialize(ir, out.sources);
    if (program.ok() && program->rules.size() <= options.max_rules) {
      out.program = std::make_shared<const ir::Program>(*std::move(program));
      return out;
    }
  }
  return compile(std::move(sources), options);
}

absl::Status check_reproduces(const Bundle& bundle) {
  absl::StatusOr<RuleSetSource> source = rule_set_of(bundle);
  if (!source.ok()) return source.status();
  const Compilation compilation = compile_set(*source, source->read_file);
  if (compilation.program == nullptr) return failed("the rules in the bundle have errors");
  bool same = versions_of(*compilation.program) == bundle.contents().rules;
  for (const bundle::File& f : bundle.contents().files)
    if (f.part == Part::kIr) same = same && f.content == ir::serialize(*compilation.program);
  if (same) return absl::OkStatus();
  const std::string text = fmt::format("the bundle's IR is not what its sources give; it says it was built by Weir {}",
                                       bundle.contents().weir);
  return absl::DataLossError(absl::string_view(text.data(), text.size()));
}

}  // namespace weir::driver
