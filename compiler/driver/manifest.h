// weir.yaml: one per rule set. Unknown keys are errors with a hint. All of it is optional:
//
//   name: coordination
//   rules: ["*.weir", "more/*.weir"]       # globs relative to this file; default "*.weir"
//   events:
//     post:
//       type: {path: kind, value: post}    # only with several event types in one log
//       lateness: 1h                       # how late an event may come and still count; default 0
//       ahead: 1d                          # how far ahead one event alone may move the clock, or off; default 1d
//       duplicates: 10m                    # how long an id is remembered, or off; default: 10m, or lateness if longer
//       time: created_at                   # short for {path: created_at}; default: the key "time"
//       id: event_id                       # default: the key "id"
//       fields:                            # a field not named here reads the key of its own name
//         urls: {path: urls, split: " "}
//         joined: {path: user.created, format: unix_ms}   # rfc3339 (default), unix, unix_ms, or a strptime format
//   state: {memory: 4GiB}                  # budget of windowed state
//   cost: {max_rule: 10000}                # worst-case cost units one rule may have
//   protect:                               # rules that harm the others are taken out of service (engine/protection.h)
//     errors: 100 per 10m                  # more rule errors than that trip a rule, for as long; default off
//     steps: 50000                         # what an evaluation of one rule may take
//     overruns: 10 per 10m                 # more measured evaluations beyond it trip the rule; needs steps
//     fail: open                           # then the rule is quiet; or a verdict, on each event of its type
//     rules: {R-0001: {errors: 5 per 1m, fail: block}}   # for one rule, by id or name
//   rollout:                               # when this set may take over from the one that serves (rollout/promotion.h)
//     promote_after: 10000                 # events; then all that is asked below must hold, or it is rolled back
//     max_alert_change: 20%                # alerts beside those of the live rules
//     min_overlap: 80%                     # alerts that both raise, of all that either does
//     min_precision: 90%                   # of its alerts that were labelled
//     min_labelled: 100                    # of those, before the precision is judged
//     max_error_rate: 0.1%                 # errors of its own rules an event
//   owners: {spam-team: "#spam-oncall"}
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/driver/compile.h"
#include "compiler/types/mapping.h"
#include "runtime/bundle/bundle.h"
#include "runtime/engine/event_policy.h"
#include "runtime/engine/protection.h"
#include "runtime/rollout/promotion.h"

namespace weir::driver {

using types::EventMapping;
using types::FieldMapping;

struct Manifest {
  std::string name;
  std::vector<std::string> rules;  // globs relative to the manifest
  std::vector<EventMapping> events;
  std::map<std::string, engine::EventPolicy> policies;         // by event; what is not there has default_policy()
  size_t state_memory_bytes = 0;                               // 0: default
  uint64_t max_rule_cost = 0;                                  // 0: no cap
  engine::Protection protection;                               // of rules that are not below
  std::map<std::string, engine::Protection> rule_protections;  // by id or name
  rollout::Conditions promotion;
  std::map<std::string, std::string> owners;
};

check::ManifestLimits limits_of(const Manifest& manifest);

inline constexpr int64_t kDefaultAhead = int64_t{86'400} * 1'000'000'000;
inline constexpr int64_t kDefaultDuplicates = int64_t{600} * 1'000'000'000;
// What weir.yaml leaves open.
engine::EventPolicy default_policy(int64_t lateness_nanos = 0);
// By event type of the program.
std::vector<engine::EventPolicy> event_policies(const Manifest& manifest, const ir::Program& program);

// By rule of the program; empty if nothing is protected. NotFound: the manifest names a rule that is not there.
absl::StatusOr<std::vector<engine::Protection>> protections(const Manifest& manifest, const ir::Program& program);

// All errors of the file, one a line, as "path:line: message; hint".
absl::StatusOr<Manifest> parse_manifest(const std::string& path, const std::string& text);

// A rule set from a directory (weir.yaml optional: then every *.weir in it, by name), from files, or from one bundle
// (bundle.h). List files are
// looked for beside the rule file that names them, then in `directory`; read_file counts on sources[i] being file i of
// the compilation.
struct BundleId {
  std::string name, digest;
  uint64_t sequence = 0;
};

struct RuleSetSource {
  Manifest manifest;
  std::string manifest_text;  // of weir.yaml; empty if there is none
  std::string directory;
  std::vector<SourceText> sources;
  check::FileReader read_file;
  std::optional<BundleId> bundle;  // that it came from
  std::string ir;                  // of its sources (ir/binary.h), if a trusted key has signed the bundle
};
// With keys to trust, one bundle that one of them has signed; PermissionDenied is what is not.
absl::StatusOr<RuleSetSource> load_rule_set(const std::vector<std::string>& paths, const bundle::Trust& trust = {});

}  // namespace weir::driver
