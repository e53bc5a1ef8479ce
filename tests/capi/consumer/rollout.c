/* A candidate beside the rules that serve: it takes over, is rolled back, or overtaken; what trips rules; time limits.
 */
#include <unistd.h>

#include "check.h"

static const char kLive[] =
    "event e { n: int }\n"
    "rule a on e { id \"A\" when e.n >= 5 then { verdict review } mode live }\n"
    "rule b on e { id \"B\" when e.n == 100 then { verdict block } mode live }\n";
static const char kNext[] =
    "event e { n: int }\n"
    "feature sum_n = count() from e by e.n over 1h\n"
    "rule b on e { id \"B\" when e.n == 100 then { verdict block } mode live }\n"
    "rule a on e { id \"A\" when e.n >= 4 then { verdict review } mode live }\n"
    "rule c on e { id \"C\" when sum_n >= 1000 then { verdict review } mode live }\n";

static char directory[] = "/tmp/weir-rollout-XXXXXX";

typedef struct {
  weir_slot *slot;
  weir_session *session;
  weir_event *event;
  uint64_t generation;
} host;

static host make_host(void) {
  weir_error err = WEIR_INIT(weir_error);
  host h = {0};
  weir_engine *engine = make_engine();
  weir_ruleset *rules = compile(kLive);
  OK(weir_slot_create(engine, NULL, 0, &h.slot, &err));
  char path[200];
  snprintf(path, sizeof path, "%s/audit.jsonl", directory);
  OK(weir_slot_audit(h.slot, text(path), &err));
  OK(weir_slot_publish(h.slot, rules, 0, &h.generation, &err));
  weir_ruleset *pinned = NULL;
  OK(weir_slot_pin(h.slot, &pinned, NULL, &err));
  h.session = make_session(pinned);
  h.event = make_event(rules, "e");
  weir_ruleset_release(pinned);
  weir_ruleset_release(rules);
  weir_engine_release(engine);
  return h;
}

static void end_host(host *h) {
  weir_event_release(h->event);
  weir_session_release(h->session);
  weir_slot_release(h->slot);
}

/* One event as a server handles it; its verdict. */
static weir_verdict_info serve(host *h, int id, int n) {
  weir_error err = WEIR_INIT(weir_error);
  if (weir_slot_generation(h->slot) != h->generation) {
    weir_ruleset *rules = NULL;
    OK(weir_slot_pin(h->slot, &rules, &h->generation, &err));
    OK(weir_session_adopt(h->session, rules, &err));
    weir_ruleset_release(rules);
  }
  char json[100];
  snprintf(json, sizeof json, "{\"id\":\"e%d\",\"time\":\"2026-01-01T00:00:00Z\",\"n\":%d}", id, n);
  weir_verdict *verdict = eval_json(h->session, h->event, json);
  weir_verdict_info info = info_of(verdict);
  CHECK(info.generation == h->generation);
  weir_verdict_release(verdict);
  return info;
}

static weir_rollout_info report_of(const weir_rollout *rollout, char *why) {
  weir_error err = WEIR_INIT(weir_error);
  weir_rollout_report *report = NULL;
  weir_rollout_info info = WEIR_INIT(weir_rollout_info);
  OK(weir_rollout_get_report(rollout, &report, &err));
  OK(weir_rollout_report_get(report, &info));
  snprintf(why, 200, "%.*s", (int)info.why.len, info.why.len == 0 ? "" : info.why.ptr);
  weir_rollout_report_release(report);
  return info;
}

