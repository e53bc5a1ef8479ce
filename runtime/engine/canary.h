// For whom a rule in `mode canary N% by KEY` is live.
#pragma once

#include "compiler/ir/program.h"
#include "runtime/value/value.h"

namespace weir::engine {

// Depends on the rule's id, its share and the key alone: the same key is in or out on every machine, in every replay,
// and stays in when the share grows. Other rules draw other keys. The key is ok().
bool in_canary(const ir::Rule& rule, const value::Value& key);

}  // namespace weir::engine
