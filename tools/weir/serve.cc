// weir serve: verdicts over HTTP, for hosts that do not link C.
#include <fmt/format.h>

#include <csignal>
#include <thread>

#include "compiler/driver/units.h"
#include "runtime/crypto/signature.h"
#include "runtime/reload/file_watch.h"
#include "tools/serve/server.h"
#include "tools/weir/kept_state.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct ServeOptions {
  std::vector<std::string> rules, trust;
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  std::string tokens, audit, tls_cert, tls_key, cache;
  bool plaintext = false;
  bool ordered = false;
  bool watch = false;
  bool rules_first = false;
  size_t threads = 0;
  size_t max_connections = 10'000;
  std::string max_body = "16MiB", head_timeout = "10s", body_timeout = "30s", idle_timeout = "75s", drain = "20s",
              deadline;
  size_t max_depth = 64, max_batch = 1000;
  double rate = 0, change_rate = 10;
  TierChoice tier = TierChoice::kAuto;
  StateOptions state;
};

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

// What must not be started; empty if all is well.
std::string refusal(const ServeOptions& options) {
  if (options.tokens.empty() && !is_loopback(options.host))
    return "without --tokens anybody may ask: only a loopback address is served";
  if (options.tls_cert.empty() && !options.plaintext && !is_loopback(options.host))
    return "tokens would go over the network in the clear: give --tls-cert and --tls-key, or --plaintext if something "
           "in "
           "front of the server ends TLS";
  if (!options.tokens.empty() && options.audit.empty())
    return "with --tokens changes can be made: say with --audit where they are recorded";
  return {};
}

std::optional<std::chrono::seconds> seconds(const std::string& text) {
  const auto nanos = driver::parse_duration(text);
  if (!nanos) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(std::chrono::nanoseconds(*nanos));
}

// False, and complained about, if one of them is no duration or size.
bool read_limits(const ServeOptions& options, serve::ServerOptions* server, serve::Limits* limits) {
  const auto body = driver::parse_bytes(options.max_body);
  if (!body || *body == 0) {
    complain(fmt::format("--max-body `{}` is no size", options.max_body));
    return false;
  }
  limits->body_bytes = *body;
  limits->json_depth = options.max_depth;
  limits->batch_events = options.max_batch;
  limits->requests = {options.rate, std::max(options.rate, 1.0)};
  limits->changes = {options.change_rate, std::max(options.change_rate * 6, 1.0)};
  const struct {
    const char* name;
    const std::string& text;
    std::chrono::seconds* to;
  } times[] = {{"--head-timeout", options.head_timeout, &server->head_timeout},
               {"--body-timeout", options.body_timeout, &server->body_timeout},
               {"--idle-timeout", options.idle_timeout, &server->idle_timeout},
               {"--drain", options.drain, &server->drain}};
  for (const auto& t : times) {
    const auto read = seconds(t.text);
    if (!read) {
      complain(fmt::format("{} `{}` is no duration", t.name, t.text));
      return false;
    }
    *t.to = *read;
  }
  if (!options.deadline.empty()) {
    const auto nanos = driver::parse_duration(options.deadline);
    if (!nanos || *nanos <= 0) {
      complain(fmt::format("--deadline `{}` is no duration", options.deadline));
      return false;
    }
    limits->deadline = std::chrono::nanoseconds(*nanos);
  }
  server->host = options.host;
  server->port = options.port;
  server->tls_cert = options.tls_cert;
  server->tls_key = options.tls_key;
  server->max_connections = options.max_connections;
  server->threads = options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  return true;
}

bool read_trust(const ServeOptions& options, bundle::Trust* trust) {
  for (const std::string& path : options.trust) {
    auto text = durable::read_file(path);
    auto key = text.ok() ? crypto::parse_public_key(*text) : absl::StatusOr<crypto::PublicKey>(text.status());
    if (!key.ok()) {
      complain(fmt::format("{}: {}", path, std::string(key.status().message())));
      return false;
    }
    trust->keys.push_back(*key);
  }
  return true;
}

void tell(const serve::LoadFailure& failure) {
  fwrite(failure.text.data(), 1, failure.text.size(), stderr);
  complain(failure.message);
}

// Lets the rules on the disk decide, if they are others. With keys to trust, no older release. False: they do not load.
bool reload_rules(const ServeOptions& options, serve::Loader& loader, bundle::Trust trust, serve::Service& service,
                  std::string_view by, std::string_view reason) {
  const uint64_t before = service.deciders().number();
  if (!trust.keys.empty()) trust.min_sequence = service.deciders().current()->set->bundle.contents().sequence;
  serve::LoadFailure failure;
  auto set = loader.load_paths(options.rules, trust, &failure);
  if (set == nullptr) tell(failure);
  const absl::Status status = service.publisher().reload(std::move(set), failure, by, reason);
  const uint64_t now = service.deciders().number();
  if (!status.ok()) {
    complain(fmt::format("generation {} goes on: {}", before, std::string(status.message())));
  } else if (now != before) {
    complain(fmt::format("generation {} decides: {}", now, reason));
  }
  return status.ok();
}

