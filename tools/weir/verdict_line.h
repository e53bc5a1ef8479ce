// One event's result as a JSON line: what `weir run` writes.
#pragma once

#include <string>

#include "runtime/engine/engine.h"
#include "runtime/io/event_reader.h"

namespace weir::tools {

// {"id","event","time","verdict","score",["shadow_verdict","shadow_score",]["duplicate",]"hits":[…],"effects":[…][,"alerts"]}\n
// A hit: {"rule","id","mode","outcome","applied","because"|"cause"}. An effect: {"rule","kind",…}.
void append_verdict_line(const engine::EventResult& result, const io::Record& record, engine::Session& session,
                         std::string* out);

}  // namespace weir::tools