static void promoted(void) {
  weir_error err = WEIR_INIT(weir_error);
  host h = make_host();
  weir_ruleset *next = compile(kNext);
  weir_rollout *rollout = NULL, *second = NULL;
  weir_rollout_options options = WEIR_INIT(weir_rollout_options);
  char why[200];
  options.events = 20;
  options.min_overlap = 0.5;
  options.min_precision = 0.5;
  options.min_labelled = 2;
  options.by = text("ann");
  options.reason = text("ticket 7");
  OK(weir_rollout_start(h.slot, next, &options, &rollout, &err));
  FAILS(WEIR_E_CONFLICT, "under way", weir_rollout_start(h.slot, next, &options, &second, &err));
  CHECK(second == NULL && weir_slot_generation(h.slot) == 2);
  for (int i = 0; i < 20; ++i) CHECK(serve(&h, i, i % 10).verdict == (i % 10 >= 5 ? WEIR_VERDICT_REVIEW : 0));
  weir_rollout_info info = report_of(rollout, why);
  CHECK(info.state == WEIR_ROLLOUT_RUNNING && info.generation == 2 && info.events == 20); /* labels are wanted */
  CHECK(info.changed == 2 && info.stricter == 2 && info.milder == 0);
  CHECK(info.live_alerts == 10 && info.candidate_alerts == 12 && info.both_alerts == 10);
  CHECK(info.rule_count == 3 && info.sample_count == 2);
  weir_rollout_report *report = NULL;
  weir_rollout_rule rule = WEIR_INIT(weir_rollout_rule);
  OK(weir_rollout_get_report(rollout, &report, &err));
  OK(weir_rollout_report_rule(report, 0, &rule));
  CHECK(rule.change == WEIR_RULE_CHANGED && rule.live == 10 && rule.candidate == 12 && rule.both == 10);
  CHECK_STR(rule.id, "A");
  CHECK(weir_rollout_report_rule(report, 3, &rule) == WEIR_E_ARG);
  CHECK(contains(weir_rollout_report_json(report),
                 "\"id\":\"e4\",\"event\":\"e\",\"time\":\"2026-01-01T00:00:00Z\","
                 "\"live\":\"allow\",\"candidate\":\"review\""));
  weir_rollout_report_release(report);

  FAILS(WEIR_E_DATA, "not remembered", weir_rollout_label(rollout, text("nobody"), 1, &err));
  OK(weir_rollout_label(rollout, text("e4"), 0, &err));
  OK(weir_rollout_label(rollout, text("e5"), 1, &err));
  info = report_of(rollout, why);
  CHECK(info.state == WEIR_ROLLOUT_PROMOTED && info.generation == 3 && weir_slot_generation(h.slot) == 3);
  CHECK(strstr(why, "after 20 events: overlap of alerts 0.8333") != NULL);
  CHECK(info.candidate_labelled_alerts == 2 && info.candidate_true == 1 && info.live_labelled_alerts == 1);
  CHECK(serve(&h, 100, 4).verdict == WEIR_VERDICT_REVIEW); /* the candidate decides, on the state that went along */
  FAILS(WEIR_E_CONFLICT, "has ended", weir_rollout_end(rollout, 0, text("ann"), text(""), &err));
  weir_rollout_release(rollout);
  weir_ruleset_release(next);
  end_host(&h);
}

static void rolled_back(void) {
  weir_error err = WEIR_INIT(weir_error);
  host h = make_host();
  weir_ruleset *next = compile(kNext);
  weir_rollout *rollout = NULL;
  weir_rollout_options options = WEIR_INIT(weir_rollout_options);
  char why[200];
  options.events = 10;
  options.max_alert_change = 0.1;
  OK(weir_rollout_start(h.slot, next, &options, &rollout, &err));
  for (int i = 0; i < 12; ++i) CHECK(serve(&h, i, i).verdict == (i >= 5 ? WEIR_VERDICT_REVIEW : 0));
  weir_rollout_info info = report_of(rollout, why);
  CHECK(info.state == WEIR_ROLLOUT_ROLLED_BACK && info.events == 10 && info.generation == 3);
  CHECK(strstr(why, "not met: alerts changed by 0.2, at most 0.1") != NULL);
  weir_rollout_release(rollout);

  /* By hand, and overtaken by another publish. */
  OK(weir_rollout_start(h.slot, next, NULL, &rollout, &err));
  OK(weir_rollout_end(rollout, 1, text("ann"), text("looks right"), &err));
  CHECK(serve(&h, 200, 4).verdict == WEIR_VERDICT_REVIEW);
  weir_rollout_release(rollout);
  OK(weir_rollout_start(h.slot, next, NULL, &rollout, &err));
  OK(weir_slot_publish(h.slot, next, weir_slot_generation(h.slot), NULL, &err));
  FAILS(WEIR_E_CONFLICT, "is current", weir_rollout_end(rollout, 1, text("ann"), text(""), &err));
  CHECK(report_of(rollout, why).state == WEIR_ROLLOUT_OVERTAKEN);
  weir_rollout_release(rollout);
  weir_ruleset_release(next);
  end_host(&h);
}

static void audited(void) {
  char path[200], line[1000], steps[400] = "";
  snprintf(path, sizeof path, "%s/audit.jsonl", directory);
  FILE *f = fopen(path, "r");
  NEED(f != NULL);
  while (fgets(line, sizeof line, f) != NULL) {
    char *step = strstr(line, "\"step\":\"");
    NEED(step != NULL);
    step += 8;
    strncat(steps, step, (size_t)(strchr(step, '"') - step));
    strcat(steps, " ");
  }
  fclose(f);
  CHECK(strcmp(steps,
               "publish publish rollout_start publish promote "
               "publish publish rollout_start publish roll_back publish rollout_start publish promote "
               "publish rollout_start publish rollout_overtaken ") == 0);
}

static void write_file(const char *name, const char *content) {
  char path[200];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *f = fopen(path, "w");
  NEED(f != NULL && fputs(content, f) >= 0 && fclose(f) == 0);
}

