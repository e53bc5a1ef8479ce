// What stands behind a Session: one event from its row to its result. Included by session*.cc only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "compiler/ir/merge.h"
#include "runtime/batch/selection.h"
#include "runtime/engine/cause_counts.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/session_protection.h"
#include "runtime/engine/session_view.h"
#include "runtime/engine/state.h"
#include "runtime/index/group_evaluation.h"

namespace weir::engine {

struct Session::Impl {
  Impl(std::shared_ptr<const Rules> r, std::shared_ptr<State> s, const SessionOptions& o)
      : rules(std::move(r)),
        program(rules->program()),
        candidate(rules->candidate()),
        live_rules(candidate == nullptr ? UINT32_MAX : candidate->live_rules),
        options(o),
        state(std::move(s)),
        seat(state->take_seat()),
        view(*rules, *state, *seat),
        protection(*rules, *state),
        memo(program.module.memo_count),
        locals(program.module.local_count),
        counters(program.rules.size()),
        causes(program) {
    groups.resize(program.events.size());
    batches.resize(program.events.size());
    conditions.resize(program.events.size());
    ctx.memo = memo.data();
    ctx.locals = locals.data();
    ctx.constants = rules->constants().values();
    ctx.arena = &arena;
    ctx.state = &view;
    ctx.module = &program.module;
    ctx.steps = options.max_steps;
  }
  ~Impl() { state->leave_seat(seat); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Keeps pauses out of the state as long as it lives. May be nested.
  class Inside {
   public:
    explicit Inside(Impl& impl) : impl_(impl) {
      if (impl_.depth++ == 0) impl_.state->enter(*impl_.seat);
    }
    ~Inside() {
      if (--impl_.depth == 0) State::leave(*impl_.seat);
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Impl& impl_;
  };

  void evaluate(uint32_t event_type, value::Value* row);
  void evaluate_new(value::Value* row);
  // Throws std::bad_alloc if something on the event at hand failed for want of memory, which made values errors.
  void need_memory() const {
    if (arena.starved()) throw std::bad_alloc();
  }
  void take_back() noexcept;
  using Receive = std::function<void(size_t, const EventResult&)>;
  class Held;
  void evaluate_batch(std::span<const EventRow> events, const Receive& each);
  void select(std::span<const EventRow> events);
  void begin_event(value::Value* row);
  // Whether the event's id is known; if so the result is what was decided then.
  bool is_duplicate(uint64_t hash);
  void evaluate_rules();
  void evaluate_rules_timed(const std::vector<uint32_t>& active);
  index::GroupEvaluation& group();
  std::span<const index::GroupEvaluation::Outcome> outcomes();
  // The same until the deadline. Nothing, and result.expired, if it comes first.
  std::span<const index::GroupEvaluation::Outcome> outcomes_in_time();
  std::vector<Hit>& hits_of(uint32_t rule) { return rule < live_rules ? result.hits : result.candidate.hits; }
  const std::vector<ir::NodeId>& event_conditions(uint32_t type);
  const Snooze* snooze_of(uint32_t rule);  // that holds the rule back on this event, or null
  void apply(uint32_t rule);
  bool evaluate_effects(uint32_t rule, double* score, value::Value* failure);
  void fail(uint32_t rule, const value::Value& cause);
  void quarantine();
  void expire();
  void decide(value::Value* row);
  using Arms = std::vector<ir::DecideArm>;
  ir::Verdict decided(const value::Evaluator& evaluator, const Arms& arms, value::Value* row, double score);
  void decide_candidate(value::Value* row, ir::Verdict by_score, ir::Verdict by_shadow_score);
  void apply_labels();
  explain::Bind bind();

  // A label write of the event at hand. It comes into force at its end.
  struct LabelWrite {
    bool set;
    uint32_t label;
    state::Key key;
    int64_t duration;
    uint32_t rule;
  };

  std::shared_ptr<const Rules> rules;
  const ir::Program& program;
  const ir::Candidate* const candidate;  // null if there is none
  const uint32_t live_rules;             // those after are the candidate's only
  SessionOptions options;
  const std::shared_ptr<State> state;
  Seat* const seat;
  SessionView view;
  SessionProtection protection;
  bool guarded = false;  // some rule is out of service on the event at hand
  std::vector<value::Memo> memo;
  std::vector<value::Value> locals;
  value::Arena arena;
  value::EvalContext ctx;
  std::vector<std::unique_ptr<index::GroupEvaluation>> groups;  // by event type, once one was seen
  // Of an event type, once a batch of it has come.
  struct Batch {
    explicit Batch(const batch::Plan& plan) : selection(plan) {}
    batch::Selection selection;
    std::vector<const value::Value*> rows;
    bool selected = false;
  };
  std::vector<std::unique_ptr<Batch>> batches;      // by event type
  std::vector<std::vector<ir::NodeId>> conditions;  // by event type, once asked for: of its active rules
  std::vector<uint32_t> place_in_batch;             // by event: its row in the batch of its type
  const std::span<const index::PredicateIndex::Selected>* found = nullptr;  // of the event at hand, if in a batch
  std::shared_ptr<const SnoozeSet> snoozes;                                 // as of this event
  uint64_t snooze_generation = 0;
  std::vector<LabelWrite> label_writes;
  bool told_apart = false;  // the event at hand, by an id that was new; of that hash
  uint64_t id_hash = 0;
  // What it has told the guards of `once` and `limit`.
  struct Fire {
    state::OnceGuard* guard;
    state::Key key;
  };
  struct Admission {
    state::LimitGuard* guard;
    state::LimitGuard::Admission admission;
  };
  std::vector<Fire> fires;
  std::vector<Admission> admissions;
  std::vector<value::Value> effect_values;  // of one rule: key and arguments of its effects, in order
  EventResult result;
  ir::Verdict stated = ir::Verdict::kAllow;         // by `verdict` effects of live rules
  ir::Verdict shadow_stated = ir::Verdict::kAllow;  // of live and shadow rules
  std::vector<RuleCounters> counters;
  CauseCounts causes;
  uint64_t clock = 0;   // number of the event
  uint64_t events = 0;  // evaluated by this session
  uint64_t duplicate_events = 0, ahead_events = 0, expired_events = 0;
  using Clock = std::chrono::steady_clock;
  std::chrono::nanoseconds time_limit{0};  // of each event; 0: the deadline stays where it is
  bool has_deadline = false;
  Clock::time_point deadline;  // of the event at hand
  bool is_over() const { return has_deadline && Clock::now() >= deadline; }
  int depth = 0;       // of Inside
  uint32_t event = 0;  // type, and time, of the current event
  int64_t time = 0;
};

}  // namespace weir::engine
