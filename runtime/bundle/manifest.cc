#include "runtime/bundle/manifest.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <new>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/crypto/digest.h"

namespace weir::bundle {
namespace {

using Json = nlohmann::json;  // sorts its keys

constexpr std::string_view kPartNames[] = {"manifest", "rules", "list", "ir"};

absl::Status damaged(std::string_view what) {
  const std::string text = fmt::format("the bundle's manifest is damaged: {}", what);
  return absl::DataLossError(absl::string_view(text.data(), text.size()));
}

// Members that are missing or of another type leave `ok` false and give an empty value.
class Reader {
 public:
  Reader(simdjson::dom::element json, bool* ok) : json_(json), ok_(*ok) {}

  std::string text(const char* name) const { return std::string(get<std::string_view>(json_[name])); }
  uint64_t number(const char* name) const { return get<uint64_t>(json_[name]); }
  template <typename Use>
  void each(const char* name, Use use) const {
    simdjson::dom::array items;
    if (json_[name].get(items) != simdjson::SUCCESS) {
      ok_ = false;
      return;
    }
    for (simdjson::dom::element item : items) use(Reader(item, &ok_));
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> out;
    each(name,
         [&](const Reader& item) { out.emplace_back(item.get<std::string_view>(simdjson::dom::element(item.json_))); });
    return out;
  }

 private:
  template <typename T>
  T get(simdjson::simdjson_result<simdjson::dom::element> from) const {
    T out{};
    if (from.get(out) != simdjson::SUCCESS) ok_ = false;
    return out;
  }
  simdjson::dom::element json_;
  bool& ok_;
};

}  // namespace

std::string_view part_name(Part part) { return kPartNames[static_cast<size_t>(part)]; }

std::string write_manifest(const Contents& contents) {
  Json files = Json::array(), rules = Json::array(), lineage = Json::array();
  for (const File& f : contents.files) {
    files.push_back({{"path", f.path},
                     {"part", part_name(f.part)},
                     {"size", f.content.size()},
                     {"sha256", crypto::sha256_hex(f.content)}});
  }
  for (const RuleVersion& r : contents.rules)
    rules.push_back({{"id", r.id}, {"name", r.name}, {"mode", r.mode}, {"version", r.version}});
  for (const Release& r : contents.lineage) {
    lineage.push_back({{"sequence", r.sequence},
                       {"digest", r.digest},
                       {"added", r.changes.added},
                       {"changed", r.changes.changed},
                       {"removed", r.changes.removed}});
  }
  const Json manifest = {{"name", contents.name}, {"weir", contents.weir}, {"sequence", contents.sequence},
                         {"lineage", lineage},    {"rules", rules},        {"files", files}};
  return manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Contents> read_manifest(std::string_view text, std::vector<FileEntry>* files) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const simdjson::error_code error = parser.parse(text.data(), text.size()).get(json);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error != simdjson::SUCCESS) return damaged("not JSON");
  bool ok = true;
  const Reader top(json, &ok);
  Contents out;
  out.name = top.text("name");
  out.weir = top.text("weir");
  out.sequence = top.number("sequence");
  top.each("lineage", [&](const Reader& r) {
    out.lineage.push_back(
        {r.number("sequence"), r.text("digest"), {r.texts("added"), r.texts("changed"), r.texts("removed")}});
  });
  top.each("rules", [&](const Reader& r) {
    out.rules.push_back({r.text("id"), r.text("name"), r.text("mode"), r.text("version")});
  });
  std::vector<std::string> paths;
  top.each("files", [&](const Reader& r) {
    FileEntry entry{r.text("path"), Part::kRules, r.number("size"), r.text("sha256")};
    const std::string part = r.text("part");
    bool known = false;
    for (size_t i = 0; i < std::size(kPartNames); ++i) {
      if (kPartNames[i] != part) continue;
      entry.part = static_cast<Part>(i);
      known = true;
    }
    ok = ok && known;
    paths.push_back(entry.path);
    files->push_back(std::move(entry));
  });
  if (!ok) return damaged("a member is missing or of another type");
  if (absl::Status s = check_paths(paths); !s.ok())
    return damaged(std::string_view(s.message().data(), s.message().size()));
  return out;
}

absl::Status check_paths(const std::vector<std::string>& paths) {
  const auto refuse = [](const std::string& path, std::string_view why) {
    const std::string text = fmt::format("`{}` {}", path, why);
    return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
  };
  std::set<std::string_view> seen;
  for (const std::string& path : paths) {
    if (path.empty() || path.find_first_of(std::string_view("\0\\", 2)) != std::string::npos)
      return refuse(path, "is no path of a bundle");
    for (size_t begin = 0; begin <= path.size();) {
      const size_t end = std::min(path.find('/', begin), path.size());
      const std::string_view step = std::string_view(path).substr(begin, end - begin);
      if (step.empty() || step == "." || step == "..") return refuse(path, "leads out of the rule set");
      begin = end + 1;
    }
    if (!seen.insert(path).second) return refuse(path, "occurs twice");
  }
  return absl::OkStatus();
}

}  // namespace weir::bundle
