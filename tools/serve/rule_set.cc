#include "tools/serve/rule_set.h"

#include <fmt/format.h>

#include "compiler/driver/bundle.h"
#include "tools/weir/diagnostics_json.h"

namespace weir::serve {
namespace {

std::shared_ptr<const RuleSet> fail(const absl::Status& status, LoadFailure* failure) {
  failure->message = std::string(status.message());
  failure->status = absl::IsInternal(status) ? 500 : 422;
  return nullptr;
}

void tell(const driver::Compilation& compilation, LoadFailure* failure) {
  failure->diagnostics = tools::to_json(compilation.diagnostics, *compilation.sources);
  failure->text = base::render_all(compilation.diagnostics, *compilation.sources);
  // Each with its line and caret, for whoever reads one of them alone.
  for (size_t i = 0; i < compilation.diagnostics.size(); ++i)
    failure->diagnostics[i]["rendered"] = base::render(compilation.diagnostics[i], *compilation.sources);
  size_t errors = 0;
  for (const base::Diagnostic& d : compilation.diagnostics) errors += d.severity == base::Severity::kError;
  failure->message = fmt::format("the rules have {} error{}", errors, errors == 1 ? "" : "s");
}

std::shared_ptr<const RuleSet> make(const driver::RuleSetSource& source, const driver::Compilation& compilation,
                                    bundle::Bundle bundle, const LoadOptions& options, LoadFailure* failure) {
  auto out = std::make_shared<RuleSet>();
  out->program = compilation.program;
  out->bundle = std::move(bundle);
  auto rules = engine::Rules::create(compilation.program, options.rules);
  if (!rules.ok()) return fail(rules.status(), failure);
  out->rules = *std::move(rules);
  out->session.events = driver::event_policies(source.manifest, *out->program);
  if (source.manifest.state_memory_bytes > 0) out->session.max_state_bytes = source.manifest.state_memory_bytes;
  auto protections = driver::protections(source.manifest, *out->program);
  if (!protections.ok()) return fail(protections.status(), failure);
  out->session.protections = *std::move(protections);
  out->session.fail_verdict = source.manifest.protection.verdict;
  auto records = io::make_plan(*out->program, source.manifest.events, {});
  if (records.ok()) {
    out->records = *std::move(records);
  } else {
    out->no_records = std::string(records.status().message());
  }
  for (const ir::Event& event : out->program->events) {
    io::PlanOptions one;
    one.event = event.schema.name;
    auto plan = io::make_plan(*out->program, source.manifest.events, one);
    if (!plan.ok()) return fail(plan.status(), failure);
    out->by_event.push_back(*std::move(plan));
  }
  out->warnings = tools::to_json(compilation.diagnostics, *compilation.sources);
  return out;
}

}  // namespace

std::shared_ptr<const RuleSet> load(const driver::RuleSetSource& source, const LoadOptions& options,
                                    const RuleSet* parent, LoadFailure* failure) {
  *failure = {};
  const bundle::Bundle* before = nullptr;
  if (parent != nullptr && parent->bundle.contents().name == source.manifest.name) before = &parent->bundle;
  driver::Compilation compilation;
  auto bundle = driver::build_bundle(source, options.weir_version, before, &compilation);
  if (!bundle.ok()) {
    if (compilation.program != nullptr || compilation.sources == nullptr) return fail(bundle.status(), failure);
    tell(compilation, failure);
    return nullptr;
  }
  return make(source, compilation, *std::move(bundle), options, failure);
}

std::shared_ptr<const RuleSet> load(const bundle::Bundle& bundle, const LoadOptions& options, LoadFailure* failure) {
  *failure = {};
  auto source = driver::rule_set_of(bundle);
  if (!source.ok()) return fail(source.status(), failure);
  driver::CompileOptions how;
  how.limits = driver::limits_of(source->manifest);
  how.read_file = source->read_file;
  const driver::Compilation compilation = driver::compile(source->sources, how);
  if (compilation.program == nullptr) {
    tell(compilation, failure);
    return nullptr;
  }
  return make(*source, compilation, bundle, options, failure);
}

}  // namespace weir::serve
