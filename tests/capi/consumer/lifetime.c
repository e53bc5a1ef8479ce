/* Handles released in every order, on another thread, with their parents gone first. */
#include <pthread.h>

#include "check.h"

enum { kHandles = 7 };

struct family {
  weir_engine *engine;
  weir_ruleset *ruleset;
  weir_schema *schema;
  weir_event *event;
  weir_session *session;
  weir_verdict *verdict;
  weir_slot *slot;
};

static struct family make_family(void) {
  weir_error err = WEIR_INIT(weir_error);
  struct family f;
  weir_source source = {text("test.weir"), text(kRules)};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = WEIR_TIER_INTERPRETER;
  f.engine = make_engine();
  OK(weir_compile(f.engine, &source, 1, &options, &f.ruleset, NULL, &err));
  OK(weir_ruleset_schema(f.ruleset, text("login"), &f.schema, &err));
  OK(weir_event_create(f.schema, &f.event, &err));
  OK(weir_session_create(f.ruleset, NULL, &f.session, &err));
  const weir_schema *schemas[] = {f.schema};
  OK(weir_slot_create(f.engine, schemas, 1, &f.slot, &err));
  OK(weir_slot_publish(f.slot, f.ruleset, 0, NULL, &err));
  f.verdict = eval_json(f.session, f.event,
                        "{\"time\":\"2026-01-01T00:00:00Z\",\"account\":\"a\",\"ok\":false,\"ip\":\"10.\"}");
  return f;
}

static void use(const struct family *f, unsigned gone) {
  weir_error err = WEIR_INIT(weir_error);
  weir_hit hit = WEIR_INIT(weir_hit);
  weir_verdict *verdict = NULL;
  weir_ruleset *pinned = NULL;
  if (!(gone & 2)) CHECK(weir_ruleset_rule_count(f->ruleset) == 5);
  if (!(gone & 4)) CHECK_STR(weir_schema_name(f->schema), "login");
  if (!(gone & 8)) OK(weir_event_set_str(f->event, WEIR_FIELD_ID, text("x"), &err));
  if (!(gone & 32)) {
    CHECK(weir_verdict_hit(f->verdict, 0, &hit) == WEIR_OK);
    CHECK_STR(hit.name, "watched");
    CHECK(weir_verdict_json(f->verdict).len > 0);
  }
  if (!(gone & 64)) {
    OK(weir_slot_pin(f->slot, &pinned, NULL, &err));
    CHECK(weir_ruleset_rule_count(pinned) == 5);
    weir_ruleset_release(pinned);
  }
  if (!(gone & (8 | 16))) {
    OK(weir_session_eval(f->session, f->event, NULL, &verdict, &err));
    weir_verdict_release(verdict);
  }
}

static void release(struct family *f, int which) {
  switch (which) {
    case 0:
      weir_engine_release(f->engine);
      break;
    case 1:
      weir_ruleset_release(f->ruleset);
      break;
    case 2:
      weir_schema_release(f->schema);
      break;
    case 3:
      weir_event_release(f->event);
      break;
    case 4:
      weir_session_release(f->session);
      break;
    case 5:
      weir_verdict_release(f->verdict);
      break;
    case 6:
      weir_slot_release(f->slot);
      break;
  }
}

struct job {
  struct family *family;
  int which;
};
static void *release_there(void *arg) {
  struct job *job = arg;
  release(job->family, job->which);
  return NULL;
}

/* Each order that starts with a and goes round; every pair is seen in both orders. */
static void in_order(int first, int step, int on_thread) {
  struct family f = make_family();
  unsigned gone = 0;
  for (int i = 0; i < kHandles; ++i) {
    int which = (first + i * step) % kHandles;
    use(&f, gone);
    if (on_thread) {
      pthread_t thread;
      struct job job = {&f, which};
      pthread_create(&thread, NULL, release_there, &job);
      pthread_join(thread, NULL);
    } else {
      release(&f, which);
    }
    gone |= 1u << which;
  }
}

int main(void) {
  for (int first = 0; first < kHandles; ++first) {
    in_order(first, 1, 0);
    in_order(first, kHandles - 1, 0);
  }
  in_order(0, 1, 1);
  in_order(3, 2, 1);
  return failures != 0;
}