// What was published last, or, where nothing is kept that can be used, --rules. An exit status.
int begin_with(const ServeOptions& options, serve::Loader& loader, serve::Service::Parts& parts) {
  if (parts.kept != nullptr) {
    auto kept = serve::begin_with_kept(*parts.kept, loader, parts.trust);
    if (!kept.ok()) {
      complain(std::string(kept.status().message()));
      return kUsage;
    }
    parts.beginning = *std::move(kept);
    for (const std::string& note : parts.beginning.notes) complain(note);
  }
  if (parts.beginning.first != nullptr) {
    complain(fmt::format("beginning with generation {}, as it was published, and not with --rules",
                         parts.beginning.first->number));
    return kOk;
  }
  serve::LoadFailure failure;
  auto set = loader.load_paths(options.rules, parts.trust, &failure);
  if (set == nullptr) {
    tell(failure);
    return failure.diagnostics.empty() ? kUsage : kFindings;
  }
  auto first = std::make_shared<serve::Generation>();
  first->number = parts.beginning.next;
  first->set = std::move(set);
  first->wall_nanos = serve::wall_nanos();
  first->step = "start";
  first->reason = "as started";
  parts.beginning.first = std::move(first);
  return kOk;
}

int run_serve(const ServeOptions& options) {
  if (const std::string why = refusal(options); !why.empty()) {
    complain(why);
    return kUsage;
  }
  serve::ServerOptions server_options;
  serve::Service::Parts parts;
  if (!read_limits(options, &server_options, &parts.limits) || !read_trust(options, &parts.trust)) return kUsage;
  parts.version = WEIR_VERSION;
  serve::LoadOptions load;
  load.weir_version = WEIR_VERSION;
  load.rules.tier = engine_tier(options.tier);
  load.rules.cache_directory = options.cache;
  const auto loader = std::make_shared<serve::Loader>(std::move(load));
  parts.loader = loader;
  if (!options.tokens.empty()) {
    auto tokens = serve::Tokens::read(options.tokens);
    if (!tokens.ok()) {
      complain(std::string(tokens.status().message()));
      return kUsage;
    }
    parts.tokens = *std::move(tokens);
  }
  auto audit = serve::Audit::open(options.audit);
  if (!audit.ok()) {
    complain(std::string(audit.status().message()));
    return kUsage;
  }
  parts.audit = *std::move(audit);
  parts.lanes = options.ordered ? 1 : server_options.threads;
  if (!options.state.directory.empty()) {
    serve::StoreOptions store;
    if (const auto wrong = read_state_options(options.state, &store)) {
      complain(*wrong);
      return kUsage;
    }
    auto opened = serve::Store::open(store);
    if (!opened.ok()) {
      complain(std::string(opened.status().message()));
      return kUsage;
    }
    parts.store = *std::move(opened);
    parts.kept = std::make_unique<serve::KeptRules>(options.state.directory);
  }
  if (const int code = begin_with(options, *loader, parts); code != kOk) return code;
  if (parts.store != nullptr) {
    durable::Recovery recovery;
    const serve::RuleSet& set = *parts.beginning.first->set;
    auto state = parts.store->recover(set.rules, set.session, &recovery);
    tell_recovery(recovery, options.state.directory);
    if (!state.ok()) {
      complain(std::string(state.status().message()));
      return kUsage;
    }
    parts.state = *std::move(state);
  }
  signal(SIGPIPE, SIG_IGN);
  const bundle::Trust trust = parts.trust;
  serve::Service service(std::move(parts));
  if (absl::Status s = service.publisher().begin(); !s.ok()) {
    complain(std::string(s.message()));
    return kUsage;
  }
  if (options.rules_first && !reload_rules(options, *loader, trust, service, "the command line", "--rules-first"))
    return kFindings;
  auto server = serve::Server::create(&service, server_options);
  if (!server.ok()) {
    complain(std::string(server.status().message()));
    return kUsage;
  }
  complain(fmt::format("serving {} on {}://{}:{}", counted(service.deciders().current()->set->rule_count, "rule"),
                       options.tls_cert.empty() ? "http" : "https", options.host, (*server)->port()));
  std::unique_ptr<reload::FileWatch> watch;
  if (options.watch) {
    auto started = reload::FileWatch::start(options.rules, {}, [&] {
      (*server)->post_change([&] { reload_rules(options, *loader, trust, service, "the files", "they have changed"); });
    });
    if (!started.ok()) {
      complain(std::string(started.status().message()));
      return kInternal;
    }
    watch = *std::move(started);
  }
  (*server)->run([&] {
    if (options.tokens.empty()) return;
    auto tokens = serve::Tokens::read(options.tokens);
    if (tokens.ok()) {
      service.set_tokens(*std::move(tokens));
      complain("the tokens were read again");
    } else {
      complain(fmt::format("the tokens stay as they were: {}", std::string(tokens.status().message())));
    }
  });
  watch.reset();
  server->reset();  // a change under way is made first
  if (options.state.directory.empty()) return kOk;
  if (absl::Status s = service.deciders().snapshot(); !s.ok()) {
    complain(fmt::format("no final snapshot: {}", std::string(s.message())));
    return kUsage;
  }
  return kOk;
}

}  // namespace

