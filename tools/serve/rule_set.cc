#include "tools/serve/rule_set.h"

#include <fmt/format.h>

#include <filesystem>

#include "compiler/driver/bundle.h"
#include "compiler/driver/merge_rule_sets.h"
#include "runtime/crypto/digest.h"
#include "runtime/durable/file.h"
#include "tools/weir/diagnostics_json.h"

namespace weir::serve {
namespace {

std::shared_ptr<const RuleSet> fail(const absl::Status& status, LoadFailure* failure) {
  failure->message = std::string(status.message());
  failure->status = absl::IsInternal(status) ? 500 : 422;
  return nullptr;
}

std::shared_ptr<const RuleSet> tell(const driver::Compilation& compilation, LoadFailure* failure) {
  failure->diagnostics = tools::to_json(compilation.diagnostics, *compilation.sources);
  failure->text = base::render_all(compilation.diagnostics, *compilation.sources);
  // Each with its line and caret, for whoever reads one of them alone.
  for (size_t i = 0; i < compilation.diagnostics.size(); ++i)
    failure->diagnostics[i]["rendered"] = base::render(compilation.diagnostics[i], *compilation.sources);
  size_t errors = 0;
  for (const base::Diagnostic& d : compilation.diagnostics) errors += d.severity == base::Severity::kError;
  failure->message = fmt::format("the rules have {} error{}", errors, errors == 1 ? "" : "s");
  return nullptr;
}

// What follows from the program and the manifest.
absl::Status add_rules(const engine::RulesOptions& options, RuleSet* set) {
  auto rules = engine::Rules::create(set->program, options);
  if (!rules.ok()) return rules.status();
  set->rules = *std::move(rules);
  set->rule_count = options.candidate != nullptr ? options.candidate->live_rules : set->program->rules.size();
  const driver::Manifest& manifest = set->manifest;
  set->session.events = driver::event_policies(manifest, *set->program);
  if (manifest.state_memory_bytes > 0) set->session.max_state_bytes = manifest.state_memory_bytes;
  set->session.fail_verdict = manifest.protection.verdict;
  auto records = io::make_plan(*set->program, manifest.events, {});
  if (records.ok()) {
    set->records = *std::move(records);
  } else {
    set->no_records = std::string(records.status().message());
  }
  for (const ir::Event& event : set->program->events) {
    io::PlanOptions one;
    one.event = event.schema.name;
    auto plan = io::make_plan(*set->program, manifest.events, one);
    if (!plan.ok()) return plan.status();
    set->by_event.push_back(*std::move(plan));
  }
  return absl::OkStatus();
}

}  // namespace

std::string files_hash(const bundle::Bundle& bundle) {
  std::string all;
  for (const bundle::File& f : bundle.contents().files)
    if (f.part != bundle::Part::kIr) all += fmt::format("{}\n{}\n", crypto::sha256_hex(f.content), f.path);
  return crypto::sha256_hex(all);
}

std::shared_ptr<const RuleSet> Loader::make(driver::Manifest manifest, const driver::Compilation& compilation,
                                            bundle::Bundle bundle, LoadFailure* failure) {
  auto out = std::make_shared<RuleSet>();
  out->program = compilation.program;
  out->bundle = std::move(bundle);
  out->files_hash = files_hash(out->bundle);
  out->manifest = std::move(manifest);
  engine::RulesOptions how = options_.rules;
  how.previous = last_;
  if (absl::Status s = add_rules(how, out.get()); !s.ok()) return fail(s, failure);
  last_ = out->rules;
  auto protections = driver::protections(out->manifest, *out->program);
  if (!protections.ok()) return fail(protections.status(), failure);
  out->session.protections = *std::move(protections);
  out->warnings = tools::to_json(compilation.diagnostics, *compilation.sources);
  return out;
}

std::shared_ptr<const RuleSet> Loader::load(const driver::RuleSetSource& source, const RuleSet* parent,
                                            LoadFailure* failure) {
  *failure = {};
  const bundle::Bundle* before = nullptr;
  if (parent != nullptr && parent->bundle.contents().name == source.manifest.name) before = &parent->bundle;
  driver::Compilation compilation;
  auto bundle = driver::build_bundle(source, options_.weir_version, before, &compilation, &recompiler_);
  if (!bundle.ok()) {
    if (compilation.program != nullptr || compilation.sources == nullptr) return fail(bundle.status(), failure);
    return tell(compilation, failure);
  }
  return make(source.manifest, compilation, *std::move(bundle), failure);
}

std::shared_ptr<const RuleSet> Loader::load(const bundle::Bundle& bundle, LoadFailure* failure) {
  *failure = {};
  auto source = driver::rule_set_of(bundle);
  if (!source.ok()) return fail(source.status(), failure);
  driver::CompileOptions how;
  how.limits = driver::limits_of(source->manifest);
  how.read_file = source->read_file;
  const driver::Compilation compilation = source->ir.empty()
                                              ? recompiler_.compile(std::move(source->sources), how)
                                              : driver::compile_rule_set(source->sources, source->ir, how);
  if (compilation.program == nullptr) return tell(compilation, failure);
  return make(std::move(source->manifest), compilation, bundle, failure);
}

std::shared_ptr<const RuleSet> Loader::load_paths(const std::vector<std::string>& paths, const bundle::Trust& trust,
                                                  LoadFailure* failure) {
  namespace fs = std::filesystem;
  *failure = {};
  const auto bytes = paths.size() == 1 ? durable::read_file(paths[0]) : absl::StatusOr<std::string>("");
  if (bytes.ok() && bundle::Bundle::is_bundle(*bytes)) {
    auto bundle = bundle::Bundle::parse(*bytes, trust);
    return bundle.ok() ? load(*bundle, failure) : fail(bundle.status(), failure);
  }
  auto source = driver::load_rule_set(paths, trust);
  if (!source.ok()) return fail(source.status(), failure);
  const fs::path directory = fs::path(source->directory).lexically_normal();
  for (driver::SourceText& s : source->sources)
    s.name = fs::path(s.name).lexically_relative(directory).lexically_normal().generic_string();
  if (source->manifest.name.empty())
    source->manifest.name = fs::absolute(directory).lexically_normal().filename().string();
  source->directory = ".";
  return load(*source, nullptr, failure);
}

absl::StatusOr<std::shared_ptr<const RuleSet>> Loader::merge(const RuleSet& live, const RuleSet& candidate,
                                                             const ir::Merged& merged) {
  auto out = std::make_shared<RuleSet>();
  out->program = merged.program;
  out->bundle = live.bundle;
  out->files_hash = live.files_hash;
  out->manifest = driver::merge_manifests(live.manifest, candidate.manifest);
  engine::RulesOptions how = options_.rules;
  how.candidate = merged.candidate;
  if (absl::Status s = add_rules(how, out.get()); !s.ok()) return s;
  out->session.protections =
      driver::merge_protections(live.session.protections, candidate.session.protections, *merged.candidate);
  out->warnings = live.warnings;
  return out;
}

}  // namespace weir::serve
