/* Verdicts: scores, hits, effects, JSON, explain; labels, counters and causes of the session. */
#include "check.h"

static char line[300];
static const char *login(int second, const char *account, int ok, const char *more) {
  snprintf(line, sizeof line, "{\"time\":\"2026-01-01T00:00:%02dZ\",\"id\":\"e%d\",\"account\":\"%s\",\"ok\":%s%s}",
           second, second, account, ok ? "true" : "false", more);
  return line;
}

static void verdicts(uint32_t tier) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile_with(kRules, tier);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_verdict *verdict = NULL;

  /* A shadow rule is computed and counted, and has no effect. */
  verdict = eval_json(session, event, login(1, "mallory", 0, ",\"ip\":\"9.9.9.9\""));
  weir_verdict_info info = info_of(verdict);
  CHECK(info.verdict == WEIR_VERDICT_ALLOW && info.shadow_verdict == WEIR_VERDICT_BLOCK);
  CHECK(info.score == 0 && info.shadow_score == 100 && info.generation == 0);
  CHECK(info.hit_count == 1 && info.effect_count == 0);
  weir_hit hit = WEIR_INIT(weir_hit);
  CHECK(weir_verdict_hit(verdict, 0, &hit) == WEIR_OK);
  CHECK_STR(hit.name, "watched");
  CHECK_STR(hit.id, "R-3");
  CHECK_STR(hit.because, "watching");
  CHECK(hit.rule == 2 && hit.mode == WEIR_MODE_SHADOW && hit.applied == 0 && hit.score == 0 && hit.alert == 0);
  CHECK(weir_verdict_hit(verdict, 1, &hit) == WEIR_E_ARG);
  weir_verdict_release(verdict);

  weir_verdict_release(eval_json(session, event, login(2, "mallory", 0, ",\"ip\":\"9.9.9.9\"")));
  int32_t has = 7;
  OK(weir_session_has_label(session, text("burned"), text("mallory"), 1767225603, 0, &has, &err));
  CHECK(has == 0);

  /* The third failure fires the live rule, with all its effects. */
  verdict = eval_json(session, event, login(3, "mallory", 0, ",\"ip\":\"9.9.9.9\""));
  info = info_of(verdict);
  CHECK(info.verdict == WEIR_VERDICT_REVIEW && info.score == 60 && info.shadow_score == 160);
  CHECK(info.hit_count == 2 && info.effect_count == 4);
  CHECK(weir_verdict_hit(verdict, 0, &hit) == WEIR_OK);
  CHECK(hit.outcome == WEIR_OUTCOME_FIRED && hit.applied == 1 && hit.score == 60 && hit.mode == WEIR_MODE_LIVE);
  CHECK_STR(hit.because, "3 failed logins of mallory");
  CHECK_STR(hit.cause, "");
  CHECK_STR(hit.file, "test.weir");
  CHECK(hit.line == 12 && hit.col == 6);

  weir_effect effect = WEIR_INIT(weir_effect);
  CHECK(weir_verdict_effect(verdict, 0, &effect) == WEIR_OK && effect.kind == WEIR_EFFECT_LABEL);
  CHECK_STR(effect.rule_name, "guessing");
  CHECK_STR(effect.name, "burned");
  CHECK_STR(effect.key, "mallory");
  CHECK(effect.duration_ns == 3600000000000 && effect.rule == 0);
  CHECK(weir_verdict_effect(verdict, 1, &effect) == WEIR_OK && effect.kind == WEIR_EFFECT_VERDICT);
  CHECK(effect.verdict == WEIR_VERDICT_REVIEW && effect.name.len == 0 && effect.key.len == 0);
  CHECK(weir_verdict_effect(verdict, 2, &effect) == WEIR_OK && effect.kind == WEIR_EFFECT_ACTION);
  CHECK_STR(effect.name, "notify");
  CHECK_STR(effect.args, "{\"who\":\"mallory\",\"fails\":3}");
  CHECK(weir_verdict_effect(verdict, 3, &effect) == WEIR_OK && effect.kind == WEIR_EFFECT_CASE);
  CHECK_STR(effect.name, "abuse");
  CHECK_STR(effect.key, "mallory");
  CHECK(weir_verdict_effect(verdict, 4, &effect) == WEIR_E_ARG);

  CHECK_STR(
      weir_verdict_json(verdict),
      "{\"event\":\"login\",\"id\":\"e3\",\"verdict\":\"review\",\"shadow_verdict\":\"block\",\"score\":60,"
      "\"shadow_score\":160,\"generation\":0,\"hits\":[{\"rule\":\"guessing\",\"id\":\"R-1\",\"outcome\":\"fired\","
      "\"mode\":\"live\",\"applied\":true,\"score\":60,\"because\":\"3 failed logins of mallory\"},"
      "{\"rule\":\"watched\",\"id\":\"R-3\",\"outcome\":\"fired\",\"mode\":\"shadow\",\"applied\":false,\"score\":0,"
      "\"because\":\"watching\"}],\"effects\":[{\"kind\":\"label\",\"rule\":\"guessing\",\"label\":\"burned\","
      "\"key\":\"mallory\",\"for_ns\":3600000000000},{\"kind\":\"verdict\",\"rule\":\"guessing\",\"verdict\":"
      "\"review\"},"
      "{\"kind\":\"action\",\"rule\":\"guessing\",\"action\":\"notify\",\"args\":{\"who\":\"mallory\",\"fails\":3}},"
      "{\"kind\":\"case\",\"rule\":\"guessing\",\"queue\":\"abuse\",\"key\":\"mallory\"}]}");
  CHECK(weir_verdict_explain(verdict).ptr == NULL);
  weir_verdict *kept = verdict; /* a verdict outlives what follows */

  /* The label is in force for the next event, until it ends. */
  OK(weir_session_has_label(session, text("burned"), text("mallory"), 1767225603, 0, &has, &err));
  CHECK(has == 1);
  OK(weir_session_has_label(session, text("burned"), text("mallory"), 1767225603 + 3601, 0, &has, &err));
  CHECK(has == 0);
  OK(weir_session_has_label(session, text("burned"), text("alice"), 1767225603, 0, &has, &err));
  CHECK(has == 0);
  FAILS(WEIR_E_SCHEMA, "`nope`", weir_session_has_label(session, text("nope"), text("a"), 0, 0, &has, &err));
  FAILS(WEIR_E_ARG, "`nanos`", weir_session_has_label(session, text("burned"), text("a"), 0, -1, &has, &err));

  verdict = eval_json(session, event, login(4, "mallory", 1, ",\"ip\":\"10.0.0.1\""));
  info = info_of(verdict);
  CHECK(info.score == 111 && info.verdict == WEIR_VERDICT_BLOCK && info.hit_count == 3); /* 60 + 50 + 1: decide */
  weir_verdict_release(verdict);

  /* Missing and error are hits with a cause, and have no effect. */
  verdict = eval_json(session, event, login(5, "alice", 1, ",\"n\":0"));
  info = info_of(verdict);
  CHECK(info.hit_count == 2 && info.score == 0 && info.effect_count == 0);
  CHECK(weir_verdict_hit(verdict, 0, &hit) == WEIR_OK && hit.outcome == WEIR_OUTCOME_MISSING);
  CHECK_STR(hit.name, "from_ten");
  CHECK_STR(hit.cause, "`ip` is missing");
  CHECK(weir_verdict_hit(verdict, 1, &hit) == WEIR_OK && hit.outcome == WEIR_OUTCOME_ERROR);
  CHECK_STR(hit.name, "divides");
  CHECK(hit.cause.len > 0 && hit.because.len == 0);
  weir_verdict_release(verdict);

  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  CHECK(weir_session_get_stats(session, &stats) == WEIR_OK && stats.events == 5 && stats.state_bytes > 0);
  weir_rule_stats counts = WEIR_INIT(weir_rule_stats);
  CHECK(weir_session_get_rule_stats(session, 0, &counts) == WEIR_OK && counts.fired == 2 && counts.errors == 0);
  CHECK(weir_session_get_rule_stats(session, 3, &counts) == WEIR_OK && counts.fired == 1 && counts.missing == 1);
  CHECK(weir_session_get_rule_stats(session, 4, &counts) == WEIR_OK && counts.errors == 1);
  CHECK(weir_session_get_rule_stats(session, 5, &counts) == WEIR_E_ARG);
  CHECK(weir_session_cause_count(session) == 2);
  int causes = 0;
  for (size_t i = 0; i < 2; ++i) {
    weir_cause cause = WEIR_INIT(weir_cause);
    CHECK(weir_session_cause(session, i, &cause) == WEIR_OK && cause.count == 1);
    if (cause.outcome == WEIR_OUTCOME_MISSING && cause.rule == 3 && equal(cause.text, "`ip` is missing")) causes |= 1;
    if (cause.outcome == WEIR_OUTCOME_ERROR && cause.rule == 4 && cause.text.len > 0) causes |= 2;
  }
  CHECK(causes == 3);
  CHECK(weir_session_cause(session, 2, NULL) == WEIR_E_ARG);

  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
  CHECK(weir_verdict_hit(kept, 0, &hit) == WEIR_OK);
  CHECK_STR(hit.because, "3 failed logins of mallory");
  CHECK_STR(hit.name, "guessing");
  weir_verdict_release(kept);
}

