// Compilation as the C API asks for it, and as a slot does it for itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "embed-api/src/diags.h"
#include "embed-api/src/handles.h"

namespace weir::embed {

// weir_compile_options, checked and copied.
struct CompileRequest {
  engine::Tier tier = engine::Tier::kAuto;
  bool lint = true;
  std::map<std::string, std::string, std::less<>> lists;
  uint64_t bytes = 0;  // of sources and lists so far
};
weir_status read_request(const EngineState& engine, const weir_compile_options* options, CompileRequest* out,
                         weir_error* err);

// Rules for a program, with what goes with them, but for where they come from. `options`: the tier, and what the rules
// have to do with others.
weir_status make_ruleset(const std::shared_ptr<const EngineState>& engine, std::shared_ptr<const ir::Program> program,
                         driver::Manifest manifest, engine::RulesOptions options, std::shared_ptr<RulesetState>* out,
                         weir_error* err);

weir_status read_paths(const weir_str* paths, size_t n, std::vector<std::string>* out, weir_error* err);

// A directory, files, or a bundle. `diags` may be null; else it is set whenever the compiler ran.
weir_status compile_paths(const std::shared_ptr<const EngineState>& engine, const std::vector<std::string>& paths,
                          CompileRequest request, std::shared_ptr<const RulesetState>* out,
                          std::unique_ptr<weir_diags>* diags, weir_error* err);

}  // namespace weir::embed
