/* Swapping: generations, conflicts, pins, schemas; events of one generation on rules of another. */
#include <pthread.h>

#include "check.h"

static const char kV1[] =
    "event e { k: string  n: int? }\nrule r on e { id \"1\" when e.k == \"a\" score 1 mode live }\n";
static const char kV2[] =
    "event other { x: int }\nevent e { extra: string?  k: string }\n"
    "rule r on e { id \"1\" when e.k == \"a\" score 2 mode live }\n";
static const char kNeedsMore[] =
    "event e { k: string  more: int }\nrule r on e { id \"1\" when e.more > 1 mode live }\n";
static const char kOtherType[] = "event e { k: int }\nrule r on e { id \"1\" when e.k > 1 mode live }\n";
static const char kStricter[] = "event e { k: string  n: int }\nrule r on e { id \"1\" when e.n > 1 mode live }\n";

static void generations(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *v1 = compile(kV1), *v2 = compile(kV2), *pinned = NULL, *again = NULL;
  weir_slot *slot = NULL;
  uint64_t generation = 9;
  OK(weir_slot_create(engine, NULL, 0, &slot, &err));
  CHECK(weir_slot_generation(slot) == 0);
  FAILS(WEIR_E_ARG, "nothing has been published", weir_slot_pin(slot, &pinned, &generation, &err));
  CHECK(pinned == NULL && generation == 0);

  FAILS(WEIR_E_CONFLICT, "0 is current", weir_slot_publish(slot, v1, 1, &generation, &err));
  CHECK(generation == 0 && err.retriable == 1 && weir_slot_generation(slot) == 0);
  OK(weir_slot_publish(slot, v1, 0, &generation, &err));
  CHECK(generation == 1 && weir_slot_generation(slot) == 1);
  OK(weir_slot_pin(slot, &pinned, &generation, &err));
  CHECK(generation == 1 && weir_ruleset_generation(pinned) == 1 && weir_ruleset_generation(v1) == 0);

  FAILS(WEIR_E_CONFLICT, "1 is current", weir_slot_publish(slot, v2, 0, &generation, &err));
  CHECK(generation == 1);
  OK(weir_slot_publish(slot, v2, 1, NULL, &err));
  CHECK(weir_slot_generation(slot) == 2);

  /* A pinned reader goes on with what it has; verdicts say which generation decided. */
  weir_session *old_session = make_session(pinned);
  OK(weir_slot_pin(slot, &again, &generation, &err));
  CHECK(generation == 2);
  weir_session *new_session = make_session(again);
  weir_event *event = make_event(pinned, "e");
  weir_verdict *verdict = eval_json(old_session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"k\":\"a\",\"n\":1}");
  CHECK(info_of(verdict).generation == 1 && info_of(verdict).score == 1);
  weir_verdict_release(verdict);
  /* An event made from generation 1 on generation 2: fields are matched by name, unknown ones ignored. */
  OK(weir_session_eval(new_session, event, NULL, &verdict, &err));
  CHECK(info_of(verdict).generation == 2 && info_of(verdict).score == 2);
  CHECK(contains(weir_verdict_json(verdict), "\"generation\":2"));
  weir_verdict_release(verdict);
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  CHECK(weir_session_get_stats(new_session, &stats) == WEIR_OK && stats.generation == 2);

  weir_event_release(event);
  weir_session_release(old_session);
  weir_session_release(new_session);
  weir_ruleset_release(pinned);
  weir_ruleset_release(again);
  weir_slot_release(slot);
  weir_ruleset_release(v1);
  weir_ruleset_release(v2);
  weir_engine_release(engine);
}

