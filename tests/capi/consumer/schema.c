/* Schemas and events filled field by field. */
#include <math.h>

#include "check.h"

static const char kAllTypes[] =
    "entity Account: string\n"
    "entity Serial: int\n"
    "event e {\n"
    "  b: bool  i: int  u: uint?  d: double?  s: string?  y: bytes?  t: timestamp?  r: duration?\n"
    "  l: list<string>?  m: map<string, int>?  x: dyn?  a: Account?  n: Serial?  li: list<int>?\n"
    "}\n"
    "rule rb on e { id \"b\" when e.b mode live }\n"
    "rule ri on e { id \"i\" when e.i == -9223372036854775807 mode live }\n"
    "rule ru on e { id \"u\" when e.u == 18446744073709551615u mode live }\n"
    "rule rd on e { id \"d\" when e.d == 0.5 mode live }\n"
    "rule rs on e { id \"s\" when e.s == \"h\\u00e9\" mode live }\n"
    "rule ry on e { id \"y\" when e.y == b\"\\x00\\xff\" mode live }\n"
    "rule rt on e { id \"t\" when e.t == timestamp(\"1969-12-31T23:59:58.500Z\") mode live }\n"
    "rule rr on e { id \"r\" when e.r == duration(\"-1.5s\") mode live }\n"
    "rule rl on e { id \"l\" when e.l == [\"p\", \"\"] mode live }\n"
    "rule rm on e { id \"m\" when e.m == {\"k\": 7} mode live }\n"
    "rule rx on e { id \"x\" when e.x == 3u mode live }\n"
    "rule ra on e { id \"a\" when e.a == \"acc\" mode live }\n"
    "rule rn on e { id \"n\" when e.n == 12 mode live }\n"
    "rule rli on e { id \"li\" when e.li == [1, 2] mode live }\n";

static int field(const weir_ruleset *ruleset, const char *name) {
  weir_error err = WEIR_INIT(weir_error);
  weir_schema *schema = NULL;
  OK(weir_ruleset_schema(ruleset, text("e"), &schema, &err));
  int32_t i = weir_schema_field(schema, text(name));
  weir_schema_release(schema);
  return i;
}

static void schemas(const weir_ruleset *ruleset) {
  weir_error err = WEIR_INIT(weir_error);
  weir_schema *schema = (weir_schema *)&err;
  FAILS(WEIR_E_SCHEMA, "`nope`", weir_ruleset_schema(ruleset, text("nope"), &schema, &err));
  CHECK(schema == NULL);
  OK(weir_ruleset_schema(ruleset, text("e"), &schema, &err));
  CHECK_STR(weir_schema_name(schema), "e");
  CHECK(weir_schema_field_count(schema) == 16);
  CHECK(weir_schema_field(schema, text("time")) == WEIR_FIELD_TIME);
  CHECK(weir_schema_field(schema, text("id")) == WEIR_FIELD_ID);
  CHECK(weir_schema_field(schema, text("b")) == 2);
  CHECK(weir_schema_field(schema, text("nope")) == -1);
  struct {
    const char *name, *type_name;
    uint32_t type, element, optional;
  } expected[] = {{"time", "timestamp", WEIR_TYPE_TIMESTAMP, 0, 0},
                  {"id", "string", WEIR_TYPE_STRING, 0, 1},
                  {"b", "bool", WEIR_TYPE_BOOL, 0, 0},
                  {"u", "uint", WEIR_TYPE_UINT, 0, 1},
                  {"l", "list<string>", WEIR_TYPE_LIST, WEIR_TYPE_STRING, 1},
                  {"m", "map<string, int>", WEIR_TYPE_MAP, WEIR_TYPE_INT, 1},
                  {"x", "dyn", WEIR_TYPE_DYN, 0, 1},
                  {"a", "Account", WEIR_TYPE_STRING, 0, 1},
                  {"n", "Serial", WEIR_TYPE_INT, 0, 1}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; ++i) {
    weir_field f = WEIR_INIT(weir_field);
    int32_t at = weir_schema_field(schema, text(expected[i].name));
    CHECK(weir_schema_field_get(schema, (size_t)at, &f) == WEIR_OK);
    CHECK_STR(f.name, expected[i].name);
    CHECK_STR(f.type_name, expected[i].type_name);
    CHECK(f.type == expected[i].type && f.optional == expected[i].optional);
    CHECK(f.element == expected[i].element);
  }
  CHECK(weir_schema_field_get(schema, 16, NULL) == WEIR_E_ARG);
  weir_schema_release(schema);
}

