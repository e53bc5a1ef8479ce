// weir.yaml to a Manifest, by yaml-cpp; every complaint names the line.
#include "compiler/driver/manifest.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <optional>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "compiler/base/diagnostics.h"
#include "compiler/driver/units.h"

namespace weir::driver {
namespace {

absl::Status invalid(const std::string& text) { return absl::InvalidArgumentError(absl::string_view(text)); }

class ManifestReader {
 public:
  ManifestReader(const std::string& path, Manifest* out) : path_(path), out_(*out) {}

  void read(const YAML::Node& root) {
    if (root.IsNull()) return;
    if (!expect_map(root, "the manifest")) return;
    known_keys(root, {"name", "rules", "events", "state", "cost", "protect", "rollout", "owners"});
    if (auto n = root["name"]) out_.name = scalar(n, "name");
    if (auto n = root["rules"]) read_rules(n);
    if (auto n = root["events"]; n && expect_map(n, "events")) {
      for (const auto& entry : n) read_event(entry.first.as<std::string>(), entry.second);
    }
    if (auto n = root["state"]; n && expect_map(n, "state")) {
      known_keys(n, {"memory"});
      if (auto m = n["memory"]) {
        if (auto bytes = parse_bytes(scalar(m, "memory"))) {
          out_.state_memory_bytes = *bytes;
        } else {
          error(m, fmt::format("`{}` is not a size in bytes", scalar(m, "memory")), "write it as `512MiB` or `4GiB`");
        }
      }
    }
    if (auto n = root["cost"]; n && expect_map(n, "cost")) {
      known_keys(n, {"max_rule"});
      if (auto m = n["max_rule"]) {
        if (auto count = parse_count(scalar(m, "max_rule"))) {
          out_.max_rule_cost = *count;
        } else {
          error(m, fmt::format("`{}` is not a whole number of cost units", scalar(m, "max_rule")), "");
        }
      }
    }
    if (auto n = root["protect"]; n && expect_map(n, "protect")) {
      read_protection(n, {"errors", "steps", "overruns", "fail", "rules"}, &out_.protection);
      if (auto rules = n["rules"]; rules && expect_map(rules, "rules")) {
        for (const auto& entry : rules) {
          const std::string rule = entry.first.as<std::string>();
          engine::Protection protection = out_.protection;
          if (expect_map(entry.second, rule))
            read_protection(entry.second, {"errors", "steps", "overruns", "fail"}, &protection);
          out_.rule_protections[rule] = protection;
        }
      }
    }
    if (auto n = root["rollout"]; n && expect_map(n, "rollout")) read_promotion(n);
    if (auto n = root["owners"]; n && expect_map(n, "owners")) {
      for (const auto& entry : n) out_.owners[entry.first.as<std::string>()] = scalar(entry.second, "owners");
    }
  }

  std::vector<std::string> errors;

 private:
  void error(const YAML::Node& at, const std::string& message, const std::string& hint) {
    errors.push_back(fmt::format("{}:{}: {}{}{}", path_, at.Mark().line + 1, message, hint.empty() ? "" : "; ", hint));
  }

  bool expect_map(const YAML::Node& node, std::string_view what) {
    if (node.IsMap()) return true;
    error(node, fmt::format("`{}` is not a mapping of keys to values", what), "");
    return false;
  }

