// Session's calls around evaluation: construction, what is asked after an event, counters.
#include <memory>
#include <utility>

#include "runtime/engine/session_impl.h"
#include "runtime/value/operations.h"

namespace weir::engine {

using value::Value;

StateOptions state_options(const SessionOptions& options) {
  return {options.events, options.max_state_bytes, options.protections};
}

Session::Session(std::shared_ptr<const Rules> rules, const SessionOptions& options) {
  auto state = std::make_shared<State>(rules->program_ptr(), state_options(options));
  impl_ = std::make_unique<Impl>(std::move(rules), std::move(state), options);
}
Session::Session(std::shared_ptr<const Rules> rules, std::shared_ptr<State> state, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(std::move(rules), std::move(state), options)) {}
Session::~Session() = default;

const EventResult& Session::evaluate(uint32_t event, Value* row) {
  impl_->evaluate(event, row);
  return impl_->result;
}

void Session::evaluate_batch(std::span<const EventRow> events,
                             const std::function<void(size_t, const EventResult&)>& each) {
  impl_->evaluate_batch(events, each);
}

void Session::look_at(uint32_t event, Value* row) {
  const Impl::Inside inside(*impl_);
  const ir::Event& e = impl_->program.events[event];
  impl_->result = EventResult();
  impl_->arena.reset();
  impl_->event = event;
  impl_->time = state::to_nanos(row[types::EventSchema::kTimeSlot]);
  row[e.score_slot] = row[e.each_slot] = Value::missing();
  ++impl_->ctx.epoch;
  impl_->ctx.row = row;
  impl_->ctx.steps = impl_->options.max_steps;
  impl_->view.look_at(event, impl_->time, impl_->ctx);
}

Value Session::eval(ir::NodeId node) {
  if (impl_->ctx.row == nullptr) return Value::missing();
  const Impl::Inside inside(*impl_);
  impl_->ctx.steps = impl_->options.max_steps;
  const SessionView::LookingOn looking(impl_->view);
  const Value v = impl_->rules->interpreter().eval(node, impl_->ctx);
  impl_->need_memory();
  return v;
}

Value Session::feature_at(uint32_t feature, std::span<const Value> key) {
  if (impl_->ctx.row == nullptr) return Value::missing(Value::missing_feature(feature));
  const Impl::Inside inside(*impl_);
  const SessionView::LookingOn looking(impl_->view);
  const Value v = impl_->view.feature_at(feature, key.data(), static_cast<uint32_t>(key.size()));
  impl_->need_memory();
  return v;
}

explain::Bind Session::Impl::bind() {
  return [this](const ir::Fold& fold, const Value& item, const Value& second) {
    ctx.locals[fold.iter_local] = item;
    if (fold.iter2_local != UINT32_MAX) ctx.locals[fold.iter2_local] = second;
    for (uint32_t memo_slot : fold.memos) ctx.memo[memo_slot].stamp = 0;
  };
}

explain::Why Session::explain(uint32_t rule) {
  return explain::explain(
      impl_->program, rule, [this](ir::NodeId node) { return eval(node); }, impl_->bind());
}

explain::Why Session::explain_node(ir::NodeId node) {
  return explain::explain_node(
      impl_->program, impl_->event, node, [this](ir::NodeId n) { return eval(n); }, impl_->bind());
}

std::string Session::because(uint32_t rule) {
  std::string out;
  for (const ir::TemplatePiece& piece : impl_->program.rules[rule].because) {
    out += piece.text;
    if (piece.node == ir::kNoNode) continue;
    const Value v = eval(piece.node);
    if (v.ok()) {
      out += value::to_text(v);
    } else {
      out += !v.is_missing() ? "(error)" : v.is_warming() ? "(warming)" : "(missing)";
    }
  }
  return out;
}

bool Session::has_label(uint32_t label, const Value& key, int64_t now_nanos) {
  const Impl::Inside inside(*impl_);
  return impl_->view.has_label_now(label, key, now_nanos);
}

void Session::take_back() {
  const Impl::Inside inside(*impl_);
  impl_->take_back();
}

void Session::set_time_limit(std::chrono::nanoseconds limit) {
  impl_->time_limit = limit;
  impl_->has_deadline = limit.count() > 0;
}
void Session::set_deadline(std::chrono::steady_clock::time_point deadline) {
  impl_->time_limit = {};
  impl_->has_deadline = true;
  impl_->deadline = deadline;
}

void Session::observe(uint32_t event, int64_t time_nanos) {
  const Impl::Inside inside(*impl_);
  impl_->view.observe(event, time_nanos);
}

const std::vector<RuleCounters>& Session::counters() const { return impl_->counters; }
std::vector<Session::Cause> Session::causes() const { return impl_->causes.sorted(); }
uint64_t Session::late_events() const { return impl_->view.late_events(); }
uint64_t Session::duplicate_events() const { return impl_->duplicate_events; }
uint64_t Session::ahead_events() const { return impl_->ahead_events; }
uint64_t Session::expired_events() const { return impl_->expired_events; }
uint64_t Session::events() const { return impl_->events; }
state::FeatureCounters Session::feature_counters(uint32_t feature) const {
  return impl_->state->feature(feature).counters();
}
size_t Session::feature_keys(uint32_t feature) const { return impl_->state->feature(feature).keys(); }
size_t Session::feature_bytes(uint32_t feature) const { return impl_->state->feature(feature).bytes(); }
uint64_t Session::nodes_evaluated() const { return impl_->ctx.counters[0]; }
uint64_t Session::rules_visited() const {
  uint64_t visited = 0;
  for (const auto& group : impl_->groups) visited += group == nullptr ? 0 : group->visited();
  return visited;
}
size_t Session::state_bytes() const { return impl_->state->bytes(); }
const SessionOptions& Session::options() const { return impl_->options; }
void Session::set_generation(uint64_t generation) { impl_->options.generation = generation; }
const std::shared_ptr<State>& Session::state() const { return impl_->state; }
const Rules& Session::rules() const { return *impl_->rules; }

}  // namespace weir::engine
