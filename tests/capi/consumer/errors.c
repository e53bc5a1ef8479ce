/* weir_error: what is written, how far, and what it says; NULL arguments; NULL releases. */
#include "check.h"

static void inline_text(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = NULL;
  FAILS(WEIR_E_ARG, "`engine_out` is NULL", weir_engine_create(NULL, NULL, &err));
  CHECK(err.at_fault == WEIR_FAULT_CALLER && err.retriable == 0);
  CHECK(weir_engine_create(NULL, NULL, NULL) == WEIR_E_ARG);

  /* Success resets it. */
  OK(weir_engine_create(NULL, &engine, &err));
  CHECK(err.code == WEIR_OK && err.message[0] == '\0');

  /* A shorter weir_error of an older caller is not overrun. */
  memset(&err, 0x55, sizeof err);
  err.struct_size = 16;
  CHECK(weir_engine_create(NULL, NULL, &err) == WEIR_E_ARG);
  CHECK(err.struct_size == 16 && err.code == WEIR_E_ARG);
  CHECK(err.message[16 - 1 - offsetof(weir_error, message)] == '\0');
  for (size_t i = 16; i < sizeof err; ++i) CHECK(((unsigned char *)&err)[i] == 0x55);

  /* One that was never initialised is left alone. */
  memset(&err, 0x55, sizeof err);
  err.struct_size = 0;
  CHECK(weir_engine_create(NULL, NULL, &err) == WEIR_E_ARG);
  CHECK(err.code == 0x55555555);

  /* Cut between characters, one line, terminated. */
  char name[1000];
  memset(name, 0, sizeof name);
  for (size_t i = 0; i + 3 < sizeof name; i += 2) memcpy(name + i, "\xc3\xa9", 2);
  memcpy(name + 10, "\n\n", 2);
  weir_ruleset *ruleset = compile(kRules);
  weir_schema *schema = NULL;
  memset(&err, 0, sizeof err);
  err.struct_size = sizeof err;
  CHECK(weir_ruleset_schema(ruleset, text(name), &schema, &err) == WEIR_E_SCHEMA);
  size_t length = strlen(err.message);
  CHECK(length > 200 && length < sizeof err.message);
  CHECK(strchr(err.message, '\n') == NULL);
  CHECK((unsigned char)err.message[length - 1] == 0xa9);
  weir_ruleset_release(ruleset);
  weir_engine_release(engine);
}

