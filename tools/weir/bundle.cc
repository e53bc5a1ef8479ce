// weir bundle: a rule set as one file that can be signed; keys, and what is in such a file.
#include "compiler/driver/bundle.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "runtime/crypto/digest.h"
#include "runtime/durable/file.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

using bundle::Bundle;

int cannot(const absl::Status& status, int exit_code = kUsage) {
  complain(std::string(status.message()));
  return exit_code;
}

absl::StatusOr<Bundle> read_bundle(const std::string& path, const bundle::Trust& trust = {}) {
  absl::StatusOr<std::string> bytes = durable::read_file(path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Bundle> read = Bundle::parse(*bytes, trust);
  if (read.ok()) return read;
  const std::string text = fmt::format("{}: {}", path, std::string(read.status().message()));
  return absl::Status(read.status().code(), absl::string_view(text.data(), text.size()));
}

absl::Status write_file(const std::string& path, std::string_view bytes) {
  return durable::replace_file(
      path, [bytes](durable::File& file, const std::string& temporary) { return file.write(bytes, temporary); });
}

// A new file that only its owner can read. An existing key is not replaced.
absl::Status write_secret(const std::string& path, const std::string& text) {
  durable::File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return durable::system_error("create", path);
  if (absl::Status s = file.write(text, path); !s.ok()) return s;
  return file.sync(path);
}

absl::StatusOr<std::vector<crypto::PublicKey>> read_keys(const std::vector<std::string>& paths) {
  std::vector<crypto::PublicKey> out;
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> text = durable::read_file(path);
    if (!text.ok()) return text.status();
    absl::StatusOr<crypto::PublicKey> key = crypto::parse_public_key(*text);
    if (!key.ok()) {
      const std::string why = fmt::format("{}: {}", path, std::string(key.status().message()));
      return absl::InvalidArgumentError(absl::string_view(why.data(), why.size()));
    }
    out.push_back(*key);
  }
  return out;
}

absl::Status sign_with(const std::vector<std::string>& key_files, Bundle* bundle) {
  for (const std::string& path : key_files) {
    absl::StatusOr<std::string> text = durable::read_file(path);
    if (!text.ok()) return text.status();
    absl::StatusOr<crypto::SecretKey> key = crypto::parse_secret_key(*text);
    if (!key.ok()) return key.status();
    bundle->sign(*key);
  }
  return absl::OkStatus();
}

Json changes_json(const bundle::RuleChanges& c) {
  return {{"added", c.added}, {"changed", c.changed}, {"removed", c.removed}};
}

std::string changes_text(const bundle::RuleChanges& c) {
  return fmt::format("{} added, {} changed, {} removed", c.added.size(), c.changed.size(), c.removed.size());
}

Json bundle_json(const Bundle& bundle) {
  const bundle::Contents& c = bundle.contents();
  Json out = {{"name", c.name}, {"sequence", c.sequence}, {"digest", bundle.digest()}, {"weir", c.weir}};
  out["signers"] = Json::array();
  for (const crypto::PublicKey& key : bundle.signers()) out["signers"].push_back(crypto::key_id(key));
  out["rules"] = Json::array();
  for (const bundle::RuleVersion& r : c.rules)
    out["rules"].push_back({{"id", r.id}, {"name", r.name}, {"mode", r.mode}, {"version", r.version}});
  out["files"] = Json::array();
  for (const bundle::File& f : c.files)
    out["files"].push_back({{"path", f.path},
                            {"part", bundle::part_name(f.part)},
                            {"size", f.content.size()},
                            {"sha256", crypto::sha256_hex(f.content)}});
  out["lineage"] = Json::array();
  for (const bundle::Release& r : c.lineage) {
    Json release = changes_json(r.changes);
    release["sequence"] = r.sequence;
    release["digest"] = r.digest;
    out["lineage"].push_back(std::move(release));
  }
  return out;
}

std::string signers_text(const Bundle& bundle) {
  std::string out;
  for (const crypto::PublicKey& key : bundle.signers()) out += (out.empty() ? "" : ", ") + crypto::key_id(key);
  return out.empty() ? "nobody" : out;
}

std::string headline(const Bundle& bundle) {
  return fmt::format("{} release {}, {}", bundle.contents().name, bundle.contents().sequence,
                     bundle.digest().substr(0, 16));
}

