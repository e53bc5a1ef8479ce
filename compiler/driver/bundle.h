// Rule sets into bundles and out of them (runtime/bundle/bundle.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/manifest.h"
#include "compiler/driver/recompile.h"
#include "runtime/bundle/bundle.h"

namespace weir::driver {

// Compiles the rule set and packs what the compiler read: rule files, list files, weir.yaml, and the IR they came to.
// With a parent, the release after it: the bundle continues its lineage. FailedPrecondition if the rules have errors,
// which are in *compilation. InvalidArgument: a list file outside the rule set's directory; a parent of another name.
//
// With a recompiler that is what compiles, and the IR is left out: of an edited rule set it is not, byte for byte, what
// its sources give.
absl::StatusOr<bundle::Bundle> build_bundle(const RuleSetSource& source, const std::string& weir_version,
                                            const bundle::Bundle* parent, Compilation* compilation,
                                            Recompiler* recompiler = nullptr);

// The rule set in a bundle, as load_rule_set gives it from a directory. Errors: those of its weir.yaml.
absl::StatusOr<RuleSetSource> rule_set_of(const bundle::Bundle& bundle);

// Compiles a rule set, or, which is quicker by far, takes `ir`: RuleSetSource::ir, which is empty unless a trusted key
// has signed it (IR can do what no source can). Where this library cannot read it, or `options` does not permit as many
// rules, the sources are compiled. Of IR there are no diagnostics and `checked` is null; list files, limits and lints
// were asked when the bundle was built.
Compilation compile_rule_set(std::vector<SourceText> sources, std::string_view ir, const CompileOptions& options);

// Whether the bundle's IR and versions are what this library makes of its sources. Where they are not, the bundle was
// built by another version of Weir (said in the message), or was not built by Weir. FailedPrecondition: it does not
// compile.
absl::Status check_reproduces(const bundle::Bundle& bundle);

}  // namespace weir::driver
