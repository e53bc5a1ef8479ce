// Sources to a rule set that can be evaluated, and reading of what is in it.
#include <chrono>
#include <map>
#include <optional>
#include <span>

#include "compiler/driver/bundle.h"
#include "embed-api/src/diags.h"
#include "embed-api/src/handles.h"

namespace weir::embed {
namespace {

struct Request {
  weir_compile_options options = {};
  std::map<std::string, std::string, std::less<>> lists;
  engine::Tier tier = engine::Tier::kAuto;
  uint64_t bytes = 0;  // of sources and lists so far
};

weir_status read_request(const EngineState& engine, const weir_compile_options* options, Request* out,
                         weir_error* err) {
  if (weir_status s = read_options(options, &out->options, "weir_compile_options", err)) return s;
  const weir_compile_options& given = out->options;
  switch (given.tier) {
    case WEIR_TIER_AUTO:
      out->tier = engine::Tier::kAuto;
      break;
    case WEIR_TIER_INTERPRETER:
      out->tier = engine::Tier::kInterpreter;
      break;
    case WEIR_TIER_NATIVE:
      out->tier = engine::Tier::kNative;
      break;
    default:
      return fail(err, WEIR_E_ARG, "weir_compile_options.tier is {}; known are 0 to 2", given.tier);
  }
#ifndef WEIR_HAVE_JIT
  if (given.tier == WEIR_TIER_NATIVE) return report(err, WEIR_E_ARG, "this library was built without the native tier");
#endif
  if (given.list_count != 0) WEIR_REQUIRE(given.lists, err);
  for (size_t i = 0; i < given.list_count; ++i) {
    WEIR_REQUIRE_TEXT(given.lists[i].name, err);
    WEIR_REQUIRE_TEXT(given.lists[i].text, err);
    out->bytes += given.lists[i].text.len;
    if (out->bytes > engine.max_source_bytes) break;  // reported with the sources
    out->lists[std::string(view(given.lists[i].name))] = std::string(view(given.lists[i].text));
  }
  return WEIR_OK;
}

weir_status check_size(const EngineState& engine, const Request& request, weir_error* err) {
  if (request.bytes <= engine.max_source_bytes) return WEIR_OK;
  return fail(err, WEIR_E_LIMIT, "the sources exceed max_source_bytes ({})", engine.max_source_bytes);
}

// Why a rule set could not be had from files or from a bundle.
weir_status code_of_source(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return WEIR_E_IO;
    case absl::StatusCode::kPermissionDenied:
      return WEIR_E_TRUST;
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnimplemented:
      return WEIR_E_DATA;
    default:
      return WEIR_E_COMPILE;
  }
}

// Decoding is relaxed: what is absent is absent, and evaluation says whether it may be.
absl::StatusOr<io::DecodePlan> relaxed_plan(const ir::Program& program,
                                            const std::vector<types::EventMapping>& mappings,
                                            const std::string& event) {
  io::PlanOptions options;
  options.event = event;
  absl::StatusOr<io::DecodePlan> plan = io::make_plan(program, mappings, options);
  if (!plan.ok()) return plan;
  for (io::EventPlan& e : plan->events)
    for (io::FieldPlan& f : e.fields) f.optional = true;
  return plan;
}

absl::Status add_plans(const std::vector<types::EventMapping>& mappings, RulesetState* out) {
  const ir::Program& program = *out->program;
  if (program.events.empty()) return absl::OkStatus();
  absl::StatusOr<io::DecodePlan> records = relaxed_plan(program, mappings, "");
  if (!records.ok()) return records.status();
  out->records = *std::move(records);
  for (const ir::Event& event : program.events) {
    absl::StatusOr<io::DecodePlan> mapped = relaxed_plan(program, mappings, event.schema.name);
    if (!mapped.ok()) return mapped.status();
    absl::StatusOr<io::DecodePlan> single = relaxed_plan(program, {}, event.schema.name);
    if (!single.ok()) return single.status();
    out->mapped.push_back(*std::move(mapped));
    out->single.push_back(*std::move(single));
    out->shapes.push_back(make_shape(event.schema));
  }
  return absl::OkStatus();
}

weir_status compile_set(const weir_engine* engine, driver::RuleSetSource source, Request request,
                        weir_ruleset** ruleset_out, weir_diags** diags_out, weir_error* err) {
  for (const driver::SourceText& s : source.sources) request.bytes += s.text.size();
  if (weir_status s = check_size(*engine->state, request, err)) return s;
  driver::CompileOptions options;
  options.lint = request.options.no_lint == 0;
  options.max_rules = engine->state->max_rules;
  options.limits = driver::limits_of(source.manifest);
  options.read_file = [&](base::FileId from, const std::string& path) -> std::optional<std::string> {
    if (auto it = request.lists.find(path); it != request.lists.end()) return it->second;
    if (source.read_file) return source.read_file(from, path);
    return std::nullopt;
  };
  driver::Compilation compilation = driver::compile(std::move(source.sources), options);
  std::unique_ptr<weir_diags> diags = diags_out == nullptr ? nullptr : make_diags(compilation);
  weir_status status = [&]() -> weir_status {
    if (compilation.program == nullptr) return report(err, WEIR_E_COMPILE, first_error(compilation));
    auto state = std::make_shared<RulesetState>();
    state->engine = engine->state;
    state->program = compilation.program;
    engine::RulesOptions rules_options;
    rules_options.tier = request.tier;
    rules_options.compile_threads = engine->state->compile_threads;
    rules_options.cache_directory = engine->state->native_cache;
    rules_options.max_cache_bytes = engine->state->max_native_cache_bytes;
    auto rules = engine::Rules::create(compilation.program, rules_options);
    if (!rules.ok())
      return report(err, rules.status(), absl::IsInvalidArgument(rules.status()) ? WEIR_E_COMPILE : WEIR_E_INTERNAL);
    state->rules = *std::move(rules);
    if (absl::Status s = add_plans(source.manifest.events, state.get()); !s.ok()) return report(err, s, WEIR_E_COMPILE);
    state->policies = driver::event_policies(source.manifest, *compilation.program);
    state->max_state_bytes = source.manifest.state_memory_bytes;
    state->bundle = source.bundle;
    *ruleset_out = new weir_ruleset{std::move(state), 0};
    return WEIR_OK;
  }();
  if (diags_out != nullptr) *diags_out = diags.release();
  return status;
}

}  // namespace