  // yaml-cpp keeps the first of two equal keys and says nothing: both mistakes are caught here.
  void known_keys(const YAML::Node& map, const std::vector<std::string_view>& known) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        std::string_view close = base::did_you_mean(key, known);
        error(entry.first, fmt::format("unknown key `{}`", key),
              close.empty() ? fmt::format("known here: {}",
                                          absl::StrJoin(std::vector<std::string>(known.begin(), known.end()), ", "))
                            : fmt::format("did you mean `{}`?", close));
      } else if (!seen.insert(key).second) {
        error(entry.first, fmt::format("key `{}` is given twice", key), "");
      }
    }
  }

  std::string scalar(const YAML::Node& node, std::string_view what) {
    if (node.IsScalar()) return node.Scalar();
    error(node, fmt::format("`{}` takes one value", what), "");
    return "";
  }

  void read_rules(const YAML::Node& node) {
    if (node.IsScalar()) {
      out_.rules.push_back(node.Scalar());
    } else if (node.IsSequence()) {
      for (const auto& item : node) out_.rules.push_back(scalar(item, "rules"));
    } else {
      error(node, "`rules` is neither a file pattern nor a list of them", "");
    }
  }

  void read_event(const std::string& name, const YAML::Node& node) {
    EventMapping mapping;
    mapping.event = name;
    if (!node.IsNull() && !expect_map(node, name)) return;
    if (node.IsMap()) {
      known_keys(node, {"type", "lateness", "ahead", "duplicates", "time", "id", "fields"});
      for (const char* builtin : {"time", "id"})
        if (auto n = node[builtin]) read_field(builtin, n, &mapping);
      if (auto n = node["type"]) {
        if (n.IsScalar()) {
          mapping.type_value = n.Scalar();
        } else if (expect_map(n, "type")) {
          known_keys(n, {"path", "value"});
          if (auto p = n["path"]) mapping.type_path = scalar(p, "path");
          if (auto v = n["value"]) mapping.type_value = scalar(v, "value");
        }
      }
      read_policy(name, node);
      if (auto n = node["fields"]; n && expect_map(n, "fields")) {
        for (const auto& entry : n) read_field(entry.first.as<std::string>(), entry.second, &mapping);
      }
    }
    out_.events.push_back(std::move(mapping));
  }

  // A duration; `off`, where it may be said, gives what it means.
  void read_duration(const YAML::Node& node, std::string_view key, std::optional<int64_t> off, int64_t* out) {
    const std::string text = scalar(node, key);
    if (off && text == "off") {
      *out = *off;
    } else if (auto nanos = parse_duration(text)) {
      *out = *nanos;
    } else {
      error(node, fmt::format("`{}` is not a duration", text),
            fmt::format("write it as `90s`, `10m`, `1h30m` or `7d`{}", off ? ", or `off`" : ""));
    }
  }

  void read_policy(const std::string& name, const YAML::Node& node) {
    int64_t lateness = 0;
    if (auto n = node["lateness"]) read_duration(n, "lateness", std::nullopt, &lateness);
    engine::EventPolicy policy = default_policy(lateness);
    if (auto n = node["ahead"]) read_duration(n, "ahead", INT64_MAX, &policy.max_ahead_nanos);
    if (auto n = node["duplicates"]) read_duration(n, "duplicates", 0, &policy.duplicates_nanos);
    out_.policies[name] = policy;
  }

  // "100 per 10m", or off.
  void read_faults(const YAML::Node& node, std::string_view key, engine::FaultBudget* out) {
    const std::string text = scalar(node, key);
    *out = {};
    if (text == "off") return;
    constexpr std::string_view kPer = " per ";
    const size_t at = text.find(kPer);
    const auto count = at == std::string::npos ? std::nullopt : parse_count(text.substr(0, at));
    const auto per = at == std::string::npos ? std::nullopt : parse_duration(text.substr(at + kPer.size()));
    if (count && per && *per > 0) {
      *out = {static_cast<int64_t>(*count), *per};
    } else {
      error(node, fmt::format("`{}` is not a number of faults in a time", text), "write it as `100 per 10m`, or `off`");
    }
  }

  void read_protection(const YAML::Node& node, const std::vector<std::string_view>& keys, engine::Protection* out) {
    known_keys(node, keys);
    if (auto n = node["errors"]) read_faults(n, "errors", &out->errors);
    if (auto n = node["overruns"]) read_faults(n, "overruns", &out->overruns);
    if (auto n = node["steps"]) {
      const auto steps = parse_count(scalar(n, "steps"));
      if (!steps || *steps == 0) error(n, fmt::format("`{}` is not a number of steps", scalar(n, "steps")), "");
      out->steps = static_cast<int64_t>(steps.value_or(0));
    }
    if (out->overruns.per_nanos != 0 && out->steps == 0)
      error(node, "`overruns` are of `steps`, which are not given", "say what an evaluation may take: `steps: 50000`");
    if (auto n = node["fail"]) {
      const std::string text = scalar(n, "fail");
      out->verdict = ir::Verdict::kAllow;
      for (const auto verdict : {ir::Verdict::kReview, ir::Verdict::kChallenge, ir::Verdict::kBlock}) {
        if (text == ir::verdict_name(verdict)) out->verdict = verdict;
      }
      if (out->verdict == ir::Verdict::kAllow && text != "open")
        error(n, fmt::format("`{}` is not what a rule out of service does", text),
              "it is `open` (quiet), or a verdict: `review`, `challenge` or `block`");
    }
  }

  void read_count(const YAML::Node& map, const char* key, uint64_t* out) {
    const auto n = map[key];
    if (!n) return;
    if (auto count = parse_count(scalar(n, key))) {
      *out = *count;
    } else {
      error(n, fmt::format("`{}` is not a whole number", scalar(n, key)), "");
    }
  }

  // "20%", or "0.2".
  void read_share(const YAML::Node& map, const char* key, double* out) {
    const auto n = map[key];
    if (!n) return;
    std::string text = scalar(n, key);
    const bool percent = text.ends_with('%');
    if (percent) text.pop_back();
    double share = 0;
    if (!absl::SimpleAtod(text, &share) || !(share >= 0)) {
      error(n, fmt::format("`{}` is not a share", scalar(n, key)), "write it as `20%` or `0.2`");
    } else {
      *out = percent ? share / 100 : share;
    }
  }

  void read_promotion(const YAML::Node& node) {
    known_keys(node, {"promote_after", "max_alert_change", "min_overlap", "min_precision", "min_labelled",
                      "max_error_rate", "max_events"});
    read_count(node, "promote_after", &out_.promotion.events);
    read_count(node, "min_labelled", &out_.promotion.min_labelled);
    read_count(node, "max_events", &out_.promotion.max_events);
    read_share(node, "max_alert_change", &out_.promotion.max_alert_change);
    read_share(node, "min_overlap", &out_.promotion.min_overlap);
    read_share(node, "min_precision", &out_.promotion.min_precision);
    read_share(node, "max_error_rate", &out_.promotion.max_error_rate);
  }

  void read_field(const std::string& name, const YAML::Node& node, EventMapping* mapping) {
    FieldMapping field;
    if (node.IsScalar()) {
      field.path = node.Scalar();
    } else if (expect_map(node, name)) {
      known_keys(node, {"path", "split", "format"});
      if (auto n = node["path"]) field.path = scalar(n, "path");
      if (auto n = node["split"]) field.split = scalar(n, "split");
      if (auto n = node["format"]) field.format = scalar(n, "format");
    }
    mapping->fields[name] = std::move(field);
  }

  const std::string& path_;
  Manifest& out_;
};

}  // namespace