void add_serve(CLI::App& app, Action* action) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* verb =
      app.add_subcommand("serve", "Verdicts over HTTP: evaluate, publish, explain, labels, lists, metrics");
  add_rules_option(verb, &options->rules)->required();
  verb->add_option("--host", options->host, "Address to listen on")->type_name("IP");
  verb->add_option("--port", options->port, "Port; 0: any that is free, told on standard error");
  verb->add_option("--tokens", options->tokens,
                   "Who may do what; mode 0600. Without: nothing can be changed, and only loopback is served")
      ->type_name("FILE");
  verb->add_option("--audit", options->audit, "Append every change here")->type_name("FILE");
  verb->add_option("--tls-cert", options->tls_cert, "Certificate chain, PEM")->type_name("FILE");
  verb->add_option("--tls-key", options->tls_key, "Its private key, PEM")->type_name("FILE");
  verb->add_flag("--plaintext", options->plaintext,
                 "No TLS although others than this machine are served: something in front ends it");
  verb->add_option("--trust", options->trust,
                   "Take only bundles that one of these public keys has signed, and no older release")
      ->type_name("KEY");
  verb->add_flag("--watch", options->watch, "Let changes of the files of --rules decide as soon as they are there");
  verb->add_flag("--rules-first", options->rules_first,
                 "Let --rules decide, and be kept, although something that was published is kept in --state");
  verb->add_option(
          "--deadline", options->deadline,
          "By when an evaluation whose request has no Weir-Timeout is to be through; else the declared verdict")
      ->type_name("DURATION");
  verb->add_option("--threads", options->threads, "Threads that serve (default: one a core)");
  verb->add_flag("--ordered", options->ordered,
                 "One order of all events, whatever connection they come on; --state has it too");
  add_state_options(verb, &options->state);
  add_tier_option(verb, &options->tier, false);
  add_cache_option(verb, &options->cache);
  verb->add_option("--max-connections", options->max_connections, "Open at once")->check(CLI::PositiveNumber);
  verb->add_option("--max-body", options->max_body, "Of a request")->type_name("SIZE");
  verb->add_option("--max-depth", options->max_depth, "Of nesting in JSON")->check(CLI::PositiveNumber);
  verb->add_option("--max-batch", options->max_batch, "Events in a batch")->check(CLI::PositiveNumber);
  verb->add_option("--rate", options->rate, "Requests a second of one token, or address; 0: no limit")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--change-rate", options->change_rate, "Changes a second of one token; 0: no limit")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--head-timeout", options->head_timeout, "For a request's headers to come")->type_name("DURATION");
  verb->add_option("--body-timeout", options->body_timeout, "For its body")->type_name("DURATION");
  verb->add_option("--idle-timeout", options->idle_timeout, "Between requests")->type_name("DURATION");
  verb->add_option("--drain", options->drain, "What is under way may take so long after SIGTERM")
      ->type_name("DURATION");
  verb->footer(
      R"(POST an event to /v1/evaluate: the answer is what `weir run` prints. /openapi.json tells the rest; docs/operations.md how to run it.
SIGTERM finishes what is under way, takes a last snapshot (--state) and ends; SIGHUP reads the tokens again.

Examples:
  weir serve --rules rules/
  weir serve --rules rules/ --state state/ --snapshot-every 5m --tokens tokens --audit audit.jsonl
  weir serve --rules rules.weirbundle --trust key.pub --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --tokens tokens --audit audit.jsonl
  curl -d '{"time":"2026-01-01T00:00:00Z","id":"e1","text":"hi"}' -H 'Content-Type: application/json' localhost:8080/v1/evaluate
)");
  verb->callback([options, action] { *action = [options] { return run_serve(*options); }; });
}

}  // namespace weir::tools