Place place_of(const ir::Program& program, const base::Span& span) {
  if (program.sources == nullptr || span.file >= program.sources->size()) return {};
  const base::SourceFile& file = program.sources->file(span.file);
  base::LineColumn at = file.line_column(span.begin);
  return {file.name(), at.line, at.column};
}

}  // namespace weir::embed

using weir::embed::call;
using weir::embed::report;
using weir::embed::str;
using weir::embed::view;

weir_status weir_compile(const weir_engine* engine, const weir_source* sources, size_t n,
                         const weir_compile_options* options, weir_ruleset** ruleset_out, weir_diags** diags_out,
                         weir_error* err) {
  return call(err, [&]() -> weir_status {
    if (diags_out != nullptr) *diags_out = nullptr;
    WEIR_REQUIRE(ruleset_out, err);
    *ruleset_out = nullptr;
    WEIR_REQUIRE(engine, err);
    if (n != 0) WEIR_REQUIRE(sources, err);
    if (!engine->state->trusted_keys.empty())
      return report(err, WEIR_E_TRUST, "the engine takes bundles only that a trusted key has signed");
    weir::embed::Request request;
    if (weir_status s = read_request(*engine->state, options, &request, err)) return s;
    weir::driver::RuleSetSource set;
    for (const weir_source& source : std::span(sources, n)) {
      WEIR_REQUIRE_TEXT(source.name, err);
      WEIR_REQUIRE_TEXT(source.text, err);
      request.bytes += source.text.len;  // before anything is copied
    }
    if (weir_status s = check_size(*engine->state, request, err)) return s;
    for (const weir_source& source : std::span(sources, n)) {
      request.bytes -= source.text.len;
      set.sources.push_back({std::string(view(source.name)), std::string(view(source.text))});
    }
    return compile_set(engine, std::move(set), std::move(request), ruleset_out, diags_out, err);
  });
}

weir_status weir_compile_files(const weir_engine* engine, const weir_str* paths, size_t n,
                               const weir_compile_options* options, weir_ruleset** ruleset_out, weir_diags** diags_out,
                               weir_error* err) {
  return call(err, [&]() -> weir_status {
    if (diags_out != nullptr) *diags_out = nullptr;
    WEIR_REQUIRE(ruleset_out, err);
    *ruleset_out = nullptr;
    WEIR_REQUIRE(engine, err);
    WEIR_REQUIRE(paths, err);
    if (n == 0) return report(err, WEIR_E_ARG, "no paths are given");
    std::vector<std::string> names;
    for (const weir_str& path : std::span(paths, n)) {
      WEIR_REQUIRE_TEXT(path, err);
      names.emplace_back(view(path));
    }
    weir::embed::Request request;
    if (weir_status s = read_request(*engine->state, options, &request, err)) return s;
    auto set = weir::driver::load_rule_set(names, {engine->state->trusted_keys});
    if (!set.ok()) return report(err, set.status(), weir::embed::code_of_source(set.status()));
    return compile_set(engine, *std::move(set), std::move(request), ruleset_out, diags_out, err);
  });
}

