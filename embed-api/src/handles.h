// What stands behind the handles. A handle is a plain object that its release deletes; what handles share is immutable
// and counted (shared_ptr), which is how children keep parents alive.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/base/source.h"
#include "compiler/driver/manifest.h"
#include "compiler/ir/program.h"
#include "embed-api/src/boundary.h"
#include "runtime/crypto/signature.h"
#include "runtime/engine/engine.h"
#include "runtime/io/plan.h"

namespace weir::embed {

struct LastCompiled;  // compile.cc
std::shared_ptr<LastCompiled> make_last_compiled();

struct EngineState {
  uint32_t compile_threads = 1;
  uint32_t max_rules = 1'000'000;
  uint64_t max_source_bytes = uint64_t{256} << 20;
  std::vector<crypto::PublicKey> trusted_keys;  // any: rule sets come from bundles that one of them has signed
  std::string native_cache;
  uint64_t max_native_cache_bytes = uint64_t{1} << 30;
  std::shared_ptr<LastCompiled> last;  // with quick_edits
};

// The shape of one event type as a host sees it: entities erased to their base.
struct Shape {
  struct Field {
    std::string name;
    std::string declared;  // type as declared
    std::string data;      // type with entities erased: two fields fit if these are equal
    const types::Type* type = nullptr;
    uint32_t kind = WEIR_TYPE_OTHER;
    uint32_t element = WEIR_TYPE_DYN;
    bool optional = false;
  };
  std::string name;
  std::vector<Field> fields;

  int find(std::string_view field) const;
};
Shape make_shape(const types::EventSchema& schema);

// For each field of `to` the field of `from` that feeds it, or -1. False and *why if `from` does not fit; `strict` also
// refuses a field that may be absent where `to` requires it.
bool fit(const Shape& from, const Shape& to, bool strict, std::vector<int>* slots, std::string* why);

struct Place {
  std::string_view file;
  uint32_t line = 0, column = 0;
};
Place place_of(const ir::Program& program, const base::Span& span);

class Rollout;

struct RulesetState {
  std::shared_ptr<const EngineState> engine;
  std::shared_ptr<const ir::Program> program;
  std::shared_ptr<const engine::Rules> rules;
  std::vector<Shape> shapes;                // by event
  io::DecodePlan records;                   // JSON objects, as weir.yaml maps them; every field optional
  std::vector<io::DecodePlan> mapped;       // by event: as records, but every object is this event
  std::vector<io::DecodePlan> single;       // by event: one object with the event's own names
  engine::Tier tier = engine::Tier::kAuto;  // as asked for
  driver::Manifest manifest;
  std::vector<engine::EventPolicy> policies;       // by event, from weir.yaml
  std::vector<engine::Protection> protections;     // by rule, from weir.yaml
  ir::Verdict fail_verdict = ir::Verdict::kAllow;  // of events that take too long, likewise
  uint64_t max_state_bytes = 0;                    // 0: the engine's default
  std::optional<driver::BundleId> bundle;          // that it came from
  std::shared_ptr<Rollout> rollout;                // of the two that it is merged of; null if it is not
  std::string content_hash;                        // of all it was compiled from
};

}  // namespace weir::embed

struct weir_engine {
  std::shared_ptr<const weir::embed::EngineState> state;
};

struct weir_ruleset {
  std::shared_ptr<const weir::embed::RulesetState> state;
  uint64_t generation = 0;
};

struct weir_schema {
  std::shared_ptr<const weir::embed::RulesetState> ruleset;
  uint32_t event = 0;
  const weir::embed::Shape& shape() const { return ruleset->shapes[event]; }
};