static void setters(const weir_ruleset *ruleset) {
  weir_error err = WEIR_INIT(weir_error);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "e");
  weir_verdict *verdict = NULL;
  CHECK_STR(weir_event_type(event), "e");

  /* Required fields are checked by evaluation, by name. */
  FAILS(WEIR_E_DATA, "`time`", weir_session_eval(session, event, NULL, &verdict, &err));
  CHECK(verdict == NULL && err.at_fault == WEIR_FAULT_DATA);
  OK(weir_event_set_timestamp(event, WEIR_FIELD_TIME, 1767225600, 0, &err));
  OK(weir_event_set_bool(event, field(ruleset, "b"), 2, &err));
  FAILS(WEIR_E_DATA, "`i`", weir_session_eval(session, event, NULL, &verdict, &err));
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  CHECK(weir_session_get_stats(session, &stats) == WEIR_OK && stats.events == 0);
  OK(weir_event_set_i64(event, field(ruleset, "i"), -INT64_MAX, &err));

  /* With optional fields absent, the rules on them are missing; id reads "". */
  OK(weir_session_eval(session, event, NULL, &verdict, &err));
  CHECK(info_of(verdict).hit_count == 14);
  weir_hit hit = WEIR_INIT(weir_hit);
  CHECK(weir_verdict_hit(verdict, 2, &hit) == WEIR_OK && hit.outcome == WEIR_OUTCOME_MISSING);
  CHECK_STR(hit.cause, "`u` is missing");
  CHECK(contains(weir_verdict_json(verdict), "\"id\":\"\""));
  weir_verdict_release(verdict);

  weir_str list[] = {text("p"), {NULL, 0}};
  OK(weir_event_set_u64(event, field(ruleset, "u"), UINT64_MAX, &err));
  OK(weir_event_set_f64(event, field(ruleset, "d"), 0.5, &err));
  OK(weir_event_set_str(event, field(ruleset, "s"), text("h\xc3\xa9"), &err));
  OK(weir_event_set_bytes(event, field(ruleset, "y"), "\x00\xff", 2, &err));
  OK(weir_event_set_timestamp(event, field(ruleset, "t"), -2, 500000000, &err));
  OK(weir_event_set_duration(event, field(ruleset, "r"), -1500000000, &err));
  OK(weir_event_set_str_list(event, field(ruleset, "l"), list, 2, &err));
  OK(weir_event_set_json(event, field(ruleset, "m"), text("{\"k\": 7}"), &err));
  OK(weir_event_set_u64(event, field(ruleset, "x"), 3, &err));
  OK(weir_event_set_str(event, field(ruleset, "a"), text("acc"), &err));
  OK(weir_event_set_i64(event, field(ruleset, "n"), 12, &err));
  OK(weir_event_set_json(event, field(ruleset, "li"), text("[1, 2]"), &err));
  OK(weir_event_set_str(event, WEIR_FIELD_ID, text("the id"), &err));
  OK(weir_session_eval(session, event, NULL, &verdict, &err));
  for (size_t i = 0; i < info_of(verdict).hit_count; ++i) {
    CHECK(weir_verdict_hit(verdict, i, &hit) == WEIR_OK);
    if (hit.outcome != WEIR_OUTCOME_FIRED) {
      fprintf(stderr, "rule %.*s did not fire: %.*s\n", (int)hit.id.len, hit.id.ptr, (int)hit.cause.len, hit.cause.ptr);
      ++failures;
    }
  }
  CHECK(info_of(verdict).hit_count == 14);
  CHECK(contains(weir_verdict_json(verdict), "\"id\":\"the id\""));
  weir_verdict_release(verdict);

  /* Evaluation does not change the event; clearing makes every field absent, and so does set_absent one. */
  OK(weir_event_set_absent(event, field(ruleset, "u"), &err));
  weir_session_release(session); /* to this one it would be a duplicate */
  session = make_session(ruleset);
  OK(weir_session_eval(session, event, NULL, &verdict, &err));
  CHECK(info_of(verdict).hit_count == 14);
  CHECK(weir_verdict_hit(verdict, 2, &hit) == WEIR_OK && hit.outcome == WEIR_OUTCOME_MISSING);
  weir_verdict_release(verdict);
  weir_event_clear(event);
  FAILS(WEIR_E_DATA, "`time`", weir_session_eval(session, event, NULL, &verdict, &err));
  weir_event_release(event);
  weir_session_release(session);
}

