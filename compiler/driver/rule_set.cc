// Rule files of a directory or a list of files, with their manifest.
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/status/status.h"
#include "compiler/check/list_file.h"
#include "compiler/driver/bundle.h"
#include "compiler/driver/manifest.h"

namespace weir::driver {
namespace {

namespace fs = std::filesystem;

absl::Status not_found(const std::string& text) { return absl::NotFoundError(absl::string_view(text)); }

std::optional<std::string> read_text(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return std::nullopt;
  return text;
}

// Files below `directory` that match the pattern, sorted: the order of rules must not depend on the file system.
std::vector<std::string> expand(const fs::path& directory, const std::string& pattern) {
  std::vector<std::string> found;
  if (pattern.find_first_of("*?[") == std::string::npos) {
    std::error_code ignored;
    if (fs::exists(directory / pattern, ignored)) found.push_back((directory / pattern).lexically_normal().string());
    return found;
  }
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; it != end && !error; it.increment(error)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored)) continue;
    std::string relative = it->path().lexically_relative(directory).string();
    if (fnmatch(pattern.c_str(), relative.c_str(), FNM_PATHNAME) == 0)
      found.push_back(it->path().lexically_normal().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

check::ManifestLimits limits_of(const Manifest& manifest) {
  check::ManifestLimits limits;
  limits.max_rule_cost = manifest.max_rule_cost;
  for (const auto& [owner, contact] : manifest.owners) limits.owners.push_back(owner);
  return limits;
}

absl::StatusOr<RuleSetSource> load_rule_set(const std::vector<std::string>& paths, const bundle::Trust& trust) {
  RuleSetSource out;
  std::vector<std::string> files;
  std::error_code ignored;
  if (paths.empty()) return absl::InvalidArgumentError("no rule files given");
  if (paths.size() == 1) {
    std::optional<std::string> bytes = read_text(paths.front());
    if (bytes && bundle::Bundle::is_bundle(*bytes)) {
      absl::StatusOr<bundle::Bundle> bundle = bundle::Bundle::parse(*bytes, trust);
      if (!bundle.ok()) return bundle.status();
      return rule_set_of(*bundle);
    }
  }
  if (!trust.keys.empty()) return absl::PermissionDeniedError("only bundles that a trusted key has signed are taken");
  auto add_directory = [&](const fs::path& directory) -> absl::Status {
    Manifest manifest;
    fs::path manifest_path = directory / "weir.yaml";
    if (auto text = read_text(manifest_path)) {
      auto parsed = parse_manifest(manifest_path.string(), *text);
      if (!parsed.ok()) return parsed.status();
      manifest = *std::move(parsed);
      out.manifest_text = *std::move(text);
    }
    if (manifest.rules.empty()) manifest.rules.push_back("*.weir");
    for (const std::string& pattern : manifest.rules) {
      std::vector<std::string> found = expand(directory, pattern);
      if (found.empty()) return not_found(fmt::format("no rule file matches `{}` in {}", pattern, directory.string()));
      files.insert(files.end(), found.begin(), found.end());
    }
    out.manifest = std::move(manifest);
    return absl::OkStatus();
  };

  size_t directories = 0;
  for (const std::string& path : paths) {
    if (fs::is_directory(path, ignored)) {
      // Two manifests would have to be merged, and nothing says how.
      if (++directories > 1)
        return absl::InvalidArgumentError("a rule set is one directory, or files; two directories given");
      out.directory = path;
      absl::Status status = add_directory(path);
      if (!status.ok()) return status;
    } else if (fs::exists(path, ignored)) {
      files.push_back(path);
    } else {
      return not_found(fmt::format("no such file or directory: {}", path));
    }
  }
  if (out.directory.empty()) {
    fs::path parent = fs::path(files.front()).parent_path();
    out.directory = parent.empty() ? "." : parent.string();
  }

  auto bases = std::make_shared<std::vector<fs::path>>();
  std::set<std::string> seen;
  for (const std::string& file : files) {
    if (!seen.insert(file).second) continue;
    auto text = read_text(file);
    if (!text) return not_found(fmt::format("cannot read {}", file));
    out.sources.push_back({file, *std::move(text)});
    bases->push_back(fs::path(file).parent_path());
  }
  // Whoever may write rules is not thereby somebody who may read the machine's files. Links are the operator's.
  out.read_file = [bases, root = fs::path(out.directory)](base::FileId from,
                                                          const std::string& path) -> std::optional<std::string> {
    if (fs::path(path).is_absolute()) return std::nullopt;
    if (from < bases->size()) {
      const fs::path file = ((*bases)[from] / path).lexically_normal();
      const bool inside = !check::leaves_its_directory(path) ||
                          !check::leaves_its_directory(file.lexically_relative(root.lexically_normal()).string());
      if (auto text = inside ? read_text(file) : std::nullopt) return text;
    }
    return check::leaves_its_directory(path) ? std::nullopt : read_text(root / path);
  };
  return out;
}

}  // namespace weir::driver