static void null_arguments(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *ruleset = compile(kRules);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_verdict *verdict = (weir_verdict *)&err;
  weir_schema *schema = (weir_schema *)&err;
  weir_ruleset *out = (weir_ruleset *)&err;
  weir_diags *diags = (weir_diags *)&err;
  weir_slot *slot = (weir_slot *)&err;
  weir_event *event_out = (weir_event *)&err;
  weir_session *session_out = (weir_session *)&err;
  weir_source source = {text("x"), {NULL, 5}};
  weir_str no_text = {NULL, 1};
  int32_t has = 7;

  FAILS(WEIR_E_ARG, "`engine`", weir_compile(NULL, NULL, 0, NULL, &out, &diags, &err));
  CHECK(out == NULL && diags == NULL);
  FAILS(WEIR_E_ARG, "`ruleset_out`", weir_compile(engine, NULL, 0, NULL, NULL, NULL, &err));
  FAILS(WEIR_E_ARG, "`sources`", weir_compile(engine, NULL, 1, NULL, &out, NULL, &err));
  FAILS(WEIR_E_ARG, "source.text", weir_compile(engine, &source, 1, NULL, &out, NULL, &err));
  FAILS(WEIR_E_ARG, "`paths`", weir_compile_files(engine, NULL, 1, NULL, &out, NULL, &err));
  FAILS(WEIR_E_ARG, "no paths", weir_compile_files(engine, &no_text, 0, NULL, &out, NULL, &err));
  FAILS(WEIR_E_ARG, "`ruleset`", weir_ruleset_schema(NULL, text("login"), &schema, &err));
  CHECK(schema == NULL);
  FAILS(WEIR_E_ARG, "`event`", weir_ruleset_schema(ruleset, no_text, &schema, &err));
  FAILS(WEIR_E_ARG, "`schema`", weir_event_create(NULL, &event_out, &err));
  CHECK(event_out == NULL);
  FAILS(WEIR_E_ARG, "`ruleset`", weir_event_create_any(NULL, &event_out, &err));
  FAILS(WEIR_E_ARG, "`event`", weir_event_set_i64(NULL, 0, 1, &err));
  FAILS(WEIR_E_ARG, "`event`", weir_event_set_timestamp(NULL, 0, 1, 0, &err));
  FAILS(WEIR_E_ARG, "`value`", weir_event_set_str(event, 1, no_text, &err));
  FAILS(WEIR_E_ARG, "`json`", weir_event_read_json(event, no_text, &err));
  FAILS(WEIR_E_ARG, "`ruleset`", weir_session_create(NULL, NULL, &session_out, &err));
  CHECK(session_out == NULL);
  FAILS(WEIR_E_ARG, "`session`", weir_session_eval(NULL, event, NULL, &verdict, &err));
  CHECK(verdict == NULL);
  FAILS(WEIR_E_ARG, "`event`", weir_session_eval(session, NULL, NULL, &verdict, &err));
  FAILS(WEIR_E_ARG, "`verdict_out`", weir_session_eval(session, event, NULL, NULL, &err));
  FAILS(WEIR_E_ARG, "`has`", weir_session_has_label(session, text("burned"), text("a"), 0, 0, NULL, &err));
  FAILS(WEIR_E_ARG, "`session`", weir_session_has_label(NULL, text("burned"), text("a"), 0, 0, &has, &err));
  FAILS(WEIR_E_ARG, "`engine`", weir_slot_create(NULL, NULL, 0, &slot, &err));
  CHECK(slot == NULL);
  FAILS(WEIR_E_ARG, "`slot`", weir_slot_publish(NULL, ruleset, 0, NULL, &err));
  FAILS(WEIR_E_ARG, "`slot`", weir_slot_pin(NULL, &out, NULL, &err));

  /* Readers of nothing. */
  CHECK(weir_diags_count(NULL) == 0 && weir_diags_error_count(NULL) == 0 && weir_diags_text(NULL).len == 0);
  CHECK(weir_diags_get(NULL, 0, NULL) == WEIR_E_ARG);
  CHECK(weir_ruleset_rule_count(NULL) == 0 && weir_ruleset_event_count(NULL) == 0);
  CHECK(weir_ruleset_find_rule(NULL, text("x")) == -1 && weir_ruleset_generation(NULL) == 0);
  CHECK(weir_ruleset_event_name(NULL, 0).ptr == NULL && weir_schema_name(NULL).ptr == NULL);
  CHECK(weir_schema_field(NULL, text("x")) == -1 && weir_schema_field_count(NULL) == 0);
  CHECK(weir_event_type(NULL).ptr == NULL && weir_slot_generation(NULL) == 0);
  CHECK(weir_session_get_stats(NULL, NULL) == WEIR_E_ARG && weir_session_cause_count(NULL) == 0);
  CHECK(weir_verdict_json(NULL).ptr == NULL && weir_verdict_explain(NULL).ptr == NULL);

  weir_event_clear(NULL);
  weir_engine_release(NULL);
  weir_ruleset_release(NULL);
  weir_diags_release(NULL);
  weir_schema_release(NULL);
  weir_event_release(NULL);
  weir_session_release(NULL);
  weir_verdict_release(NULL);
  weir_slot_release(NULL);

  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
  weir_engine_release(engine);
}

int main(void) {
  inline_text();
  null_arguments();
  return failures != 0;
}
