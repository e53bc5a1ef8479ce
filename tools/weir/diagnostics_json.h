// What is wrong with rules, for programs.
#pragma once

#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/base/source.h"
#include "tools/weir/json.h"

namespace weir::tools {

// Each: {"file","line","column","end_line","end_column","code","severity","message"[,"hint"][,"labels"]}; a label has a
// place and "text".
Json to_json(const std::vector<base::Diagnostic>& diagnostics, const base::SourceMap& sources);

}  // namespace weir::tools