std::string bundle_text(const Bundle& bundle) {
  const bundle::Contents& c = bundle.contents();
  std::string out = fmt::format("{}\n  digest     {}\n  signed by  {}\n  built by   Weir {}\n\n",
                                styled(headline(bundle), Style::kBold), bundle.digest(), signers_text(bundle), c.weir);
  Table rules, files;
  for (const char* title : {"rule", "id", "mode", "version"}) rules.column(title, Table::Align::kLeft);
  for (const bundle::RuleVersion& r : c.rules)
    rules.row({printable(r.name, 48), printable(r.id, 32), r.mode, r.version.substr(0, 16)});
  files.column("file", Table::Align::kLeft);
  files.column("part", Table::Align::kLeft);
  files.column("bytes", Table::Align::kRight);
  for (const bundle::File& f : c.files)
    files.row({printable(f.path, 60), std::string(bundle::part_name(f.part)), with_commas(f.content.size())});
  out += rules.render() + "\n" + files.render();
  if (!c.lineage.empty()) out += "\nreleases before\n";
  const bundle::Release* previous = nullptr;
  for (const bundle::Release& r : c.lineage) {
    out += fmt::format("  {:>4}  {}  then {}\n", r.sequence, r.digest.substr(0, 16), changes_text(r.changes));
    previous = &r;
  }
  if (previous != nullptr && previous->sequence > 1) out += "        (older ones are no longer listed)\n";
  return out;
}

struct BuildOptions {
  std::vector<std::string> rules, keys;
  std::string out, parent;
};

int build(const BuildOptions& o) {
  absl::StatusOr<driver::RuleSetSource> source = driver::load_rule_set(o.rules);
  if (!source.ok()) return cannot(source.status());
  std::optional<Bundle> parent;
  if (!o.parent.empty()) {
    absl::StatusOr<Bundle> read = read_bundle(o.parent);
    if (!read.ok()) return cannot(read.status());
    parent = *std::move(read);
  }
  driver::Compilation compilation;
  absl::StatusOr<Bundle> built = driver::build_bundle(*source, WEIR_VERSION, parent ? &*parent : nullptr, &compilation);
  show_diagnostics(compilation, /*warnings=*/true);
  if (!built.ok()) return cannot(built.status(), absl::IsFailedPrecondition(built.status()) ? kFindings : kUsage);
  if (absl::Status s = sign_with(o.keys, &*built); !s.ok()) return cannot(s);
  if (absl::Status s = write_file(o.out, built->serialize()); !s.ok()) return cannot(s);
  print(fmt::format("{}: {}, {}, signed by {}\n", o.out, headline(*built),
                    counted(built->contents().rules.size(), "rule"), signers_text(*built)));
  return kOk;
}

struct VerifyOptions {
  std::string path;
  std::vector<std::string> keys;
  uint64_t min_sequence = 0;
};

int verify(const VerifyOptions& o) {
  absl::StatusOr<std::vector<crypto::PublicKey>> keys = read_keys(o.keys);
  if (!keys.ok()) return cannot(keys.status());
  absl::StatusOr<Bundle> read = read_bundle(o.path, {*keys, o.min_sequence});
  if (!read.ok()) return cannot(read.status(), absl::IsNotFound(read.status()) ? kUsage : kFindings);
  if (absl::Status s = driver::check_reproduces(*read); !s.ok()) return cannot(s, kFindings);
  print(fmt::format("ok: {}, signed by {}{}\n", headline(*read), signers_text(*read),
                    o.keys.empty() ? " (no --key: anybody may have)" : ""));
  return kOk;
}

int show(const std::string& path, bool json) {
  absl::StatusOr<Bundle> read = read_bundle(path);
  if (!read.ok()) return cannot(read.status(), absl::IsNotFound(read.status()) ? kUsage : kFindings);
  print(json ? bundle_json(*read).dump(2) + "\n" : bundle_text(*read));
  return kOk;
}

// Files whose content differs, by path.
bundle::RuleChanges file_changes(const Bundle& a, const Bundle& b) {
  const auto as_versions = [](const Bundle& x) {
    std::vector<bundle::RuleVersion> out;
    for (const bundle::File& f : x.contents().files)
      if (f.part != bundle::Part::kIr) out.push_back({f.path, f.path, "", crypto::sha256_hex(f.content)});
    return out;
  };
  return bundle::compare(as_versions(a), as_versions(b));
}

int diff(const std::string& before, const std::string& after, bool json) {
  absl::StatusOr<Bundle> a = read_bundle(before), b = read_bundle(after);
  if (!a.ok()) return cannot(a.status());
  if (!b.ok()) return cannot(b.status());
  const bundle::RuleChanges rules = bundle::compare(a->contents().rules, b->contents().rules);
  const bundle::RuleChanges files = file_changes(*a, *b);
  const bool same = a->digest() == b->digest();
  if (json) {
    print(Json{{"same", same}, {"rules", changes_json(rules)}, {"files", changes_json(files)}}.dump(2) + "\n");
    return same ? kOk : kFindings;
  }
  const auto list = [](std::string_view what, const bundle::RuleChanges& c) {
    std::string out;
    for (const std::string& x : c.added) out += styled(fmt::format("+ {} {}\n", what, printable(x, 80)), Style::kGreen);
    for (const std::string& x : c.changed)
      out += styled(fmt::format("~ {} {}\n", what, printable(x, 80)), Style::kYellow);
    for (const std::string& x : c.removed) out += styled(fmt::format("- {} {}\n", what, printable(x, 80)), Style::kRed);
    return out;
  };
  print(fmt::format("{} -> {}\n{}{}", headline(*a), headline(*b), list("rule", rules), list("file", files)));
  return same ? kOk : kFindings;
}

