/* One rule set, read by many threads, each with a session of its own: the same verdicts as alone. */
#include <pthread.h>

#include "check.h"

enum { kThreads = 8, kEvents = 500 };

struct work {
  const weir_ruleset *ruleset;
  const weir_verdict *shared;
  uint64_t digest;
  int bad;
};

static uint64_t mix(uint64_t h, weir_str s) {
  for (size_t i = 0; i < s.len; ++i) h = (h ^ (unsigned char)s.ptr[i]) * 1099511628211u;
  return h;
}

static void *work(void *arg) {
  struct work *w = arg;
  weir_session *session = make_session(w->ruleset);
  weir_event *event = make_event(w->ruleset, "login");
  w->digest = 14695981039346656037u;
  for (int i = 0; i < kEvents; ++i) {
    char json[200];
    snprintf(json, sizeof json,
             "{\"time\":\"2026-01-01T00:%02d:%02dZ\",\"id\":\"e%d\",\"account\":\"a%d\",\"ok\":%s,\"ip\":\"%d.0.0.1\"}",
             i / 60, i % 60, i, i % 7, i % 3 == 0 ? "true" : "false", i % 20);
    weir_verdict *verdict = eval_json(session, event, json);
    w->digest = mix(w->digest, weir_verdict_json(verdict));
    weir_verdict_release(verdict);
    /* const handles are read at the same time, and what is made on first use is made once. */
    weir_rule rule = WEIR_INIT(weir_rule);
    if (weir_ruleset_rule(w->ruleset, (size_t)i % 5, &rule) != WEIR_OK) w->bad++;
    if (!contains(weir_verdict_json(w->shared), "\"event\":\"login\"")) w->bad++;
  }
  weir_event_release(event);
  weir_session_release(session);
  return NULL;
}

int main(void) {
  weir_ruleset *ruleset = compile_with(kRules, WEIR_TIER_AUTO);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_verdict *shared =
      eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"account\":\"a\",\"ok\":false}");
  struct work alone = {ruleset, shared, 0, 0}, works[kThreads];
  work(&alone);
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    works[i] = alone;
    works[i].digest = 0;
    pthread_create(&threads[i], NULL, work, &works[i]);
  }
  for (int i = 0; i < kThreads; ++i) {
    pthread_join(threads[i], NULL);
    CHECK(works[i].digest == alone.digest && works[i].bad == 0);
  }
  weir_verdict_release(shared);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
  return failures != 0;
}
