// What a host keeps of libweir, in few words: handles that end themselves, rules from a text, verdicts as JSON.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "weir/weir.h"

namespace weir::faults {

template <auto kRelease>
struct Release {
  template <typename T>
  void operator()(T* handle) const {
    kRelease(handle);
  }
};
using Engine = std::unique_ptr<weir_engine, Release<weir_engine_release>>;
using Rules = std::unique_ptr<weir_ruleset, Release<weir_ruleset_release>>;
using Session = std::unique_ptr<weir_session, Release<weir_session_release>>;
using Event = std::unique_ptr<weir_event, Release<weir_event_release>>;
using Verdict = std::unique_ptr<weir_verdict, Release<weir_verdict_release>>;
using Slot = std::unique_ptr<weir_slot, Release<weir_slot_release>>;
using Diags = std::unique_ptr<weir_diags, Release<weir_diags_release>>;

// Not from every child may threads be started, under the thread sanitizer.
#if defined(__SANITIZE_THREAD__)
#define WEIR_SKIP_IF_FORKS_ARE_NOT_FOLLOWED() GTEST_SKIP() << "the thread sanitizer does not follow forks"
#else
#define WEIR_SKIP_IF_FORKS_ARE_NOT_FOLLOWED() static_cast<void>(0)
#endif

inline weir_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(weir_str text) { return {text.ptr, text.len}; }

inline Engine make_engine(const weir_engine_options* options = nullptr) {
  weir_engine* engine = nullptr;
  weir_error err = WEIR_INIT(weir_error);
  EXPECT_EQ(weir_engine_create(options, &engine, &err), WEIR_OK) << err.message;
  return Engine(engine);
}

inline Rules compile(const weir_engine* engine, std::string_view text, uint32_t tier = WEIR_TIER_INTERPRETER) {
  const weir_source source = {WEIR_STR("faults.weir"), str(text)};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = tier;
  options.no_lint = 1;
  weir_ruleset* rules = nullptr;
  weir_error err = WEIR_INIT(weir_error);
  EXPECT_EQ(weir_compile(engine, &source, 1, &options, &rules, nullptr, &err), WEIR_OK) << err.message;
  return Rules(rules);
}

inline Session make_session(const weir_ruleset* rules, const weir_session_options* options = nullptr) {
  weir_session* session = nullptr;
  weir_error err = WEIR_INIT(weir_error);
  EXPECT_EQ(weir_session_create(rules, options, &session, &err), WEIR_OK) << err.message;
  return Session(session);
}

inline Event make_event(const weir_ruleset* rules) {
  weir_event* event = nullptr;
  EXPECT_EQ(weir_event_create_any(rules, &event, nullptr), WEIR_OK);
  return Event(event);
}

// One event from JSON, evaluated. Null if that failed, and *err says why.
inline Verdict evaluate(weir_session* session, weir_event* event, std::string_view json, weir_error* err,
                        uint32_t trace = WEIR_TRACE_NONE) {
  weir_verdict* verdict = nullptr;
  weir_eval_options options = WEIR_INIT(weir_eval_options);
  options.trace = trace;
  if (weir_event_read_json(event, str(json), err) == WEIR_OK)
    (void)weir_session_eval(session, event, &options, &verdict, err);
  return Verdict(verdict);
}

// The same where it must succeed: the verdict as JSON.
inline std::string verdict_of(weir_session* session, weir_event* event, std::string_view json) {
  weir_error err = WEIR_INIT(weir_error);
  const Verdict verdict = evaluate(session, event, json, &err);
  EXPECT_NE(verdict, nullptr) << err.message;
  return verdict == nullptr ? std::string() : std::string(view(weir_verdict_json(verdict.get())));
}

}  // namespace weir::faults