static size_t count(weir_str haystack, const char *needle) {
  size_t n = 0, size = strlen(needle);
  for (size_t i = 0; i + size <= haystack.len; ++i) n += memcmp(haystack.ptr + i, needle, size) == 0;
  return n;
}

static void explanations(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile(kRules);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_verdict *verdict = NULL;
  weir_eval_options options = WEIR_INIT(weir_eval_options);
  OK(weir_event_read_json(event, text(login(1, "a", 0, ",\"ip\":\"9.9.9.9\"")), &err));

  options.trace = WEIR_TRACE_HITS;
  OK(weir_session_eval(session, event, &options, &verdict, &err));
  weir_str why = weir_verdict_explain(verdict);
  CHECK(count(why, "\"decided_by\"") == 1);
  CHECK(contains(why, "\"watched\"") && contains(why, "!login.ok") && contains(why, "\"outcome\":\"true\""));
  CHECK(why.ptr[0] == '[' && why.ptr[why.len - 1] == ']');
  weir_verdict_release(verdict);

  /* With the same id it would be a duplicate, and that has nothing to explain. */
  options.trace = WEIR_TRACE_ALL;
  OK(weir_session_eval(session, event, &options, &verdict, &err));
  CHECK(info_of(verdict).duplicate && equal(weir_verdict_explain(verdict), "[]"));
  weir_verdict_release(verdict);
  OK(weir_event_set_str(event, WEIR_FIELD_ID, text("another"), &err));
  OK(weir_session_eval(session, event, &options, &verdict, &err));
  why = weir_verdict_explain(verdict);
  CHECK(count(why, "\"decided_by\"") == 5);
  CHECK(contains(why, "fails >= 3") && contains(why, "\"outcome\":\"false\""));
  weir_verdict_release(verdict);

  /* Nothing to explain is an empty array, not NULL. */
  options.trace = WEIR_TRACE_HITS;
  OK(weir_event_read_json(event, text(login(2, "b", 1, ",\"ip\":\"9.9.9.9\"")), &err));
  OK(weir_session_eval(session, event, &options, &verdict, &err));
  CHECK_STR(weir_verdict_explain(verdict), "[]");
  weir_verdict_release(verdict);

  options.trace = 3;
  FAILS(WEIR_E_ARG, "trace is 3", weir_session_eval(session, event, &options, &verdict, &err));
  CHECK(verdict == NULL);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

static void once_and_limit(void) {
  weir_ruleset *ruleset = compile(
      "event e { k: string }\n"
      "rule often on e { id \"1\" when true score 1 once per e.k every 1h mode live }\n"
      "rule many on e { id \"2\" when true score 10 limit 2 per 1h mode live }\n");
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "e");
  uint32_t expected[4][3] = {/* outcomes of both rules, alert of the second */
                             {WEIR_OUTCOME_FIRED, WEIR_OUTCOME_FIRED, 0},
                             {WEIR_OUTCOME_SUPPRESSED, WEIR_OUTCOME_FIRED, 0},
                             {WEIR_OUTCOME_SUPPRESSED, WEIR_OUTCOME_TRIPPED, 1},
                             {WEIR_OUTCOME_SUPPRESSED, WEIR_OUTCOME_TRIPPED, 0}};
  for (int i = 0; i < 4; ++i) {
    char json[100];
    snprintf(json, sizeof json, "{\"time\":\"2026-01-01T00:00:%02dZ\",\"k\":\"a\"}", i);
    weir_verdict *verdict = eval_json(session, event, json);
    weir_hit hit = WEIR_INIT(weir_hit);
    NEED(info_of(verdict).hit_count == 2);
    CHECK(weir_verdict_hit(verdict, 0, &hit) == WEIR_OK && hit.outcome == expected[i][0]);
    CHECK(weir_verdict_hit(verdict, 1, &hit) == WEIR_OK && hit.outcome == expected[i][1] &&
          hit.alert == expected[i][2]);
    CHECK(hit.applied == (hit.outcome == WEIR_OUTCOME_FIRED));
    weir_verdict_release(verdict);
  }
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

/* Labels on an entity that is a number; state that is over its budget. */
static void int_entities(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile(
      "entity Serial: int\nevent e { n: Serial }\nlabel seen on Serial\n"
      "rule r on e { id \"1\" when e.n > 0 then { label e.n as seen  case \"q\" key e.n } mode live }\n");
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "e");
  weir_verdict *verdict = eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"n\":42}");
  weir_effect effect = WEIR_INIT(weir_effect);
  CHECK(weir_verdict_effect(verdict, 1, &effect) == WEIR_OK);
  CHECK_STR(effect.key, "42");
  weir_verdict_release(verdict);
  int32_t has = 7;
  OK(weir_session_has_label(session, text("seen"), text("42"), 1767225601, 0, &has, &err));
  CHECK(has == 1);
  OK(weir_session_has_label(session, text("seen"), text("43"), 1767225601, 0, &has, &err));
  CHECK(has == 0);
  FAILS(WEIR_E_DATA, "`forty`",
        weir_session_has_label(session, text("seen"), text("forty"), 1767225601, 0, &has, &err));
  FAILS(WEIR_E_ARG, "1678", weir_session_has_label(session, text("seen"), text("42"), INT64_MAX, 0, &has, &err));
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

