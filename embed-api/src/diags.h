#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "embed-api/src/boundary.h"

struct weir_diags {
  std::shared_ptr<weir::base::SourceMap> sources;
  std::vector<weir::base::Diagnostic> diagnostics;
  std::string text;  // rendered when made, so that reading is const and cannot fail
};

namespace weir::embed {

std::unique_ptr<weir_diags> make_diags(const driver::Compilation& compilation);
// "login.weir:3:8: error[WR0201]: …" of the first error, and how many more there are.
std::string first_error(const driver::Compilation& compilation);

}  // namespace weir::embed
