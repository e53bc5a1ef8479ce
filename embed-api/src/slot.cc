// The point where rules are swapped: a pointer and its generation under one lock, held for a few instructions.
#include <atomic>
#include <mutex>

#include "embed-api/src/handles.h"

namespace {

// The events a host sends. They keep the rule set they were read from.
struct Expected {
  std::shared_ptr<const weir::embed::RulesetState> ruleset;
  uint32_t event = 0;
  const weir::embed::Shape& shape() const { return ruleset->shapes[event]; }
};

// With keys to trust, a slot takes releases in their order: an old bundle is signed as well as a new one.
weir_status check_forward(const weir::embed::RulesetState* current, const weir::embed::RulesetState& next,
                          weir_error* err) {
  if (!next.bundle) return weir::embed::report(err, WEIR_E_TRUST, "the rules do not come from a bundle");
  if (current == nullptr || !current->bundle) return WEIR_OK;
  if (next.bundle->name != current->bundle->name) {
    return weir::embed::fail(err, WEIR_E_TRUST, "the slot has a bundle of `{}`, this is one of `{}`",
                             current->bundle->name, next.bundle->name);
  }
  if (next.bundle->sequence >= current->bundle->sequence) return WEIR_OK;
  return weir::embed::fail(err, WEIR_E_TRUST, "release {} is older than release {}, which is current",
                           next.bundle->sequence, current->bundle->sequence);
}

}  // namespace

struct weir_slot {
  std::shared_ptr<const weir::embed::EngineState> engine;
  std::vector<Expected> events;

  std::mutex mutex;
  std::shared_ptr<const weir::embed::RulesetState> current;  // under mutex
  std::atomic<uint64_t> generation{0};                       // written under mutex
};

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
    auto slot = std::make_unique<weir_slot>();
    slot->engine = engine->state;
    for (size_t i = 0; i < n; ++i) {
      if (schemas[i] == nullptr) return fail(err, WEIR_E_ARG, "`schemas[{}]` is NULL", i);
      slot->events.push_back({schemas[i]->ruleset, schemas[i]->event});
    }
    *slot_out = slot.release();
    return WEIR_OK;
  });
}

weir_status weir_slot_publish(weir_slot* slot, const weir_ruleset* ruleset, uint64_t expected, uint64_t* generation,
                              weir_error* err) {
  return call(err, [&]() -> weir_status {
    if (generation != nullptr) *generation = slot == nullptr ? 0 : slot->generation.load(std::memory_order_acquire);
    WEIR_REQUIRE(slot, err);
    WEIR_REQUIRE(ruleset, err);
    for (const Expected& sent : slot->events) {
      int event = ruleset->state->program->find_event(sent.shape().name);
      if (event < 0) return fail(err, WEIR_E_SCHEMA, "the rules declare no event `{}`", sent.shape().name);
      std::vector<int> slots;
      std::string why;
      if (!fit(sent.shape(), ruleset->state->shapes[static_cast<size_t>(event)], true, &slots, &why))
        return report(err, WEIR_E_SCHEMA, why);
    }
    const bool forward_only = !slot->engine->trusted_keys.empty();
    std::shared_ptr<const weir::embed::RulesetState> other = ruleset->state;  // after the swap: the retired one
    bool won = false;
    uint64_t now = 0;
    {
      std::lock_guard lock(slot->mutex);
      now = slot->generation.load(std::memory_order_relaxed);
      won = now == expected;
      if (won && forward_only) {
        if (weir_status s = check_forward(slot->current.get(), *other, err)) return s;
      }
      if (won) {
        slot->current.swap(other);
        slot->generation.store(++now, std::memory_order_release);
      }
    }
    // `other` is let go outside the lock: freeing native code may take a while.
    if (generation != nullptr) *generation = now;
    if (!won) return fail(err, WEIR_E_CONFLICT, "generation {} was expected, {} is current", expected, now);
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
    {
      std::lock_guard lock(slot->mutex);
      pinned->state = slot->current;
      pinned->generation = slot->generation.load(std::memory_order_relaxed);
    }
    if (pinned->state == nullptr) return report(err, WEIR_E_ARG, "nothing has been published to the slot");
    if (generation != nullptr) *generation = pinned->generation;
    *ruleset_out = pinned.release();
    return WEIR_OK;
  });
}

uint64_t weir_slot_generation(const weir_slot* slot) {
  return slot == nullptr ? 0 : slot->generation.load(std::memory_order_acquire);
}

void weir_slot_release(weir_slot* slot) { delete slot; }