static void fits(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *v1 = compile(kV1);
  weir_schema *schema = NULL;
  weir_slot *slot = NULL;
  OK(weir_ruleset_schema(v1, text("e"), &schema, &err));
  const weir_schema *schemas[] = {schema, NULL};
  FAILS(WEIR_E_ARG, "`schemas[1]` is NULL", weir_slot_create(engine, schemas, 2, &slot, &err));
  FAILS(WEIR_E_ARG, "`schemas` is NULL", weir_slot_create(engine, NULL, 1, &slot, &err));
  OK(weir_slot_create(engine, schemas, 1, &slot, &err));
  weir_schema_release(schema);
  OK(weir_slot_publish(slot, v1, 0, NULL, &err));

  weir_event *event = make_event(v1, "e");
  OK(weir_event_read_json(event, text("{\"time\":\"2026-01-01T00:00:00Z\",\"k\":\"a\"}"), &err));
  struct {
    const char *rules, *message;
    int evaluates; /* 1: an event that has the field may still be evaluated, this one lacks it */
  } bad[] = {{kNeedsMore, "`more`", 0},
             {kOtherType, "`k` is int in the rules and string in the event", 0},
             {kStricter, "require field `n`", 1},
             {"event f { x: int }\n", "no event `e`", 0}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    weir_ruleset *ruleset = compile(bad[i].rules);
    weir_verdict *verdict = NULL;
    uint64_t generation = 0;
    FAILS(WEIR_E_SCHEMA, bad[i].message, weir_slot_publish(slot, ruleset, 1, &generation, &err));
    CHECK(generation == 1 && weir_slot_generation(slot) == 1); /* nothing has changed */
    weir_session *session = make_session(ruleset);
    if (bad[i].evaluates) {
      FAILS(WEIR_E_DATA, "`n`", weir_session_eval(session, event, NULL, &verdict, &err));
    } else {
      FAILS(WEIR_E_SCHEMA, bad[i].message, weir_session_eval(session, event, NULL, &verdict, &err));
    }
    CHECK(verdict == NULL);
    weir_session_release(session);
    weir_ruleset_release(ruleset);
  }
  weir_event_release(event);
  weir_slot_release(slot);
  weir_ruleset_release(v1);
  weir_engine_release(engine);
}

/* Writers that race: each generation has one winner. Readers that race with them never see a torn slot. */
enum { kWriters = 4, kRounds = 200 };
static weir_slot *shared_slot;
static weir_ruleset *shared_rules[2];
static int wins[kWriters];

static void *writer(void *arg) {
  int *won = arg;
  for (int i = 0; i < kRounds; ++i) {
    weir_status status = weir_slot_publish(shared_slot, shared_rules[i % 2], (uint64_t)i, NULL, NULL);
    if (status == WEIR_OK) ++*won;
    while (weir_slot_generation(shared_slot) <= (uint64_t)i) sched_yield();
  }
  return NULL;
}

static void *reader(void *arg) {
  int *bad = arg;
  uint64_t last = 0;
  while (last < kRounds) {
    weir_ruleset *pinned = NULL;
    uint64_t generation = 0;
    if (weir_slot_pin(shared_slot, &pinned, &generation, NULL) != WEIR_OK) continue;
    if (generation < last || weir_ruleset_generation(pinned) != generation || weir_ruleset_rule_count(pinned) != 1)
      ++*bad;
    last = generation;
    weir_ruleset_release(pinned);
  }
  return NULL;
}

static void races(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  shared_rules[0] = compile(kV1);
  shared_rules[1] = compile(kV2);
  OK(weir_slot_create(engine, NULL, 0, &shared_slot, &err));
  weir_engine_release(engine);
  pthread_t writers[kWriters], readers[2];
  int bad[2] = {0, 0}, total = 0;
  for (int i = 0; i < kWriters; ++i) pthread_create(&writers[i], NULL, writer, &wins[i]);
  for (int i = 0; i < 2; ++i) pthread_create(&readers[i], NULL, reader, &bad[i]);
  for (int i = 0; i < kWriters; ++i) pthread_join(writers[i], NULL);
  for (int i = 0; i < 2; ++i) pthread_join(readers[i], NULL);
  for (int i = 0; i < kWriters; ++i) total += wins[i];
  CHECK(total == kRounds && weir_slot_generation(shared_slot) == kRounds);
  CHECK(bad[0] == 0 && bad[1] == 0);
  weir_slot_release(shared_slot);
  weir_ruleset_release(shared_rules[0]);
  weir_ruleset_release(shared_rules[1]);
}

int main(void) {
  generations();
  fits();
  races();
  return failures != 0;
}
