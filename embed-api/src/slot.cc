// Publishing, pinning, and the loads of a slot of its own.
#include "embed-api/src/slot.h"

#include <fmt/format.h>

#include <chrono>

namespace weir::embed {
namespace {

int64_t wall_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// With keys to trust, a slot takes releases in their order: an old bundle is signed as well as a new one.
weir_status check_forward(const RulesetState* current, const RulesetState& next, weir_error* err) {
  if (!next.bundle) return report(err, WEIR_E_TRUST, "the rules do not come from a bundle");
  if (current == nullptr || !current->bundle) return WEIR_OK;
  if (next.bundle->name != current->bundle->name) {
    return fail(err, WEIR_E_TRUST, "the slot has a bundle of `{}`, this is one of `{}`", current->bundle->name,
                next.bundle->name);
  }
  if (next.bundle->sequence >= current->bundle->sequence) return WEIR_OK;
  return fail(err, WEIR_E_TRUST, "release {} is older than release {}, which is current", next.bundle->sequence,
              current->bundle->sequence);
}

}  // namespace

std::shared_ptr<const RulesetState> Slot::current(uint64_t* generation) const {
  const std::lock_guard lock(mutex_);
  *generation = status_.generation;
  return status_.current;
}

weir_status Slot::check_fit(const RulesetState& rules, weir_error* err) const {
  for (const Expected& sent : events_) {
    int event = rules.program->find_event(sent.shape().name);
    if (event < 0) return fail(err, WEIR_E_SCHEMA, "the rules declare no event `{}`", sent.shape().name);
    std::vector<int> slots;
    std::string why;
    if (!fit(sent.shape(), rules.shapes[static_cast<size_t>(event)], true, &slots, &why))
      return report(err, WEIR_E_SCHEMA, why);
  }
  return WEIR_OK;
}

weir_status Slot::publish(std::shared_ptr<const RulesetState> rules, std::string_view source, uint64_t expected,
                          uint64_t* now, weir_error* err) {
  weir_error own = WEIR_INIT(weir_error);
  weir_status status = check_fit(*rules, &own);
  const std::lock_guard audit_lock(audit_mutex_);
  const std::string hash = rules->content_hash;
  std::string step;
  {
    const std::lock_guard lock(mutex_);
    *now = status_.generation;
    if (status == WEIR_OK && *now != expected) {
      ++status_.conflicts;
      return fail(err, WEIR_E_CONFLICT, "generation {} was expected, {} is current", expected, *now);
    }
    if (status == WEIR_OK && !engine_->trusted_keys.empty())
      status = check_forward(status_.current.get(), *rules, &own);
    if (status != WEIR_OK) {
      note_failure_locked(source, status, own.message, nullptr);
    } else {
      // What may throw comes before anything is changed.
      step = fmt::format("generation {}{}{}", *now + 1, source.empty() ? "" : ", ", source);
      status_.source = source;
      status_.current.swap(rules);
      status_.published_wall = wall_now();
      status_.failing = false;
      ++status_.publishes;
      *now = ++status_.generation;
      generation_.store(*now, std::memory_order_release);
    }
  }
  if (status != WEIR_OK) {
    audit_step_locked({"failure", hash, own.message});
    return report(err, status, own.message);
  }
  audit_step_locked({"publish", hash, step});
  // What was current is let go here, outside the lock: freeing native code may take a while.
  return WEIR_OK;
}

void Slot::note_failure(std::string_view source, const weir_error& error, std::shared_ptr<const weir_diags> diags) {
  const std::lock_guard audit_lock(audit_mutex_);
  {
    const std::lock_guard lock(mutex_);
    note_failure_locked(source, error.code, error.message, std::move(diags));
  }
  audit_step_locked({"failure", source, error.message});
}

weir_status Slot::audit(const std::string& path, weir_error* err) {
  const std::lock_guard lock(audit_mutex_);
  audit_.reset();  // it may be the same file
  auto log = io::AuditLog::open(path);
  if (!log.ok()) return report(err, log.status(), absl::IsDataLoss(log.status()) ? WEIR_E_DATA : WEIR_E_IO);
  audit_ = *std::move(log);
  return WEIR_OK;
}

void Slot::audit_step(const io::AuditStep& step) {
  const std::lock_guard lock(audit_mutex_);
  audit_step_locked(step);
}

void Slot::audit_step_locked(const io::AuditStep& step) {
  if (audit_ == nullptr) return;
  std::string note;
  try {
    const absl::Status written = audit_->append_step(step, wall_now(), 0);
    if (written.ok()) return;
    note = std::string(written.message());
  } catch (const std::bad_alloc&) {
    note = "out of memory";  // no longer than a string holds itself: what the step is about has been done
  }
  const std::lock_guard lock(mutex_);
  status_.audit_note.swap(note);
}

void Slot::note_failure_locked(std::string_view source, weir_status status, std::string_view message,
                               std::shared_ptr<const weir_diags> diags) {
  status_.failure = {status,          wall_now(), status_.generation, std::string(source), std::string(message),
                     std::move(diags)};
  status_.failing = true;
  ++status_.failures;
}

void Slot::note_same() {
  const std::lock_guard lock(mutex_);
  status_.failing = false;
}

void Slot::set_watch(uint32_t watch, std::string note) {
  const std::lock_guard lock(mutex_);
  status_.watch = watch;
  status_.watch_note = std::move(note);
}

SlotStatus Slot::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

weir_status load_into(Slot& slot, const std::vector<std::string>& paths, const CompileRequest& request,
                      uint64_t expected, bool unless_same, uint64_t* now, std::shared_ptr<const weir_diags>* diags,
                      weir_error* err) {
  std::string source;
  for (const std::string& path : paths) source += (source.empty() ? "" : " ") + path;
  weir_error own = WEIR_INIT(weir_error);
  std::shared_ptr<const RulesetState> rules;
  std::unique_ptr<weir_diags> said;
  const weir_status status = compile_paths(slot.engine(), paths, request, &rules, &said, &own);
  *diags = std::move(said);
  if (status != WEIR_OK) {
    slot.note_failure(source, own, *diags);
    *now = slot.generation();
    return report(err, status, own.message);
  }
  if (unless_same) {
    const std::shared_ptr<const RulesetState> current = slot.current(now);
    if (current != nullptr && current->content_hash == rules->content_hash) {
      slot.note_same();
      return WEIR_OK;
    }
  }
  return slot.publish(std::move(rules), source, expected, now, err);
}

}  // namespace weir::embed

