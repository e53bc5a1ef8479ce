// Stage order: sources to a checked, lowered, optimised Program.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/base/source.h"
#include "compiler/check/manifest_limits.h"
#include "compiler/check/module.h"
#include "compiler/ir/program.h"

namespace weir::driver {

struct SourceText {
  std::string name;
  std::string text;
};

struct CompileOptions {
  check::FileReader read_file;  // list files; null: none can be read
  bool lint = true;
  check::ManifestLimits limits;
  uint32_t max_rules = 1'000'000;
};

// Diagnostics are complete and sorted whether or not there is a program; there is none exactly if one is an error.
struct Compilation {
  std::shared_ptr<base::SourceMap> sources;
  std::vector<base::Diagnostic> diagnostics;
  std::unique_ptr<check::Module> checked;      // set if parsing and checking got so far
  std::shared_ptr<const ir::Program> program;  // null on error
};
Compilation compile(std::vector<SourceText> sources, const CompileOptions& options);

// A boolean (or any) expression over one event of a compiled program, added to a copy of it: the result's node is
// evaluated with Session::eval of a session over the new program. `weir backtest --where`, ad-hoc columns.
struct ExtraExpression {
  std::string text;
  std::string event;
};
// Compiles like compile(), with the extra expressions appended as roots; extra_nodes parallels `extra`.
Compilation compile_with(std::vector<SourceText> sources, const std::vector<ExtraExpression>& extra,
                         const CompileOptions& options, std::vector<ir::NodeId>* extra_nodes);

}  // namespace weir::driver
