// What goes with a merged program (ir/merge.h): how its events are read, and how its rules are protected.
#pragma once

#include <vector>

#include "compiler/driver/manifest.h"
#include "compiler/ir/merge.h"

namespace weir::driver {

// The live manifest, and what the candidate's says of events and fields that the live one says nothing of.
Manifest merge_manifests(const Manifest& live, const Manifest& candidate);

// By rule of the merged program: of the live rules as they are, of those that only the candidate has as it says.
std::vector<engine::Protection> merge_protections(const std::vector<engine::Protection>& live,
                                                  const std::vector<engine::Protection>& candidate,
                                                  const ir::Candidate& merged);

}  // namespace weir::driver