static void protected_rules(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *rules = NULL;
  char sub[100], audit[200];
  snprintf(sub, sizeof sub, "%s/rules", directory);
  snprintf(audit, sizeof audit, "mkdir %s", sub);
  NEED(system(audit) == 0);
  write_file("rules/weir.yaml", "protect: {errors: 1 per 1h, fail: challenge}\n");
  write_file("rules/a.weir",
             "event e { n: int  s: string }\nrule d on e { id \"D\" when 1 / e.n == 1 score 1 mode live }\n"
             "rule slow on e { id \"S\" when e.s.split(\"\").all(x, !e.s.split(\"\").exists(y, y == \"b\" && x == y)) "
             "score 2 mode live }\n");
  weir_str path = text(sub);
  OK(weir_compile_files(engine, &path, 1, NULL, &rules, NULL, &err));
  weir_session *session = make_session(rules);
  snprintf(audit, sizeof audit, "%s/trips.jsonl", directory);
  OK(weir_session_audit(session, text(audit), &err));
  weir_event *event = make_event(rules, "e");
  const char *zero = "{\"time\":\"2026-01-01T00:00:00Z\",\"n\":0,\"s\":\"\"}";
  weir_verdict_release(eval_json(session, event, zero));
  weir_protection protection = WEIR_INIT(weir_protection);
  OK(weir_session_get_protection(session, 0, &protection));
  CHECK(protection.tripped == WEIR_TRIP_NONE && protection.errors == 1 && protection.max_errors == 1);
  weir_verdict *verdict = eval_json(session, event, zero);
  weir_hit hit = WEIR_INIT(weir_hit);
  OK(weir_verdict_hit(verdict, 0, &hit));
  CHECK(hit.outcome == WEIR_OUTCOME_ERROR && hit.alert == 1);
  weir_verdict_release(verdict);
  OK(weir_session_get_protection(session, 0, &protection));
  CHECK(protection.tripped == WEIR_TRIP_ERRORS && protection.verdict == WEIR_VERDICT_CHALLENGE);
  CHECK(protection.until_s == protection.tripped_s + 3600);
  verdict = eval_json(session, event, zero);
  CHECK(info_of(verdict).verdict == WEIR_VERDICT_CHALLENGE);
  CHECK(contains(weir_verdict_json(verdict), "\"outcome\":\"quarantined\""));
  weir_verdict_release(verdict);
  weir_rule_stats stats = WEIR_INIT(weir_rule_stats);
  OK(weir_session_get_rule_stats(session, 0, &stats));
  CHECK(stats.errors == 2 && stats.quarantined == 1);
  weir_change reset = WEIR_INIT(weir_change);
  reset.kind = WEIR_CHANGE_RESET_LIMIT;
  reset.name = text("D");
  OK(weir_session_change(session, &reset, &err));
  OK(weir_session_get_protection(session, 0, &protection));
  CHECK(protection.tripped == WEIR_TRIP_NONE);
  char line[600] = "";
  FILE *f = fopen(audit, "r");
  NEED(f != NULL && fgets(line, sizeof line, f) != NULL);
  fclose(f);
  CHECK(strstr(line,
               "\"step\":\"trip\",\"of\":\"D\",\"text\":\"out of service for errors until 2026-01-01T01:00:00Z\"") !=
        NULL);

  char heavy[1000];
  snprintf(heavy, sizeof heavy, "{\"time\":\"2026-01-01T00:00:01Z\",\"n\":1,\"s\":\"%0600d\"}", 0);
  OK(weir_event_read_json(event, text(heavy), &err));
  weir_eval_options options = WEIR_INIT(weir_eval_options);
  options.timeout_ns = 100 * 1000;
  FAILS(WEIR_E_LIMIT, "time for the event was over", weir_session_eval(session, event, &options, &verdict, &err));
  NEED(verdict != NULL);
  CHECK(info_of(verdict).verdict == WEIR_VERDICT_CHALLENGE && info_of(verdict).hit_count == 0);
  weir_verdict_release(verdict);
  options.timeout_ns = 60ull * 1000 * 1000 * 1000;
  OK(weir_session_eval(session, event, &options, &verdict, &err));
  CHECK(info_of(verdict).score == 3);
  weir_verdict_release(verdict);
  weir_session_stats session_stats = WEIR_INIT(weir_session_stats);
  OK(weir_session_get_stats(session, &session_stats));
  CHECK(session_stats.expired_events == 1);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(rules);
  weir_engine_release(engine);
}

int main(void) {
  NEED(mkdtemp(directory) != NULL);
  promoted();
  rolled_back();
  audited();
  protected_rules();
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  return system(command) != 0 || failures != 0;
}
