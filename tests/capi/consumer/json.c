/* Whole events from JSON texts, of a known and of an unknown type. */
#include "check.h"

#define TIME "\"time\":\"2026-01-01T00:00:00Z\""

static void known_type(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile(kRules);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_verdict *verdict = eval_json(
      session, event, "{" TIME ",\"id\":\"e1\",\"account\":\"a\",\"ok\":true,\"ip\":\"10.1\",\"other\":[1,{}]}");
  weir_hit hit = WEIR_INIT(weir_hit);
  CHECK(info_of(verdict).hit_count == 1 && weir_verdict_hit(verdict, 0, &hit) == WEIR_OK);
  CHECK_STR(hit.id, "R-4");
  CHECK(contains(weir_verdict_json(verdict), "\"id\":\"e1\""));
  weir_verdict_release(verdict);

  /* Every field is replaced: what the next text lacks, or has as null, is absent. */
  verdict = eval_json(session, event, "{" TIME ",\"account\":\"a\",\"ok\":true,\"n\":null}");
  CHECK(info_of(verdict).hit_count == 1);
  CHECK(weir_verdict_hit(verdict, 0, &hit) == WEIR_OK && hit.outcome == WEIR_OUTCOME_MISSING);
  CHECK_STR(hit.cause, "`ip` is missing");
  CHECK(contains(weir_verdict_json(verdict), "\"id\":\"\""));
  weir_verdict_release(verdict);

  /* A field that JSON does not carry may be set beside it. */
  OK(weir_event_read_json(event, text("{\"account\":\"a\",\"ok\":true}"), &err));
  FAILS(WEIR_E_DATA, "`time`", weir_session_eval(session, event, NULL, &verdict, &err));
  OK(weir_event_set_timestamp(event, WEIR_FIELD_TIME, 1767225600, 0, &err));
  OK(weir_session_eval(session, event, NULL, &verdict, &err));
  weir_verdict_release(verdict);

  struct {
    const char *json, *message;
  } bad[] = {{"", "empty"},
             {"{", ""},
             {"[1]", "not an object"},
             {"{} {}", ""},
             {"{\"account\":\"\xff\"}", "UTF-8"},
             {"{" TIME ",\"account\":7,\"ok\":true}", "`account`"},
             {"{" TIME ",\"account\":\"a\",\"ok\":\"yes\"}", "`ok`"},
             {"{\"time\":\"yesterday\",\"account\":\"a\",\"ok\":true}", "`time`"},
             {"{" TIME ",\"account\":\"a\",\"ok\":true,\"n\":9223372036854775808}", "`n`"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    FAILS(WEIR_E_DATA, bad[i].message, weir_event_read_json(event, text(bad[i].json), &err));
    CHECK(err.at_fault == WEIR_FAULT_DATA);
    /* The event is cleared. */
    FAILS(WEIR_E_DATA, "`time`", weir_session_eval(session, event, NULL, &verdict, &err));
  }
  verdict = eval_json(session, event, "{" TIME ",\"account\":\"a\",\"ok\":true}");
  weir_verdict_release(verdict);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

static void any_type(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile(
      "event login { account: string }\nevent post { text: string  n: int? }\n"
      "rule l on login { id \"L\" when login.account == \"a\" mode live }\n"
      "rule p on post { id \"P\" when post.text == \"a\" mode live }\n");
  weir_session *session = make_session(ruleset);
  weir_event *event = NULL;
  weir_verdict *verdict = NULL;
  OK(weir_event_create_any(ruleset, &event, &err));

  /* No type until a text has decided. */
  CHECK(weir_event_type(event).ptr == NULL);
  FAILS(WEIR_E_SCHEMA, "no type yet", weir_event_set_i64(event, 0, 1, &err));
  FAILS(WEIR_E_SCHEMA, "no type yet", weir_event_set_absent(event, 0, &err));
  FAILS(WEIR_E_SCHEMA, "no type yet", weir_event_set_json(event, 0, text("1"), &err));
  FAILS(WEIR_E_SCHEMA, "no type yet", weir_session_eval(session, event, NULL, &verdict, &err));

  verdict = eval_json(session, event, "{\"type\":\"post\"," TIME ",\"text\":\"a\"}");
  CHECK_STR(weir_event_type(event), "post");
  CHECK(contains(weir_verdict_json(verdict), "\"event\":\"post\"") && contains(weir_verdict_json(verdict), "\"P\""));
  weir_verdict_release(verdict);
  OK(weir_event_set_json(event, 3, text("7"), &err));
  verdict = eval_json(session, event, "{\"type\":\"login\"," TIME ",\"account\":\"a\"}");
  CHECK(contains(weir_verdict_json(verdict), "\"L\""));
  weir_verdict_release(verdict);
  OK(weir_event_set_json(event, 2, text("\"b\""), &err));
  OK(weir_session_eval(session, event, NULL, &verdict, &err));
  CHECK(info_of(verdict).hit_count == 0);
  weir_verdict_release(verdict);

  FAILS(WEIR_E_DATA, "`nope`", weir_event_read_json(event, text("{\"type\":\"nope\"}"), &err));
  CHECK(weir_event_type(event).ptr == NULL);
  FAILS(WEIR_E_DATA, "`type`", weir_event_read_json(event, text("{" TIME "}"), &err));

  /* An event of a given type takes every text as that type. */
  weir_event *login = make_event(ruleset, "login");
  verdict = eval_json(session, login, "{\"type\":\"post\"," TIME ",\"account\":\"a\"}");
  CHECK(contains(weir_verdict_json(verdict), "\"L\""));
  weir_verdict_release(verdict);
  weir_event_release(login);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

int main(void) {
  known_type();
  any_type();
  return failures != 0;
}