using weir::embed::call;
using weir::embed::fail;
using weir::embed::report;

weir_status weir_slot_create(const weir_engine* engine, const weir_schema* const* schemas, size_t n,
                             weir_slot** slot_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(slot_out, err);
    *slot_out = nullptr;
    WEIR_REQUIRE(engine, err);
    if (n != 0) WEIR_REQUIRE(schemas, err);
    std::vector<weir::embed::Slot::Expected> events;
    for (size_t i = 0; i < n; ++i) {
      if (schemas[i] == nullptr) return fail(err, WEIR_E_ARG, "`schemas[{}]` is NULL", i);
      events.push_back({schemas[i]->ruleset, schemas[i]->event});
    }
    *slot_out = new weir_slot{std::make_shared<weir::embed::Slot>(engine->state, std::move(events))};
    return WEIR_OK;
  });
}

weir_status weir_slot_publish(weir_slot* slot, const weir_ruleset* ruleset, uint64_t expected, uint64_t* generation,
                              weir_error* err) {
  return call(err, [&]() -> weir_status {
    if (generation != nullptr) *generation = weir_slot_generation(slot);
    WEIR_REQUIRE(slot, err);
    WEIR_REQUIRE(ruleset, err);
    uint64_t now = 0;
    const weir_status status = slot->state->publish(ruleset->state, "", expected, &now, err);
    if (generation != nullptr) *generation = now;
    return status;
  });
}

weir_status weir_slot_load(weir_slot* slot, const weir_str* paths, size_t n, const weir_compile_options* options,
                           uint64_t expected, uint64_t* generation, weir_diags** diags_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    if (diags_out != nullptr) *diags_out = nullptr;
    if (generation != nullptr) *generation = weir_slot_generation(slot);
    WEIR_REQUIRE(slot, err);
    std::vector<std::string> names;
    if (weir_status s = weir::embed::read_paths(paths, n, &names, err)) return s;
    weir::embed::CompileRequest request;
    if (weir_status s = weir::embed::read_request(*slot->state->engine(), options, &request, err)) return s;
    uint64_t now = 0;
    std::shared_ptr<const weir_diags> diags;
    const weir_status status = weir::embed::load_into(*slot->state, names, request, expected, false, &now, &diags, err);
    if (generation != nullptr) *generation = now;
    if (diags_out != nullptr && diags != nullptr) *diags_out = new weir_diags(*diags);
    return status;
  });
}

weir_status weir_slot_note_failure(weir_slot* slot, weir_str source, const weir_error* failure, const weir_diags* diags,
                                   weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(slot, err);
    WEIR_REQUIRE_TEXT(source, err);
    WEIR_REQUIRE(failure, err);
    weir_error given;
    if (weir_status s = weir::embed::read_options(failure, &given, "weir_error", err)) return s;
    given.message[sizeof given.message - 1] = '\0';
    if (given.code == WEIR_OK) return report(err, WEIR_E_ARG, "`failure` is none: its code is WEIR_OK");
    slot->state->note_failure(weir::embed::view(source), given,
                              diags == nullptr ? nullptr : std::make_shared<const weir_diags>(*diags));
    return WEIR_OK;
  });
}

weir_status weir_slot_pin(weir_slot* slot, weir_ruleset** ruleset_out, uint64_t* generation, weir_error* err) {
  return call(err, [&]() -> weir_status {
    if (generation != nullptr) *generation = 0;
    WEIR_REQUIRE(ruleset_out, err);
    *ruleset_out = nullptr;
    WEIR_REQUIRE(slot, err);
    auto pinned = std::make_unique<weir_ruleset>();
    pinned->state = slot->state->current(&pinned->generation);
    if (pinned->state == nullptr) return report(err, WEIR_E_ARG, "nothing has been published to the slot");
    if (generation != nullptr) *generation = pinned->generation;
    *ruleset_out = pinned.release();
    return WEIR_OK;
  });
}

weir_status weir_slot_audit(weir_slot* slot, weir_str path, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(slot, err);
    WEIR_REQUIRE_TEXT(path, err);
    return slot->state->audit(std::string(weir::embed::view(path)), err);
  });
}

uint64_t weir_slot_generation(const weir_slot* slot) { return slot == nullptr ? 0 : slot->state->generation(); }

void weir_slot_release(weir_slot* slot) { delete slot; }