static void state_budget(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile(
      "event e { k: string }\nfeature n = count() from e by e.k over 1h\n"
      "rule r on e { id \"1\" when n >= 2 mode live }\n");
  weir_session_options options = WEIR_INIT(weir_session_options);
  options.max_state_bytes = 100000;
  weir_session *session = NULL;
  OK(weir_session_create(ruleset, &options, &session, &err));
  weir_event *event = make_event(ruleset, "e");
  for (int i = 0; i < 20000; ++i) {
    char json[100];
    snprintf(json, sizeof json, "{\"time\":\"2026-01-01T00:00:00Z\",\"k\":\"key %d\"}", i);
    weir_verdict_release(eval_json(session, event, json));
  }
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  CHECK(weir_session_get_stats(session, &stats) == WEIR_OK && stats.events == 20000);
  CHECK(stats.state_bytes < 200000);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

static void session_options(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile(kRules);
  weir_session *session = NULL;
  weir_session_options options = WEIR_INIT(weir_session_options);
  options.max_steps = -1;
  FAILS(WEIR_E_ARG, "max_steps", weir_session_create(ruleset, &options, &session, &err));
  options.max_steps = 0;
  options.lateness_ns = -1;
  FAILS(WEIR_E_ARG, "lateness_ns", weir_session_create(ruleset, &options, &session, &err));
  CHECK(session == NULL);
  options.lateness_ns = 0;
  options.measure_cost = 1;
  OK(weir_session_create(ruleset, &options, &session, &err));
  weir_event *event = make_event(ruleset, "login");
  for (int i = 0; i < 200; ++i)
    weir_verdict_release(
        eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"account\":\"a\",\"ok\":true}"));
  weir_rule_stats counts = WEIR_INIT(weir_rule_stats);
  CHECK(weir_session_get_rule_stats(session, 0, &counts) == WEIR_OK && counts.cost_samples > 0);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

int main(void) {
  verdicts(WEIR_TIER_INTERPRETER);
  verdicts(WEIR_TIER_AUTO);
  explanations();
  once_and_limit();
  session_options();
  int_entities();
  state_budget();
  return failures != 0;
}
