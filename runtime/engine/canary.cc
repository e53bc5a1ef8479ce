#include "runtime/engine/canary.h"

#include "runtime/state/key.h"

namespace weir::engine {

bool in_canary(const ir::Rule& rule, const value::Value& key) {
  const value::Value parts[] = {value::Value::string(rule.id), key};
  // The upper half of the hash, as a fraction of 2^32, in hundredths.
  const uint64_t drawn = (state::make_key(parts, 2).lo >> 32) * 100 >> 32;
  return drawn < rule.canary_percent;
}

}  // namespace weir::engine
