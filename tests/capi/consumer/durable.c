/* State that outlives its session: snapshots, restoring, and going over to other rules. */
#include <stdio.h>
#include <unistd.h>

#include "check.h"

static const char kV1[] =
    "event e { k: string  n: int }\n"
    "feature seen = count() from e by e.k over 1h\n"
    "rule often on e { id \"1\" when seen >= 3 score 1 mode live }\n";
/* The same feature under another name and in another place, an unrelated rule edited, and a new feature. */
static const char kV2[] =
    "event other { x: int }\n"
    "event e { n: int  k: string  more: string? }\n"
    "feature total = sum(e.n) from e by e.k over 30m\n"
    "feature times = count() from e by e.k over 1h\n"
    "rule often on e { id \"1\" when times >= 3 score 2 mode live }\n"
    "rule much on e { id \"2\" when total >= 3 score 10 mode live }\n";

static double score(weir_session *session, weir_event *event, int second) {
  char json[100];
  snprintf(json, sizeof json, "{\"time\":\"2026-01-01T00:%02d:%02dZ\",\"k\":\"a\",\"n\":3}", second / 60, second % 60);
  weir_verdict *verdict = eval_json(session, event, json);
  const double out = info_of(verdict).score;
  weir_verdict_release(verdict);
  return out;
}

static void snapshots(void) {
  weir_error err = WEIR_INIT(weir_error);
  char path[64];
  snprintf(path, sizeof path, "/tmp/weir-capi-durable-%ld", (long)getpid());
  weir_ruleset *v1 = compile(kV1);
  weir_session *session = make_session(v1), *other = make_session(v1);
  weir_event *event = make_event(v1, "e");
  CHECK(score(session, event, 0) == 0 && score(session, event, 1) == 0);
  OK(weir_session_snapshot(session, text(path), &err));
  CHECK(score(session, event, 2) == 1);
  OK(weir_session_restore(other, text(path), &err));
  CHECK(score(other, event, 2) == 1);
  FAILS(WEIR_E_IO, "cannot create", weir_session_snapshot(session, text("/nowhere/at/all"), &err));
  FAILS(WEIR_E_IO, "cannot open", weir_session_restore(other, text("/nowhere/at/all"), &err));

  FILE *file = fopen(path, "r+b");
  NEED(file != NULL && fseek(file, 150, SEEK_SET) == 0 && fputc('!', file) == '!' && fclose(file) == 0);
  FAILS(WEIR_E_DATA, "checksum", weir_session_restore(other, text(path), &err));
  CHECK(score(other, event, 3) == 1); /* nothing has changed */
  remove(path);
  weir_event_release(event);
  weir_session_release(session);
  weir_session_release(other);
  weir_ruleset_release(v1);
}

static void adoption(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *v1 = compile(kV1), *v2 = compile(kV2);
  weir_session *session = make_session(v1), *second = NULL;
  OK(weir_session_share(session, &second, &err));
  weir_event *event = make_event(v1, "e");
  CHECK(score(session, event, 0) == 0 && score(second, event, 1) == 0);
  CHECK(weir_session_warming(session, NULL, 0) == 0);

  OK(weir_session_adopt(session, v2, &err));
  weir_str name = {NULL, 0};
  CHECK(weir_session_warming(session, &name, 1) == 1);
  CHECK_STR(name, "total");
  /* The count goes on; the new sum is missing, and its rule does not fire. */
  CHECK(score(session, event, 2) == 2);
  weir_verdict *verdict = NULL;
  FAILS(WEIR_E_CONFLICT, "weir_session_adopt", weir_session_eval(second, event, NULL, &verdict, &err));
  CHECK(verdict == NULL);
  OK(weir_session_adopt(second, v2, &err));
  CHECK(score(second, event, 3) == 2);
  CHECK(score(second, event, 31 * 60) == 12);
  CHECK(weir_session_warming(session, NULL, 0) == 0);
  OK(weir_session_adopt(session, v2, &err)); /* already there */
  CHECK(score(session, event, 31 * 60 + 1) == 12);

  FAILS(WEIR_E_ARG, "ruleset", weir_session_adopt(session, NULL, &err));
  weir_event_release(event);
  weir_session_release(session);
  weir_session_release(second);
  weir_ruleset_release(v1);
  weir_ruleset_release(v2);
}

/* A label remembers the generation whose rule set it, after a session has gone over to others, or to the same again. */
static void generations(void) {
  static const char kMarks[] =
      "entity Account: string\nevent e { k: Account }\nlabel hot on Account\n"
      "rule mark on e { id \"1\" when %s then { label e.k as hot for 1h } mode live }\n";
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_slot *slot = NULL;
  OK(weir_slot_create(engine, NULL, 0, &slot, &err));
  char one[300], two[300];
  snprintf(one, sizeof one, kMarks, "true");
  snprintf(two, sizeof two, kMarks, "e.k != \"\"");
  weir_ruleset *v1 = compile(one), *v2 = compile(two);
  weir_ruleset *published[] = {v1, v1, v2};
  weir_session *session = NULL;
  const int64_t start = 1767225600; /* 2026-01-01T00:00:00Z */
  for (int i = 0; i < 3; ++i) {
    weir_ruleset *pinned = NULL;
    OK(weir_slot_publish(slot, published[i], (uint64_t)i, NULL, &err));
    OK(weir_slot_pin(slot, &pinned, NULL, &err));
    if (session == NULL) {
      session = make_session(pinned);
    } else {
      OK(weir_session_adopt(session, pinned, &err));
    }
    weir_event *event = make_event(pinned, "e");
    char json[100];
    snprintf(json, sizeof json, "{\"time\":\"2026-01-01T00:00:0%dZ\",\"k\":\"a%d\"}", i, i);
    weir_verdict_release(eval_json(session, event, json));
    weir_event_release(event);
    weir_ruleset_release(pinned);
  }
  for (int i = 0; i < 3; ++i) {
    char key[3] = {'a', (char)('0' + i), 0};
    size_t count = 0;
    weir_label label = WEIR_INIT(weir_label);
    OK(weir_session_label_count(session, text("Account"), text(key), start + 4, 0, &count, &err));
    NEED(count == 1 && weir_session_label(session, 0, &label) == WEIR_OK);
    CHECK(label.generation == (uint64_t)i + 1);
  }
  weir_session_release(session);
  weir_ruleset_release(v1);
  weir_ruleset_release(v2);
  weir_slot_release(slot);
  weir_engine_release(engine);
}

int main(void) {
  snapshots();
  adoption();
  generations();
  return failures != 0;
}
