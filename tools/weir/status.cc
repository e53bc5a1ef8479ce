// weir status: what decides on a server, and whether it is what it should be.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/durable/file.h"
#include "tools/serve/rule_set.h"
#include "tools/weir/http_client.h"
#include "tools/weir/json.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct StatusOptions {
  std::string server = "http://127.0.0.1:8080";
  std::string token_file, ca_file;
  std::vector<std::string> rules;
  uint64_t generation = 0;
  std::string format = "text";
};

// The file's first line.
std::optional<std::string> read_token(const std::string& path) {
  if (path.empty()) return "";
  auto text = durable::read_file(path);
  if (!text.ok()) {
    complain(std::string(text.status().message()));
    return std::nullopt;
  }
  return text->substr(0, text->find_first_of("\r\n"));
}

std::string text_of(const Json& object, const char* name) {
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? "" : it->is_string() ? it->get<std::string>() : json_text(*it);
}

// What speaks against it; empty if nothing does. `wanted`: the hash of the files that are to decide, if any are.
std::vector<std::string> doubts(const StatusOptions& options, const Json& status, const std::string& wanted) {
  std::vector<std::string> out;
  const std::string hash = text_of(status.value("rules", Json::object()), "hash");
  if (!wanted.empty() && hash != wanted) out.push_back(fmt::format("other rules decide: {}, not {}", hash, wanted));
  const std::string generation = text_of(status, "generation");
  if (options.generation != 0 && generation != std::to_string(options.generation))
    out.push_back(fmt::format("generation {} decides, not {}", generation, options.generation));
  for (const Json& lane : status.value("deciding", Json::array()))
    if (json_text(lane) != generation) out.push_back(fmt::format("a lane decides by generation {}", json_text(lane)));
  return out;
}

std::string to_text(const Json& status, const std::vector<std::string>& found, bool compared) {
  const Json rules = status.value("rules", Json::object()), tier = status.value("tier", Json::object());
  const auto who = [&](const char* title, const std::string& name) {
    return name.empty() ? "" : fmt::format(", {} {}", title, printable(name, 60));
  };
  std::string out =
      fmt::format("generation {} decides: {} of `{}`, {}{}{}\n", text_of(status, "generation"),
                  counted(rules.value("count", uint64_t{0}), "rule"), printable(text_of(rules, "name"), 60),
                  text_of(status, "step"), who("by", text_of(status, "published_by")),
                  who("proposed by", text_of(status, "proposed_by")));
  out += fmt::format("since {}{}\n", text_of(status, "published"), who("because", text_of(status, "reason")));
  out += fmt::format("hash {}\ndigest {}, release {}\n", text_of(rules, "hash"), text_of(rules, "digest"),
                     text_of(rules, "release"));
  out += fmt::format("tier {}\n", text_of(tier, "in_use"));
  const Json began = status.value("began_with", Json::object());
  out += fmt::format("the server began {} with generation {}{}\n", text_of(status, "started"),
                     text_of(began, "generation"),
                     text_of(began, "from") == "kept" ? ", as it was published" : " of --rules");
  for (const Json& note : began.value("notes", Json::array()))
    out += fmt::format("  {}\n", printable(json_text(note), 200));
  if (const Json rollout = status.value("rollout", Json()); rollout.is_object())
    out += fmt::format("proposal {} runs beside it\n", text_of(rollout, "proposal"));
  if (const Json error = status.value("last_load_error", Json()); error.is_object())
    out += fmt::format("the last load failed, at {}: {}\n", text_of(error, "time"),
                       printable(text_of(error, "message"), 200));
  for (const std::string& doubt : found) out += fmt::format("NO: {}\n", doubt);
  if (found.empty() && compared) out += "yes: the files decide\n";
  return out;
}

int status(const StatusOptions& options) {
  const auto token = read_token(options.token_file);
  if (!token) return kUsage;
  std::string wanted;
  if (!options.rules.empty()) {
    serve::LoadOptions how;
    how.rules.tier = engine::Tier::kInterpreter;
    serve::Loader loader(how);
    serve::LoadFailure failure;
    const auto set = loader.load_paths(options.rules, {}, &failure);
    if (set == nullptr) {
      print(failure.text);
      complain(failure.message);
      return failure.diagnostics.empty() ? kUsage : kFindings;
    }
    wanted = set->files_hash;
  }
  const auto answer = http_get(options.server, "/v1/status", *token, options.ca_file);
  if (!answer.ok()) {
    complain(std::string(answer.status().message()));
    return kUsage;
  }
  const Json got = Json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !got.is_object()) {
    complain(fmt::format("{}: {} {}", options.server, answer->status, printable(answer->body, 300)));
    return kUsage;
  }
  const std::vector<std::string> found = doubts(options, got, wanted);
  if (options.format == "json") {
    Json out = got;
    out["doubts"] = found;
    print(json_text(out, 2) + "\n");
  } else {
    print(to_text(got, found, !wanted.empty()));
  }
  return found.empty() ? kOk : kFindings;
}

}  // namespace

void add_status(CLI::App& app, Action* action) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* verb = app.add_subcommand("status", "Which rules decide on a server; are they the ones that should?");
  verb->add_option("--server", options->server, "Of `weir serve`")->type_name("URL");
  verb->add_option("--token-file", options->token_file, "A file with the token of a reader; mode 0600, say")
      ->type_name("FILE");
  verb->add_option("--cacert", options->ca_file, "Who may have signed the server's certificate, PEM")
      ->type_name("FILE");
  add_rules_option(verb, &options->rules);
  verb->add_option("--generation", options->generation, "That is to decide")->type_name("N");
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(
      R"(With --rules (a directory, files or a bundle) or --generation the exit status is 1 if something else decides. Files are compared
by a hash of their paths and contents, which every verdict's answer has too, in the header Weir-Rules beside Weir-Generation.

Examples:
  weir status --server https://verdicts.internal --token-file reader.token
  weir status --rules rules/ || echo "not deployed"
)");
  verb->callback([options, action] { *action = [options] { return status(*options); }; });
}

}  // namespace weir::tools
