// A rule set as the server decides with it, and how one is made of sources or a bundle.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/driver/manifest.h"
#include "runtime/bundle/bundle.h"
#include "runtime/engine/engine.h"
#include "runtime/io/plan.h"
#include "tools/weir/json.h"

namespace weir::serve {

// Immutable, but for the tier, which gets better by itself.
struct RuleSet {
  std::shared_ptr<const ir::Program> program;
  std::shared_ptr<const engine::Rules> rules;
  bundle::Bundle bundle;  // it came from, or would be: what names this version, and brings it back
  engine::SessionOptions session;
  std::optional<io::DecodePlan> records;  // the body says which event it is; without: it cannot
  std::string no_records;                 // why not
  std::vector<io::DecodePlan> by_event;   // the request says so
  tools::Json warnings;                   // diagnostics
};

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

// `parent`: the set before it, whose lineage the new one continues if it has the same name. Takes as long as compiling
// takes. Null, and *failure filled, if the rules have errors.
std::shared_ptr<const RuleSet> load(const driver::RuleSetSource& source, const LoadOptions& options,
                                    const RuleSet* parent, LoadFailure* failure);
// The bundle stays as it is.
std::shared_ptr<const RuleSet> load(const bundle::Bundle& bundle, const LoadOptions& options, LoadFailure* failure);

}  // namespace weir::serve
