/* Several threads, each with a session, on one state: its keys are the threads' own, its counts are common. */
#include <pthread.h>

#include "check.h"

enum { kThreads = 4, kEvents = 500 };

struct work {
  weir_session *session;
  const weir_ruleset *ruleset;
  int first;
};

static void *work(void *arg) {
  struct work *w = arg;
  weir_event *event = make_event(w->ruleset, "login");
  for (int i = 0; i < kEvents; ++i) {
    char json[200];
    snprintf(json, sizeof json,
             "{\"time\":\"2026-01-01T00:%02d:%02dZ\",\"id\":\"e%d-%d\",\"account\":\"a%d\",\"ok\":false}", i / 60,
             i % 60, w->first, i, w->first + i % 5);
    weir_verdict_release(eval_json(w->session, event, json));
  }
  weir_event_release(event);
  return NULL;
}

int main(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile_with(kRules, WEIR_TIER_AUTO);
  struct work works[kThreads];
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    works[i].ruleset = ruleset;
    works[i].first = 100 * i;
    if (i == 0)
      works[i].session = make_session(ruleset);
    else
      OK(weir_session_share(works[i - 1].session, &works[i].session, &err));
  }
  for (int i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, work, &works[i]);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);

  weir_session_stats one = WEIR_INIT(weir_session_stats), other = WEIR_INIT(weir_session_stats);
  weir_rule_stats rule = WEIR_INIT(weir_rule_stats), same = WEIR_INIT(weir_rule_stats);
  OK(weir_session_get_stats(works[0].session, &one));
  for (int i = 1; i < kThreads; ++i) {
    OK(weir_session_get_stats(works[i].session, &other));
    CHECK(other.events == kEvents && other.state_bytes == one.state_bytes);
    for (size_t r = 0; r < weir_ruleset_rule_count(ruleset); ++r) {
      OK(weir_session_get_rule_stats(works[0].session, r, &rule));
      OK(weir_session_get_rule_stats(works[i].session, r, &same));
      CHECK(rule.fired == same.fired && rule.suppressed == same.suppressed); /* each thread had the same events */
    }
  }

  /* An event of 2030 that went elsewhere makes one of 2026 late. */
  weir_event *event = make_event(ruleset, "login");
  OK(weir_event_read_json(event, text("{\"time\":\"2030-01-01T00:00:00Z\",\"account\":\"x\",\"ok\":false}"), &err));
  OK(weir_session_observe(works[0].session, event, &err));
  OK(weir_session_observe(works[0].session, event, &err)); /* one alone might have a wrong clock */
  weir_verdict_release(
      eval_json(works[0].session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"account\":\"x\",\"ok\":false}"));
  OK(weir_session_get_stats(works[0].session, &one));
  CHECK(one.late_events == 1);
  weir_event_release(event);
  weir_session *none = works[0].session;
  FAILS(WEIR_E_ARG, "session", weir_session_share(NULL, &none, &err));
  CHECK(none == NULL);
  for (int i = 0; i < kThreads; ++i) weir_session_release(works[i].session);
  weir_ruleset_release(ruleset);
  return failures != 0;
}