weir_status weir_bundle_load(const weir_engine* engine, weir_str bytes, const weir_compile_options* options,
                             weir_ruleset** ruleset_out, weir_diags** diags_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    if (diags_out != nullptr) *diags_out = nullptr;
    WEIR_REQUIRE(ruleset_out, err);
    *ruleset_out = nullptr;
    WEIR_REQUIRE(engine, err);
    if (bytes.len != 0) WEIR_REQUIRE(bytes.ptr, err);
    weir::embed::Request request;
    if (weir_status s = read_request(*engine->state, options, &request, err)) return s;
    auto bundle = weir::bundle::Bundle::parse(view(bytes), {engine->state->trusted_keys});
    if (!bundle.ok()) return report(err, bundle.status(), weir::embed::code_of_source(bundle.status()));
    auto set = weir::driver::rule_set_of(*bundle);
    if (!set.ok()) return report(err, set.status(), WEIR_E_COMPILE);
    return compile_set(engine, *std::move(set), std::move(request), ruleset_out, diags_out, err);
  });
}

weir_str weir_ruleset_digest(const weir_ruleset* ruleset) {
  return ruleset == nullptr || !ruleset->state->bundle ? weir_str{nullptr, 0} : str(ruleset->state->bundle->digest);
}

uint64_t weir_ruleset_release_number(const weir_ruleset* ruleset) {
  return ruleset == nullptr || !ruleset->state->bundle ? 0 : ruleset->state->bundle->sequence;
}

void weir_ruleset_release(weir_ruleset* ruleset) { delete ruleset; }

uint64_t weir_ruleset_generation(const weir_ruleset* ruleset) { return ruleset == nullptr ? 0 : ruleset->generation; }

uint32_t weir_ruleset_tier(const weir_ruleset* ruleset) {
  if (ruleset == nullptr) return WEIR_TIER_AUTO;
  return ruleset->state->rules->tier() == weir::engine::Tier::kNative ? WEIR_TIER_NATIVE : WEIR_TIER_INTERPRETER;
}

weir_status weir_ruleset_get_tier_status(const weir_ruleset* ruleset, weir_tier_status* status) {
  if (ruleset == nullptr) return WEIR_E_ARG;
  const weir::engine::TierStatus now = ruleset->state->rules->tier_status();
  weir_tier_status full = {};
  full.tier = now.tier == weir::engine::Tier::kNative ? WEIR_TIER_NATIVE : WEIR_TIER_INTERPRETER;
  static_assert(static_cast<int>(weir::engine::TierStatus::Native::kFailed) == WEIR_NATIVE_FAILED);
  full.native = static_cast<uint32_t>(now.native);
  full.units = now.units;
  full.units_done = now.units_done;
  full.units_cached = now.units_cached;
  full.code_bytes = now.code_bytes;
  full.compile_ms = now.compile_ms;
  return weir::embed::write_out(full, status);
}

int32_t weir_ruleset_wait_native(const weir_ruleset* ruleset, uint32_t timeout_ms) {
  return ruleset == nullptr || ruleset->state->rules->wait_for_native(std::chrono::milliseconds(timeout_ms)) ? 1 : 0;
}

weir_str weir_ruleset_tier_note(const weir_ruleset* ruleset) {
  return ruleset == nullptr ? weir_str{nullptr, 0} : str(ruleset->state->rules->tier_note());
}

size_t weir_ruleset_rule_count(const weir_ruleset* ruleset) {
  return ruleset == nullptr ? 0 : ruleset->state->program->rules.size();
}

weir_status weir_ruleset_rule(const weir_ruleset* ruleset, size_t i, weir_rule* rule) {
  if (ruleset == nullptr || i >= ruleset->state->program->rules.size()) return WEIR_E_ARG;
  const weir::ir::Program& program = *ruleset->state->program;
  const weir::ir::Rule& r = program.rules[i];
  weir_rule full = {};
  full.mode = static_cast<uint32_t>(r.mode);
  full.name = str(r.name);
  full.id = str(r.id);
  full.owner = str(r.owner);
  full.severity = str(r.severity);
  full.event = str(program.events[r.event].schema.name);
  weir::embed::Place at = weir::embed::place_of(program, r.span);
  full.file = str(at.file);
  full.line = at.line;
  full.col = at.column;
  return weir::embed::write_out(full, rule);
}

int64_t weir_ruleset_find_rule(const weir_ruleset* ruleset, weir_str id_or_name) {
  if (ruleset == nullptr) return -1;
  const auto& rules = ruleset->state->program->rules;
  int64_t by_name = -1;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].id == view(id_or_name)) return static_cast<int64_t>(i);
    if (by_name < 0 && rules[i].name == view(id_or_name)) by_name = static_cast<int64_t>(i);
  }
  return by_name;
}

size_t weir_ruleset_event_count(const weir_ruleset* ruleset) {
  return ruleset == nullptr ? 0 : ruleset->state->shapes.size();
}

weir_str weir_ruleset_event_name(const weir_ruleset* ruleset, size_t i) {
  if (ruleset == nullptr || i >= ruleset->state->shapes.size()) return {nullptr, 0};
  return str(ruleset->state->shapes[i].name);
}
