// How a candidate does beside the live rules (runtime/rollout/diff.h), as JSON.
#pragma once

#include "runtime/rollout/diff.h"
#include "tools/weir/json.h"

namespace weir::tools {

Json to_json(const rollout::Figures& figures);

}  // namespace weir::tools
