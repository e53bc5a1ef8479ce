// Rules and the state they keep, from one event to one verdict.
//
// Rules is what was loaded: immutable, shared by any number of threads. State (state.h) is what was seen: features,
// labels, once, limits. Session is one ordered stream of events over a state: one caller at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/ir/program.h"
#include "runtime/engine/event_policy.h"
#include "runtime/engine/protection.h"
#include "runtime/engine/snoozes.h"
#include "runtime/engine/tiers.h"
#include "runtime/explain/explain.h"
#include "runtime/index/predicate_index.h"
#include "runtime/interp/interpreter.h"
#include "runtime/match/list_set.h"
#include "runtime/state/feature_store.h"
#include "runtime/state/label_store.h"
#include "runtime/value/constants.h"
#include "runtime/value/evaluator.h"

namespace weir::batch {
class Plan;
}
namespace weir::ir {
struct Candidate;
}

namespace weir::engine {

struct RulesOptions {
  // kInterpreter evaluates with the interpreter. kNative compiles before create() returns, or fails. kAuto returns at
  // once: the interpreter evaluates until native code, where it is built in, has been compiled in the background.
  // Results are the same.
  Tier tier = Tier::kAuto;
  // 0 none, 1 less, 2 O1, 3 O2 (jit::OptLevel); at 1 rules behind an index have none, which is as fast there.
  int opt_level = 1;
  uint32_t compile_threads = 1;
  // Where native code is kept between processes, so that the same rules are not compiled twice: made with mode 0700 if
  // it is not there, refused if others may use it. Empty: nowhere. Beyond max_cache_bytes what was used longest ago
  // goes.
  std::string cache_directory = {};
  uint64_t max_cache_bytes = uint64_t{1} << 30;
  bool use_index = true;  // false: every rule is evaluated, for tests and measurements
  // The rules before these. Where the program begins with the nodes of theirs (driver::Recompiler) and few conditions
  // of an event type are others, its index is taken over, and these few are evaluated for every event. Not kept.
  std::shared_ptr<const class Rules> previous = {};
  // Of a merged program (compiler/ir/merge.h): results have what the candidate would have come to, too.
  std::shared_ptr<const ir::Candidate> candidate = {};
};

// May be destroyed while native code is being compiled for it: that is given up, and nobody waits.
class Rules {
 public:
  ~Rules();
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;
  // Errors: IR that does not verify, a malformed list entry, an aggregation that is not supported, a native tier that
  // is asked for but not built in or that fails.
  static absl::StatusOr<std::shared_ptr<const Rules>> create(std::shared_ptr<const ir::Program> program,
                                                             const RulesOptions& options);
  const ir::Program& program() const { return *program_; }
  const std::shared_ptr<const ir::Program>& program_ptr() const { return program_; }
  // What evaluates just now. May change between any two calls; what was returned stays valid as long as the rules, and
  // evaluators agree on results, memos and steps, so that an event may meet both.
  const Evaluation& evaluation() const { return tiers_->current(); }
  const value::Evaluator& evaluator() const { return *evaluation().evaluator; }
  const value::ConstantPool& constants() const { return constants_; }
  Tier tier() const { return evaluation().tier; }  // the one in use
  // Why there is no native code although it was wanted, or why the cache is not used; else empty. Set once.
  std::string_view tier_note() const { return tiers_->note(); }
  TierStatus tier_status() const { return tiers_->status(); }
  // Waits for native code that is being compiled in the background; false if that took longer.
  bool wait_for_native(std::chrono::milliseconds longest) const { return tiers_->wait(longest); }
  // For nodes the native tier was not compiled for: clauses, explain, tests. The same values.
  const interp::Interpreter& interpreter() const { return *interpreter_; }
  const ir::Candidate* candidate() const { return candidate_.get(); }  // null if there is none
  const match::ListSet& list(uint32_t list) const { return *lists_[list]; }
  // The rules of an event type that are evaluated (not off), in order of the source: eval_rules' group.
  const std::vector<uint32_t>& active_rules(uint32_t event) const { return active_rules_[event]; }
  // Whether some expression reads a feature without naming a key. By feature.
  const std::vector<bool>& read_bare() const { return read_bare_; }
  // What batches of an event type are looked at by (runtime/batch); made when first asked for. Thread-safe.
  const batch::Plan& batch_plan(uint32_t event) const;