static void refusals(const weir_ruleset *ruleset) {
  weir_error err = WEIR_INIT(weir_error);
  weir_event *event = make_event(ruleset, "e");
  int i = field(ruleset, "i"), s = field(ruleset, "s"), li = field(ruleset, "li"), r = field(ruleset, "r");
  weir_str word = text("x"), bad = text("\xc3"), bad_list[] = {text("ok"), text("\xff")};

  /* No such index. */
  FAILS(WEIR_E_ARG, "field number -1", weir_event_set_i64(event, -1, 1, &err));
  FAILS(WEIR_E_ARG, "field number 16", weir_event_set_i64(event, 16, 1, &err));
  FAILS(WEIR_E_ARG, "field number 16", weir_event_set_absent(event, 16, &err));
  FAILS(WEIR_E_ARG, "field number 16", weir_event_set_json(event, 16, text("1"), &err));

  /* Another type; nothing is converted. */
  FAILS(WEIR_E_SCHEMA, "`i` is int", weir_event_set_u64(event, i, 1, &err));
  FAILS(WEIR_E_SCHEMA, "`i` is int", weir_event_set_f64(event, i, 1, &err));
  FAILS(WEIR_E_SCHEMA, "`i` is int", weir_event_set_str(event, i, word, &err));
  FAILS(WEIR_E_SCHEMA, "`i` is int", weir_event_set_bool(event, i, 1, &err));
  FAILS(WEIR_E_SCHEMA, "`s` is string", weir_event_set_bytes(event, s, "x", 1, &err));
  FAILS(WEIR_E_SCHEMA, "`s` is string", weir_event_set_i64(event, s, 1, &err));
  FAILS(WEIR_E_SCHEMA, "`s` is string", weir_event_set_str_list(event, s, &word, 1, &err));
  FAILS(WEIR_E_SCHEMA, "`li` is list<int>", weir_event_set_str_list(event, li, &word, 1, &err));
  FAILS(WEIR_E_SCHEMA, "`s` is string", weir_event_set_timestamp(event, s, 1, 0, &err));
  FAILS(WEIR_E_SCHEMA, "`s` is string", weir_event_set_duration(event, s, 1, &err));

  /* Data that the type cannot hold. */
  FAILS(WEIR_E_DATA, "`s`: the text is not valid UTF-8", weir_event_set_str(event, s, bad, &err));
  FAILS(WEIR_E_DATA, "UTF-8", weir_event_set_str_list(event, field(ruleset, "l"), bad_list, 2, &err));
  FAILS(WEIR_E_DATA, "years 1 to 9999", weir_event_set_timestamp(event, WEIR_FIELD_TIME, 253402300800, 0, &err));
  FAILS(WEIR_E_DATA, "years 1 to 9999", weir_event_set_timestamp(event, WEIR_FIELD_TIME, -62135596801, 0, &err));
  FAILS(WEIR_E_ARG, "`nanos`", weir_event_set_timestamp(event, WEIR_FIELD_TIME, 0, 1000000000, &err));
  FAILS(WEIR_E_ARG, "`nanos`", weir_event_set_timestamp(event, WEIR_FIELD_TIME, 0, -1, &err));
  FAILS(WEIR_E_DATA, "`i`", weir_event_set_json(event, i, text("\"seven\""), &err));
  FAILS(WEIR_E_DATA, "`r`", weir_event_set_json(event, r, text("\"soon\""), &err));
  FAILS(WEIR_E_DATA, "not one JSON value", weir_event_set_json(event, i, text("1, \"s\": \"x\""), &err));
  FAILS(WEIR_E_DATA, "not one JSON value", weir_event_set_json(event, i, text("}"), &err));
  FAILS(WEIR_E_DATA, "not one JSON value", weir_event_set_json(event, i, text(""), &err));

  /* More than 64 MiB in one event. */
  size_t size = (size_t)65 << 20;
  char *big = malloc(size);
  memset(big, 'x', size);
  weir_str huge = {big, size};
  FAILS(WEIR_E_LIMIT, "64 MiB", weir_event_set_str(event, s, huge, &err));
  free(big);
  weir_event_clear(event);
  OK(weir_event_set_str(event, s, word, &err));
  weir_event_release(event);
}

int main(void) {
  weir_ruleset *ruleset = compile(kAllTypes);
  schemas(ruleset);
  setters(ruleset);
  refusals(ruleset);
  weir_ruleset_release(ruleset);
  return failures != 0;
}