engine::EventPolicy default_policy(int64_t lateness_nanos) {
  return {lateness_nanos, kDefaultAhead, std::max(lateness_nanos, kDefaultDuplicates)};
}

std::vector<engine::EventPolicy> event_policies(const Manifest& manifest, const ir::Program& program) {
  std::vector<engine::EventPolicy> out;
  for (const ir::Event& event : program.events) {
    const auto it = manifest.policies.find(event.schema.name);
    out.push_back(it == manifest.policies.end() ? default_policy() : it->second);
  }
  return out;
}

absl::StatusOr<std::vector<engine::Protection>> protections(const Manifest& manifest, const ir::Program& program) {
  std::vector<engine::Protection> out;
  if (!manifest.protection.any() && manifest.rule_protections.empty()) return out;
  out.assign(program.rules.size(), manifest.protection);
  for (const auto& [rule, protection] : manifest.rule_protections) {
    const int at = program.find_rule(rule);
    if (at < 0) {
      const std::string text = fmt::format("weir.yaml: `protect` names rule `{}`, which the rules do not have", rule);
      return absl::NotFoundError(absl::string_view(text.data(), text.size()));
    }
    out[static_cast<size_t>(at)] = protection;
  }
  return out;
}

absl::StatusOr<Manifest> parse_manifest(const std::string& path, const std::string& text) {
  Manifest manifest;
  ManifestReader reader(path, &manifest);
  try {
    reader.read(YAML::Load(text));
  } catch (const YAML::Exception& e) {
    return invalid(fmt::format("{}:{}: {}", path, e.mark.is_null() ? 1 : e.mark.line + 1, e.msg));
  }
  if (!reader.errors.empty()) return invalid(absl::StrJoin(reader.errors, "\n"));
  return manifest;
}

}  // namespace weir::driver
