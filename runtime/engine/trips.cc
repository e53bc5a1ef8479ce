#include "runtime/engine/trips.h"

#include <fmt/format.h>

#include <utility>

namespace weir::engine {
namespace {

std::unique_ptr<state::LimitGuard> guard_of(const FaultBudget& budget) {
  if (budget.per_nanos == 0) return nullptr;
  return std::make_unique<state::LimitGuard>(budget.count, budget.per_nanos);
}

}  // namespace

std::string_view trip_cause_name(TripCause cause) {
  switch (cause) {
    case TripCause::kErrors:
      return "errors";
    case TripCause::kOverruns:
      return "overruns";
    case TripCause::kNone:
      break;
  }
  return "";
}

Trips::Trips(const ir::Program& program, const std::vector<Protection>& protections)
    : protections_(protections), errors_(program.rules.size()), overruns_(program.rules.size()) {
  for (uint32_t r = 0; r < program.rules.size(); ++r) {
    errors_[r] = guard_of(protection(r).errors);
    overruns_[r] = guard_of(protection(r).overruns);
  }
}

bool Trips::note(Guards& guards, uint32_t rule, int64_t time) {
  if (guards[rule] == nullptr || guards[rule]->admit(time) != state::LimitGuard::Admission::kTrips) return false;
  moved();
  return true;
}

TripCause Trips::tripped(uint32_t rule, int64_t time) const {
  if (overruns_[rule] != nullptr && overruns_[rule]->tripped(time)) return TripCause::kOverruns;
  if (errors_[rule] != nullptr && errors_[rule]->tripped(time)) return TripCause::kErrors;
  return TripCause::kNone;
}

Trips::Status Trips::status(uint32_t rule, int64_t time) const {
  Status out;
  out.cause = tripped(rule, time);
  state::LimitGuard::Status errors, overruns;
  if (errors_[rule] != nullptr) errors = errors_[rule]->status(time);
  if (overruns_[rule] != nullptr) overruns = overruns_[rule]->status(time);
  out.errors = errors.fires;
  out.overruns = overruns.fires;
  if (out.cause == TripCause::kNone) return out;
  const state::LimitGuard::Status& why = out.cause == TripCause::kErrors ? errors : overruns;
  out.tripped_at = why.tripped_at;
  out.until = why.until;
  return out;
}

void Trips::reset(uint32_t rule) {
  for (const Guards* guards : {&errors_, &overruns_}) {
    if ((*guards)[rule] != nullptr) (*guards)[rule]->reset();
  }
  moved();
}

std::vector<uint32_t> Trips::ever_tripped() const {
  std::vector<uint32_t> out;
  for (uint32_t r = 0; r < errors_.size(); ++r) {
    if ((errors_[r] != nullptr && errors_[r]->ever_tripped()) ||
        (overruns_[r] != nullptr && overruns_[r]->ever_tripped()))
      out.push_back(r);
  }
  return out;
}

bool Trips::has_faults(uint32_t rule) const {
  return (errors_[rule] != nullptr && !errors_[rule]->idle()) ||
         (overruns_[rule] != nullptr && !overruns_[rule]->idle());
}

ir::Identity Trips::identity(const ir::Program& program, uint32_t rule) const {
  const Protection& p = protection(rule);
  return ir::identity_of(fmt::format("trip {} {}/{} {}/{} {}", ir::to_string(ir::rule_version(program, rule)),
                                     p.errors.count, p.errors.per_nanos, p.overruns.count, p.overruns.per_nanos,
                                     p.steps));
}

void Trips::take(uint32_t rule, Trips& from, uint32_t from_rule) {
  std::swap(errors_[rule], from.errors_[from_rule]);
  std::swap(overruns_[rule], from.overruns_[from_rule]);
  moved();
}

void Trips::save(uint32_t rule, state::Writer& out) const {
  for (const Guards* guards : {&errors_, &overruns_}) {
    if ((*guards)[rule] != nullptr) (*guards)[rule]->save(out);
  }
}

bool Trips::load(uint32_t rule, state::Reader& in) {
  for (const Guards* guards : {&errors_, &overruns_}) {
    if ((*guards)[rule] != nullptr && !(*guards)[rule]->load(in)) return false;
  }
  moved();
  return in.ok();
}

}  // namespace weir::engine