int make_keys(const std::string& path) {
  absl::StatusOr<crypto::SecretKey> key = crypto::make_key();
  if (!key.ok()) return cannot(key.status(), kInternal);
  if (absl::Status s = write_secret(path, crypto::to_text(*key)); !s.ok()) return cannot(s);
  if (absl::Status s = write_file(path + ".pub", crypto::to_text(key->public_key())); !s.ok()) return cannot(s);
  print(fmt::format("{}: the secret key {}; {}.pub: the public one\n", path, crypto::key_id(key->public_key()), path));
  return kOk;
}

int sign(const std::string& path, const std::vector<std::string>& keys) {
  absl::StatusOr<Bundle> read = read_bundle(path);
  if (!read.ok()) return cannot(read.status());
  if (absl::Status s = sign_with(keys, &*read); !s.ok()) return cannot(s);
  if (absl::Status s = write_file(path, read->serialize()); !s.ok()) return cannot(s);
  print(fmt::format("{}: {}, signed by {}\n", path, headline(*read), signers_text(*read)));
  return kOk;
}

void add_format(CLI::App* verb, std::string* format) {
  verb->add_option("--format", *format, "text or json")->check(CLI::IsMember({"text", "json"}));
}

}  // namespace

void add_bundle(CLI::App& app, Action* action) {
  CLI::App* group = app.add_subcommand("bundle", "A rule set as one file that can be signed");
  group->require_subcommand(1);
  group->footer(R"(What takes --rules takes a bundle too.

Examples:
  weir bundle keygen release.key
  weir bundle build --rules rules/ --out rules-1.weirb --key release.key
  weir bundle build --rules rules/ --out rules-2.weirb --parent rules-1.weirb --key release.key
  weir bundle verify rules-2.weirb --key release.key.pub --min-release 2
  weir bundle diff rules-1.weirb rules-2.weirb
)");

  CLI::App* verb = group->add_subcommand("build", "Compile a rule set and pack it: the same files give the same bytes");
  auto b = std::make_shared<BuildOptions>();
  add_rules_option(verb, &b->rules)->required();
  verb->add_option("--out", b->out, "The file to write")->type_name("FILE")->required();
  verb->add_option("--parent", b->parent, "The release before: this one follows it")->type_name("FILE");
  verb->add_option("--key", b->keys, "Sign with this secret key")->type_name("FILE");
  verb->callback([b, action] { *action = [b] { return build(*b); }; });

  verb = group->add_subcommand("show", "What is in a bundle: rules and their versions, files, releases before it");
  auto path = std::make_shared<std::string>(), format = std::make_shared<std::string>("text");
  verb->add_option("bundle", *path, "The bundle")->type_name("FILE")->required();
  add_format(verb, format.get());
  verb->callback([path, format, action] { *action = [path, format] { return show(*path, *format == "json"); }; });

  verb = group->add_subcommand("verify", "Check signatures and contents, and that the sources give its IR");
  auto v = std::make_shared<VerifyOptions>();
  verb->add_option("bundle", v->path, "The bundle")->type_name("FILE")->required();
  verb->add_option("--key", v->keys, "A public key that may have signed it")->type_name("FILE");
  verb->add_option("--min-release", v->min_sequence, "Refuse an older release")->type_name("N");
  verb->callback([v, action] { *action = [v] { return verify(*v); }; });

  verb = group->add_subcommand("diff", "Rules and files that differ; exit status 1 if any does");
  auto before = std::make_shared<std::string>(), after = std::make_shared<std::string>();
  auto diff_format = std::make_shared<std::string>("text");
  verb->add_option("before", *before, "A bundle")->type_name("FILE")->required();
  verb->add_option("after", *after, "Another one")->type_name("FILE")->required();
  add_format(verb, diff_format.get());
  verb->callback([=] { *action = [=] { return diff(*before, *after, *diff_format == "json"); }; });

  verb = group->add_subcommand("keygen", "Make a key: FILE is secret, FILE.pub is for those who verify");
  auto key = std::make_shared<std::string>();
  verb->add_option("file", *key, "Where the secret key goes; must not exist")->type_name("FILE")->required();
  verb->callback([key, action] { *action = [key] { return make_keys(*key); }; });

  verb = group->add_subcommand("sign", "Add a signature to a bundle, or renew it");
  auto signed_path = std::make_shared<std::string>();
  auto keys = std::make_shared<std::vector<std::string>>();
  verb->add_option("bundle", *signed_path, "The bundle")->type_name("FILE")->required();
  verb->add_option("--key", *keys, "A secret key")->type_name("FILE")->required();
  verb->callback([=] { *action = [=] { return sign(*signed_path, *keys); }; });
}

}  // namespace weir::tools