 private:
  explicit Rules(std::shared_ptr<const ir::Program> program);
  std::shared_ptr<const ir::Program> program_;
  std::shared_ptr<const ir::Candidate> candidate_;
  value::ConstantPool constants_;
  std::vector<std::vector<uint32_t>> active_rules_;
  std::vector<bool> read_bare_;
  struct LazyPlan;
  std::vector<std::unique_ptr<LazyPlan>> batch_plans_;  // by event type
  std::vector<std::unique_ptr<match::ListSet>> lists_;
  std::shared_ptr<const interp::Interpreter> interpreter_;
  std::shared_ptr<Tiers> tiers_;
};

enum class Outcome : uint8_t {
  kFired,        // `when` is true, and neither once nor limit held it back
  kSuppressed,   // true, but `once` has seen this key within its window
  kTripped,      // true, but the rule's limit is exceeded: counted as shadow
  kError,        // `when`, or an effect, ended in an error
  kMissing,      // `when` ended missing
  kSnoozed,      // true, but people have told the rule to be quiet (snoozes.h): no effect, neither once nor limit knows
  kQuarantined,  // not evaluated: its protection has tripped, and declares a verdict for that (trips.h)
};
std::string_view outcome_name(Outcome outcome);

// One rule that did something other than not fire. Order: as in the source.
struct Hit {
  uint32_t rule = 0;
  Outcome outcome = Outcome::kFired;
  bool applied = false;            // effects were applied: fired, and mode is live
  value::Value cause;              // error or missing: the failing value (code, message, missing cause)
  double score = 0;                // what it added; 0 if not applied
  const Snooze* snooze = nullptr;  // that held it back
};

struct AppliedEffect {
  uint32_t rule = 0;
  const ir::Effect* effect = nullptr;
  value::Value key;                // label, unlabel, case
  std::vector<value::Value> args;  // action
};

// Result of one event. A second event with an id still remembered is ignored: it changes nothing, has no hits, and gets
// the verdicts of the first again, so that a request that is retried does not come off better. Borrowed from the
// session; valid until its next evaluate().
struct EventResult {
  ir::Verdict verdict = ir::Verdict::kAllow;         // of live rules
  ir::Verdict shadow_verdict = ir::Verdict::kAllow;  // as if shadow rules were live
  double score = 0;
  double shadow_score = 0;
  std::vector<Hit> hits;
  std::vector<AppliedEffect> effects;
  std::vector<uint32_t> alerts;  // rules whose limit tripped on this event
  std::vector<uint32_t> trips;   // rules whose protection tripped on this event (trips.h)
  bool duplicate = false;        // ignored
  // It took too long (set_time_limit): it counts in features, no rule had a say, and the verdicts are the declared one.
  bool expired = false;
  // What a candidate's rules came to, with the labels and features that the live ones have made.
  struct Candidate {
    ir::Verdict verdict = ir::Verdict::kAllow;
    ir::Verdict shadow_verdict = ir::Verdict::kAllow;
    double score = 0;
    double shadow_score = 0;
    std::vector<Hit> hits;  // of rules that it does not share
  };
  Candidate candidate;
  // The state went over to other rules (carry_over.h): the event was not evaluated, and everything else here is empty.
  bool moved = false;
};

class State;
struct StateOptions;

struct SessionOptions {
  int64_t max_steps = 10'000'000;  // per event, all rules together
  bool time_rules = false;         // measure each rule's share of the evaluation cost (sampled)
  size_t min_batched_rules = 32;   // evaluate_batch(): events of a type with fewer are evaluated one by one
  // Of the state that a session makes for itself: StateOptions.
  std::vector<EventPolicy> events;  // by event type; EventPolicy() for those that are not there
  std::vector<Protection> protections = {};
  size_t max_state_bytes = size_t{4} << 30;
  uint64_t generation = 0;                         // of the rules, as labels remember it
  ir::Verdict fail_verdict = ir::Verdict::kAllow;  // of events that take too long
};

// Of the state that a session with these options makes for itself.
StateOptions state_options(const SessionOptions& options);

// Counted since the session began.
struct RuleCounters {
  uint64_t fired = 0, suppressed = 0, tripped = 0, errors = 0, missing = 0, snoozed = 0;
  uint64_t quarantined = 0;  // events of its type while it was out of service
  uint64_t cost_samples = 0, cost_ns = 0;
};

class Session {
 public:
  // With a state of its own.
  Session(std::shared_ptr<const Rules> rules, const SessionOptions& options);
  // With a state that other sessions use too, each on its thread. If each key's events reach one session, in order, and
  // every session is told of the time that others have seen (observe), results are those of one session that sees all
  // events in order. `state` is that of the same program. While it has one session, that session must not be in a call
  // when a second one is made.
  Session(std::shared_ptr<const Rules> rules, std::shared_ptr<State> state, const SessionOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // `row` has the event's slot_count slots: fields as the schema says (missing only where optional), the last two are
  // the session's. The row and its text are borrowed until the next call. Failures of rules are hits. std::bad_alloc
  // where memory runs out: there is no result then, and nothing of the event remains but what features may have counted
  // of it, and a label that it took away. It may come again under its id.
  const EventResult& evaluate(uint32_t event, value::Value* row);
  // Does to the event last evaluated what evaluate() does where memory runs out, for want of memory to tell of it.
  void take_back();
  // evaluate() of each event in order, and its result given to `each` with the event's number; the same results, sooner
  // if there are many rules. What depends on an event alone is found for up to 1,024 events at a time before the first
  // of them is evaluated, all else in its turn. Rows and their texts are borrowed until the call ends. `each` must not
  // call evaluate.
  struct EventRow {
    uint32_t event = 0;
    value::Value* row = nullptr;
  };
  void evaluate_batch(std::span<const EventRow> events, const std::function<void(size_t, const EventResult&)>& each);

  // How long evaluate() may take by the clock, from its call; 0: as long as it takes. What comes of an event that takes
  // longer depends on the machine, so a replay may differ there and nowhere else. Rules are evaluated with ever more
  // steps until they have enough or the time is over, so that a limit is overrun by little and costs at most a third
  // more. The update of features is not cut short.
  void set_time_limit(std::chrono::nanoseconds limit);
  // The same for all calls from now on together: events that come when it is over only count in features.
  void set_deadline(std::chrono::steady_clock::time_point deadline);

  // An event of this type and time went to another session of the state: lateness is judged by it too. Not needed where
  // events come in order of time.
  void observe(uint32_t event, int64_t time_nanos);

  // Makes the event the one that eval(), because() and explain() are about without evaluating it: nothing is added to
  // the state, which is looked at as it stands. The row is borrowed as by evaluate(), whose last result goes.
  void look_at(uint32_t event, value::Value* row);

  // Any node on the row last evaluated, with its labels as rules saw them: --where, because, explain, tests. Uses the
  // interpreter.
  value::Value eval(ir::NodeId node);
  // A feature at a key, one value a part, as of the event last evaluated. May borrow until the next event.
  value::Value feature_at(uint32_t feature, std::span<const value::Value> key);
  // Why a rule, or any expression, came out as it did on the event last evaluated.
  explain::Why explain(uint32_t rule);
  explain::Why explain_node(ir::NodeId node);
  // The filled template of a rule on the event last evaluated.
  std::string because(uint32_t rule);
  // After the event last evaluated, what it wrote included.
  bool has_label(uint32_t label, const value::Value& key, int64_t now_nanos);

  // Of this session.
  const std::vector<RuleCounters>& counters() const;
  // text: the error's message, or the field or feature that was missing.
  struct Cause {
    uint32_t rule;
    uint32_t code;
    bool missing;
    std::string text;
    uint64_t count;
  };
  std::vector<Cause> causes() const;  // errors and missing by rule and cause, most frequent first
  // Events that came too late for the window of at least one feature. Their rules were evaluated all the same.
  uint64_t late_events() const;
  // Events ignored because one with their id came before.
  uint64_t duplicate_events() const;
  // Events whose time was further ahead than one alone may move the clock (EventPolicy::max_ahead_nanos).
  uint64_t ahead_events() const;
  // Events that took longer than the time limit.
  uint64_t expired_events() const;
  uint64_t events() const;
  // Work done so far. Nodes are counted by the interpreter only; rules by both tiers: those of an event's type that an
  // index did not leave out.
  uint64_t nodes_evaluated() const;
  uint64_t rules_visited() const;
  // Of the state, all its sessions together.
  state::FeatureCounters feature_counters(uint32_t feature) const;
  size_t feature_keys(uint32_t feature) const;
  size_t feature_bytes(uint32_t feature) const;
  size_t state_bytes() const;
  const std::shared_ptr<State>& state() const;
  const SessionOptions& options() const;
  // Of the same rules, published again: what labels remember from now on (SessionOptions::generation).
  void set_generation(uint64_t generation);
  const Rules& rules() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::engine
