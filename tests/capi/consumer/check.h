/* Checks that go on after a failure, and what every test needs: rules, an engine, events. */
#ifndef CHECK_H
#define CHECK_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

static int failures;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                               \
    }                                                                           \
  } while (0)

/* For what the rest of a test stands on. */
#define NEED(condition)                                                         \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                  \
    }                                                                           \
  } while (0)

#define OK(call)                                                                                                   \
  do {                                                                                                             \
    weir_status ok_status = (call);                                                                                \
    if (ok_status != WEIR_OK) {                                                                                    \
      fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, weir_status_name(ok_status), err.message); \
      exit(1);                                                                                                     \
    }                                                                                                              \
  } while (0)

/* The call must fail with this status, say so in err, and mention `part`. */
#define FAILS(expected, part, call)                                                                    \
  do {                                                                                                 \
    weir_status fails_status = (call);                                                                 \
    if (fails_status != (expected) || err.code != (expected) || strstr(err.message, (part)) == NULL) { \
      fprintf(stderr, "%s:%d: %s: %s: \"%s\", expected %s with \"%s\"\n", __FILE__, __LINE__, #call,   \
              weir_status_name(fails_status), err.message, #expected, part);                           \
      ++failures;                                                                                      \
    }                                                                                                  \
  } while (0)

static inline weir_str text(const char *s) {
  weir_str t = {s, strlen(s)};
  return t;
}

static inline int equal(weir_str a, const char *b) {
  return a.len == strlen(b) && (a.len == 0 || memcmp(a.ptr, b, a.len) == 0);
}

static inline int contains(weir_str a, const char *part) {
  size_t n = strlen(part);
  for (size_t i = 0; i + n <= a.len; ++i)
    if (memcmp(a.ptr + i, part, n) == 0) return 1;
  return 0;
}

#define CHECK_STR(actual, expected)                                                                                   \
  do {                                                                                                                \
    weir_str check_actual = (actual);                                                                                 \
    if (!equal(check_actual, (expected))) {                                                                           \
      fprintf(stderr, "%s:%d: %s is \"%.*s\", expected \"%s\"\n", __FILE__, __LINE__, #actual, (int)check_actual.len, \
              check_actual.ptr == NULL ? "" : check_actual.ptr, expected);                                            \
      ++failures;                                                                                                     \
    }                                                                                                                 \
  } while (0)

/* Rules that use every kind of effect and outcome. Times are seconds after 2026-01-01T00:00:00Z. */
static const char kRules[] =
    "package capi.test\n"
    "entity Account: string\n"
    "event login {\n"
    "  account: Account\n"
    "  ok: bool\n"
    "  ip: string?\n"
    "  n: int?\n"
    "}\n"
    "label burned on Account max 30d\n"
    "action notify(who: string, fails: int)\n"
    "feature fails = count() from login where !login.ok by login.account over 15m\n"
    "rule guessing on login {\n"
    "  id \"R-1\"\n"
    "  when fails >= 3\n"
    "  score 60\n"
    "  then {\n"
    "    label login.account as burned for 1h\n"
    "    verdict review\n"
    "    action notify(login.account, fails)\n"
    "    case \"abuse\" key login.account\n"
    "  }\n"
    "  because \"{fails} failed logins of {login.account}\"\n"
    "  owner \"team-a\"  severity high\n"
    "  mode live\n"
    "}\n"
    "rule burned_again on login {\n"
    "  id \"R-2\"\n"
    "  when \"burned\" in labels(login.account)\n"
    "  score 50\n"
    "  because \"seen before\"\n"
    "  mode live\n"
    "}\n"
    "rule watched on login {\n"
    "  id \"R-3\"\n"
    "  when !login.ok\n"
    "  score 100\n"
    "  then { verdict block }\n"
    "  because \"watching\"\n"
    "}\n"
    "rule from_ten on login {\n"
    "  id \"R-4\"\n"
    "  when login.ip.startsWith(\"10.\")\n"
    "  score 1\n"
    "  because \"from ten\"\n"
    "  mode live\n"
    "}\n"
    "rule divides on login {\n"
    "  id \"R-5\"\n"
    "  when 100 / login.?n.orValue(1) == 7\n"
    "  score 1\n"
    "  because \"seven\"\n"
    "  mode live\n"
    "}\n"
    "decide login { block when score >= 100  challenge when score >= 80 }\n";

static inline weir_engine *make_engine(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = NULL;
  OK(weir_engine_create(NULL, &engine, &err));
  return engine;
}

static inline weir_ruleset *compile_with(const char *rules, uint32_t tier) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_source source = {text("test.weir"), text(rules)};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = tier;
  weir_ruleset *ruleset = NULL;
  weir_diags *diags = NULL;
  if (weir_compile(engine, &source, 1, &options, &ruleset, &diags, &err) != WEIR_OK) {
    weir_str all = weir_diags_text(diags);
    fprintf(stderr, "%s\n%.*s\n", err.message, (int)all.len, all.ptr);
    exit(1);
  }
  weir_diags_release(diags);
  weir_engine_release(engine);
  return ruleset;
}

static inline weir_ruleset *compile(const char *rules) { return compile_with(rules, WEIR_TIER_INTERPRETER); }

static inline weir_session *make_session(const weir_ruleset *ruleset) {
  weir_error err = WEIR_INIT(weir_error);
  weir_session *session = NULL;
  OK(weir_session_create(ruleset, NULL, &session, &err));
  return session;
}

static inline weir_event *make_event(const weir_ruleset *ruleset, const char *type) {
  weir_error err = WEIR_INIT(weir_error);
  weir_schema *schema = NULL;
  weir_event *event = NULL;
  OK(weir_ruleset_schema(ruleset, text(type), &schema, &err));
  OK(weir_event_create(schema, &event, &err));
  weir_schema_release(schema);
  return event;
}

/* Evaluates one JSON text; the verdict is the caller's. */
static inline weir_verdict *eval_json(weir_session *session, weir_event *event, const char *json) {
  weir_error err = WEIR_INIT(weir_error);
  weir_verdict *verdict = NULL;
  OK(weir_event_read_json(event, text(json), &err));
  OK(weir_session_eval(session, event, NULL, &verdict, &err));
  return verdict;
}

static inline weir_verdict_info info_of(const weir_verdict *verdict) {
  weir_verdict_info info = WEIR_INIT(weir_verdict_info);
  NEED(weir_verdict_get(verdict, &info) == WEIR_OK);
  return info;
}

#endif
