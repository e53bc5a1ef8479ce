// A rule set as the server decides with it, and how one is made of sources or a bundle.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/driver/manifest.h"
#include "compiler/driver/recompile.h"
#include "runtime/bundle/bundle.h"
#include "runtime/engine/engine.h"
#include "runtime/io/plan.h"
#include "tools/weir/json.h"

namespace weir::serve {

// Immutable, but for the tier, which gets better by itself.
struct RuleSet {
  std::shared_ptr<const ir::Program> program;
  std::shared_ptr<const engine::Rules> rules;
  size_t rule_count = 0;   // that decide; those of a candidate come after them
  bundle::Bundle bundle;   // it came from, or would be: what names this version, and brings it back
  std::string files_hash;  // files_hash() of the bundle
  driver::Manifest manifest;
  engine::SessionOptions session;
  std::optional<io::DecodePlan> records;  // the body says which event it is; without: it cannot
  std::string no_records;                 // why not
  std::vector<io::DecodePlan> by_event;   // the request says so
  tools::Json warnings;                   // diagnostics
};

// SHA-256 over the paths and contents of what people wrote (rules, lists, weir.yaml): the same wherever the same files
// lie, whatever release of whatever bundle they are in.
std::string files_hash(const bundle::Bundle& bundle);

// Why there is none.
struct LoadFailure {
  std::string message;
  tools::Json diagnostics = tools::Json::array();
  std::string text;  // the diagnostics as `weir check` shows them, with source line and caret
  int status = 422;  // of an answer
};

struct LoadOptions {
  engine::RulesOptions rules;
  std::string weir_version;
};

// Makes rule sets one after the other: of one in which a rule was edited, that rule is compiled only. One caller at a
// time. What it returns is null, and *failure filled, if the rules have errors.
class Loader {
 public:
  explicit Loader(LoadOptions options) : options_(std::move(options)) {}

  // `parent`: the set before it, whose lineage the new one continues if it has the same name.
  std::shared_ptr<const RuleSet> load(const driver::RuleSetSource& source, const RuleSet* parent, LoadFailure* failure);
  // The bundle stays as it is. Of one that was read with keys to trust its IR is taken.
  std::shared_ptr<const RuleSet> load(const bundle::Bundle& bundle, LoadFailure* failure);
  // What is on the disk: a directory, files, or a bundle, which stays as it is. Rule files are named by their paths in
  // the rule set, as in a proposal, so that the first one that edits a rule is compiled as an edit.
  std::shared_ptr<const RuleSet> load_paths(const std::vector<std::string>& paths, const bundle::Trust& trust,
                                            LoadFailure* failure);
  // A candidate beside the set that decides (ir/merge.h): the bundle is that of the latter.
  absl::StatusOr<std::shared_ptr<const RuleSet>> merge(const RuleSet& live, const RuleSet& candidate,
                                                       const ir::Merged& merged);

 private:
  std::shared_ptr<const RuleSet> make(driver::Manifest manifest, const driver::Compilation& compilation,
                                      bundle::Bundle bundle, LoadFailure* failure);

  const LoadOptions options_;
  driver::Recompiler recompiler_;
  std::shared_ptr<const engine::Rules> last_;  // of what it compiled
};

}  // namespace weir::serve
