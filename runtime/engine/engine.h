// Rules and the state they keep, from one event to one verdict.
//
// Rules is what was loaded: immutable, shared by any number of threads. Session is one ordered stream of events with its
// state (features, labels, once, limits): one caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/ir/program.h"
#include "runtime/value/constants.h"
#include "runtime/value/evaluator.h"

namespace weir::engine {

enum class Tier : uint8_t { kAuto, kInterpreter, kNative };

struct RulesOptions {
  Tier tier = Tier::kAuto;      // auto: native where it is built in, else the interpreter
  int opt_level = 1;            // 0 none, 1 less, 2 O1, 3 O2 (jit::OptLevel)
  uint32_t compile_threads = 1;
};

class Rules {
 public:
  static absl::StatusOr<std::shared_ptr<const Rules>> create(std::shared_ptr<const ir::Program> program,
                                                             const RulesOptions& options);
  const ir::Program& program() const { return *program_; }
  const value::Evaluator& evaluator() const { return *evaluator_; }
  const value::ConstantPool& constants() const { return constants_; }
  Tier tier() const { return tier_; }  // the one in use

 private:
  explicit Rules(std::shared_ptr<const ir::Program> program);
  std::shared_ptr<const ir::Program> program_;
  value::ConstantPool constants_;
  std::unique_ptr<value::Evaluator> evaluator_;
  Tier tier_ = Tier::kInterpreter;
};

enum class Outcome : uint8_t {
  kFired,       // `when` is true, and neither once nor limit held it back
  kSuppressed,  // true, but `once` has seen this key within its window
  kTripped,     // true, but the rule's limit is exceeded: counted as shadow
  kError,       // `when`, or an effect, ended in an error
  kMissing,     // `when` ended missing
};
std::string_view outcome_name(Outcome outcome);

// One rule that did something other than not fire. Order: as in the source.
struct Hit {
  uint32_t rule = 0;
  Outcome outcome = Outcome::kFired;
  bool applied = false;   // effects were applied: fired, and mode is live
  value::Value cause;     // error or missing: the failing value (code, message, missing cause)
  double score = 0;       // what it added; 0 if not applied
};

struct AppliedEffect {
  uint32_t rule = 0;
  const ir::Effect* effect = nullptr;
  value::Value key;                  // label, unlabel, case
  std::vector<value::Value> args;    // action
};

// Result of one event. Borrowed from the session; valid until its next evaluate().
struct EventResult {
  ir::Verdict verdict = ir::Verdict::kAllow;       // of live rules
  ir::Verdict shadow_verdict = ir::Verdict::kAllow;  // as if shadow rules were live
  double score = 0;
  double shadow_score = 0;
  std::vector<Hit> hits;
  std::vector<AppliedEffect> effects;
  std::vector<uint32_t> alerts;      // rules whose limit tripped on this event
};

struct SessionOptions {
  int64_t max_steps = 10'000'000;        // per event, all rules together
  int64_t lateness_nanos = 0;            // how far behind the newest event an event may be and still count
  size_t max_state_bytes = size_t{4} << 30;
  bool time_rules = false;               // measure each rule's share of the evaluation cost (sampled)
};

// Counted since the session began.
struct RuleCounters {
  uint64_t fired = 0, suppressed = 0, tripped = 0, errors = 0, missing = 0;
  uint64_t cost_samples = 0, cost_ns = 0;
};

class Session {
 public:
  Session(std::shared_ptr<const Rules> rules, const SessionOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // `row` has the event's slot_count slots: fields as the schema says (missing only where optional), the last two are the
  // session's. Text in the row is borrowed for the call. Never fails: failures of rules are hits.
  const EventResult& evaluate(uint32_t event, value::Value* row);

  // Any node on the row last evaluated (state as rules saw it): --where, because, explain, tests.
  value::Value eval(ir::NodeId node);
  // The filled template of a rule on the event last evaluated.
  std::string because(uint32_t rule);
  bool has_label(uint32_t label, const value::Value& key, int64_t now_nanos);

  const std::vector<RuleCounters>& counters() const;
  struct Cause { uint32_t rule; uint32_t code; bool missing; std::string text; uint64_t count; };
  std::vector<Cause> causes() const;   // errors and missing by rule and cause, most frequent first
  uint64_t late_events() const;
  uint64_t nodes_evaluated() const;
  size_t state_bytes() const;
  const Rules& rules() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::engine
