// Sources to a rule set that can be evaluated.
#include "embed-api/src/compile.h"

#include <mutex>
#include <optional>
#include <span>

#include "compiler/driver/bundle.h"
#include "compiler/driver/recompile.h"

namespace weir::embed {
weir_status read_request(const EngineState& engine, const weir_compile_options* options, CompileRequest* out,
                         weir_error* err) {
  weir_compile_options given;
  if (weir_status s = read_options(options, &given, "weir_compile_options", err)) return s;
  out->lint = given.no_lint == 0;
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

namespace {

weir_status check_size(const EngineState& engine, const CompileRequest& request, weir_error* err) {
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

// Why checked rules cannot be evaluated.
weir_status code_of_rules(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return WEIR_E_COMPILE;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      return WEIR_E_LIMIT;  // of the system
    default:
      return WEIR_E_INTERNAL;
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

}  // namespace

// Compilations that do not find it free do without.
struct LastCompiled {
  std::mutex mutex;  // of what follows
  driver::Recompiler recompiler;
  std::shared_ptr<const engine::Rules> rules;
};

std::shared_ptr<LastCompiled> make_last_compiled() { return std::make_shared<LastCompiled>(); }

namespace {

// Of everything a rule set is compiled from, in order.
class ContentHash {
 public:
  void add(std::string_view text) {
    text_ += ir::to_string(ir::identity_of(text));  // of its hash: texts cannot run into each other
  }
  std::string text() const { return ir::to_string(ir::identity_of(text_)); }

 private:
  std::string text_;
};

// `diags` may be null.
weir_status compile_set(const std::shared_ptr<const EngineState>& engine, driver::RuleSetSource source,
                        CompileRequest request, std::shared_ptr<const RulesetState>* out,
                        std::unique_ptr<weir_diags>* diags, weir_error* err) {
  ContentHash content;
  content.add(source.manifest_text);
  for (const driver::SourceText& s : source.sources) {
    request.bytes += s.text.size();
    content.add(s.text);
  }
  if (weir_status s = check_size(*engine, request, err)) return s;
  driver::CompileOptions options;
  options.lint = request.lint;
  options.max_rules = engine->max_rules;
  options.limits = driver::limits_of(source.manifest);
  options.read_file = [&](base::FileId from, const std::string& path) -> std::optional<std::string> {
    std::optional<std::string> text;
    if (auto it = request.lists.find(path); it != request.lists.end()) {
      text = it->second;
    } else if (source.read_file) {
      text = source.read_file(from, path);
    }
    content.add(path);
    content.add(text.value_or(""));
    return text;
  };
  if (!request.lists.empty()) source.ir.clear();  // which has the lists of the bundle
  content.add(source.ir);                         // with its lists, which are not read then
  std::unique_lock<std::mutex> lock;              // while the last one serves
  LastCompiled* last = source.ir.empty() ? engine->last.get() : nullptr;
  if (last != nullptr) lock = std::unique_lock(last->mutex, std::try_to_lock);
  if (!lock.owns_lock()) last = nullptr;
  driver::Compilation compilation = last != nullptr
                                        ? last->recompiler.compile(std::move(source.sources), options)
                                        : driver::compile_rule_set(std::move(source.sources), source.ir, options);
  if (diags != nullptr) *diags = make_diags(compilation);
  if (compilation.program == nullptr) return report(err, WEIR_E_COMPILE, first_error(compilation));
  engine::RulesOptions how;
  how.tier = request.tier;
  if (last != nullptr) how.previous = last->rules;
  std::shared_ptr<RulesetState> state;
  if (weir_status status =
          make_ruleset(engine, compilation.program, std::move(source.manifest), std::move(how), &state, err))
    return status;
  if (last != nullptr) last->rules = state->rules;
  auto protections = driver::protections(state->manifest, *compilation.program);
  if (!protections.ok()) return report(err, protections.status(), WEIR_E_COMPILE);
  state->protections = *std::move(protections);
  state->bundle = source.bundle;
  state->content_hash = content.text();
  *out = std::move(state);
  return WEIR_OK;
}

// What every call that compiles begins with.
weir_status begin(const weir_engine* engine, const weir_compile_options* options, weir_ruleset** ruleset_out,
                  weir_diags** diags_out, CompileRequest* request, weir_error* err) {
  if (diags_out != nullptr) *diags_out = nullptr;
  WEIR_REQUIRE(ruleset_out, err);
  *ruleset_out = nullptr;
  WEIR_REQUIRE(engine, err);
  return read_request(*engine->state, options, request, err);
}

// What a call does around a compilation: outs, and a handle of the result.
template <typename Compile>
weir_status compile_to(weir_ruleset** ruleset_out, weir_diags** diags_out, Compile compile) {
  std::shared_ptr<const RulesetState> state;
  std::unique_ptr<weir_diags> diags;
  const weir_status status = compile(&state, diags_out == nullptr ? nullptr : &diags);
  if (status == WEIR_OK) *ruleset_out = new weir_ruleset{std::move(state), 0};
  if (diags_out != nullptr) *diags_out = diags.release();
  return status;
}

}  // namespace

weir_status make_ruleset(const std::shared_ptr<const EngineState>& engine, std::shared_ptr<const ir::Program> program,
                         driver::Manifest manifest, engine::RulesOptions options, std::shared_ptr<RulesetState>* out,
                         weir_error* err) {
  auto state = std::make_shared<RulesetState>();
  state->engine = engine;
  state->program = std::move(program);
  state->tier = options.tier;
  options.compile_threads = engine->compile_threads;
  options.cache_directory = engine->native_cache;
  options.max_cache_bytes = engine->max_native_cache_bytes;
  auto rules = engine::Rules::create(state->program, options);
  if (!rules.ok()) return report(err, rules.status(), code_of_rules(rules.status()));
  state->rules = *std::move(rules);
  if (absl::Status s = add_plans(manifest.events, state.get()); !s.ok()) return report(err, s, WEIR_E_COMPILE);
  state->policies = driver::event_policies(manifest, *state->program);
  state->fail_verdict = manifest.protection.verdict;
  state->max_state_bytes = manifest.state_memory_bytes;
  state->manifest = std::move(manifest);
  *out = std::move(state);
  return WEIR_OK;
}

weir_status read_paths(const weir_str* paths, size_t n, std::vector<std::string>* out, weir_error* err) {
  WEIR_REQUIRE(paths, err);
  if (n == 0) return report(err, WEIR_E_ARG, "no paths are given");
  for (const weir_str& path : std::span(paths, n)) {
    WEIR_REQUIRE_TEXT(path, err);
    out->emplace_back(view(path));
  }
  return WEIR_OK;
}

weir_status compile_paths(const std::shared_ptr<const EngineState>& engine, const std::vector<std::string>& paths,
                          CompileRequest request, std::shared_ptr<const RulesetState>* out,
                          std::unique_ptr<weir_diags>* diags, weir_error* err) {
  auto set = driver::load_rule_set(paths, {engine->trusted_keys});
  if (!set.ok()) return report(err, set.status(), code_of_source(set.status()));
  return compile_set(engine, *std::move(set), std::move(request), out, diags, err);
}

}  // namespace weir::embed

using weir::embed::call;
using weir::embed::report;
using weir::embed::view;

weir_status weir_compile(const weir_engine* engine, const weir_source* sources, size_t n,
                         const weir_compile_options* options, weir_ruleset** ruleset_out, weir_diags** diags_out,
                         weir_error* err) {
  return call(err, [&]() -> weir_status {
    weir::embed::CompileRequest request;
    if (weir_status s = weir::embed::begin(engine, options, ruleset_out, diags_out, &request, err)) return s;
    if (n != 0) WEIR_REQUIRE(sources, err);
    if (!engine->state->trusted_keys.empty())
      return report(err, WEIR_E_TRUST, "the engine takes bundles only that a trusted key has signed");
    weir::driver::RuleSetSource set;
    for (const weir_source& source : std::span(sources, n)) {
      WEIR_REQUIRE_TEXT(source.name, err);
      WEIR_REQUIRE_TEXT(source.text, err);
      request.bytes += source.text.len;  // before anything is copied
    }
    if (weir_status s = weir::embed::check_size(*engine->state, request, err)) return s;
    for (const weir_source& source : std::span(sources, n)) {
      request.bytes -= source.text.len;
      set.sources.push_back({std::string(view(source.name)), std::string(view(source.text))});
    }
    return weir::embed::compile_to(ruleset_out, diags_out, [&](auto* out, auto* diags) {
      return weir::embed::compile_set(engine->state, std::move(set), std::move(request), out, diags, err);
    });
  });
}

weir_status weir_compile_files(const weir_engine* engine, const weir_str* paths, size_t n,
                               const weir_compile_options* options, weir_ruleset** ruleset_out, weir_diags** diags_out,
                               weir_error* err) {
  return call(err, [&]() -> weir_status {
    weir::embed::CompileRequest request;
    if (weir_status s = weir::embed::begin(engine, options, ruleset_out, diags_out, &request, err)) return s;
    std::vector<std::string> names;
    if (weir_status s = weir::embed::read_paths(paths, n, &names, err)) return s;
    return weir::embed::compile_to(ruleset_out, diags_out, [&](auto* out, auto* diags) {
      return weir::embed::compile_paths(engine->state, names, std::move(request), out, diags, err);
    });
  });
}

weir_status weir_bundle_load(const weir_engine* engine, weir_str bytes, const weir_compile_options* options,
                             weir_ruleset** ruleset_out, weir_diags** diags_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    weir::embed::CompileRequest request;
    if (weir_status s = weir::embed::begin(engine, options, ruleset_out, diags_out, &request, err)) return s;
    if (bytes.len != 0) WEIR_REQUIRE(bytes.ptr, err);
    auto bundle = weir::bundle::Bundle::parse(view(bytes), {engine->state->trusted_keys});
    if (!bundle.ok()) return report(err, bundle.status(), weir::embed::code_of_source(bundle.status()));
    auto set = weir::driver::rule_set_of(*bundle);
    if (!set.ok()) return report(err, set.status(), WEIR_E_COMPILE);
    return weir::embed::compile_to(ruleset_out, diags_out, [&](auto* out, auto* diags) {
      return weir::embed::compile_set(engine->state, *std::move(set), std::move(request), out, diags, err);
    });
  });
}
