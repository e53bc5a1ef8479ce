/* Changes by hand, what they do to the next event, and the audit log of them. */
#include <stdint.h>
#include <unistd.h>

#include "check.h"

static const char kChangeRules[] =
    "entity Account: string\n"
    "event post { author: Account  text: string }\n"
    "list words: string = [\"old\"]\n"
    "label hot on Account\n"
    "rule worded on post { id \"W-1\" when post.text in words then { label post.author as hot for 1h }\n"
    "  limit 2 per 1h  mode live }\n"
    "rule plain on post { id \"P-1\" when post.text == \"plain\" mode live }\n";

static int next_id;

static weir_verdict_info post(weir_session *session, weir_event *event, int second, const char *words, weir_hit *hit) {
  char json[200];
  snprintf(json, sizeof json, "{\"id\":\"e%d\",\"time\":\"2026-01-01T00:00:%02dZ\",\"author\":\"a\",\"text\":\"%s\"}",
           ++next_id, second, words);
  weir_verdict *verdict = eval_json(session, event, json);
  weir_verdict_info info = info_of(verdict);
  if (hit != NULL && info.hit_count > 0) NEED(weir_verdict_hit(verdict, 0, hit) == WEIR_OK);
  weir_verdict_release(verdict); /* of the hit, numbers are read only */
  return info;
}

int main(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile(kChangeRules);
  weir_session *session = make_session(ruleset), *admin = NULL;
  weir_event *event = make_event(ruleset, "post");
  weir_hit hit = WEIR_INIT(weir_hit);
  const int64_t start = 1767225600; /* 2026-01-01T00:00:00Z */
  char path[64];
  snprintf(path, sizeof path, "audit-%d.jsonl", (int)getpid());

  unlink(path);
  OK(weir_session_audit(session, text(path), &err));
  OK(weir_session_share(session, &admin, &err));

  /* A duplicate is ignored and gets the first one's verdict. */
  CHECK(post(session, event, 1, "old", NULL).effect_count == 1);
  --next_id;
  weir_verdict_info again = post(session, event, 1, "old", NULL);
  CHECK(again.duplicate == 1 && again.hit_count == 0);
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  NEED(weir_session_get_stats(session, &stats) == WEIR_OK);
  CHECK(stats.events == 2 && stats.duplicate_events == 1);

  /* Who set a label. */
  size_t count = 0;
  weir_label label = WEIR_INIT(weir_label);
  OK(weir_session_label_count(session, text("Account"), text("a"), start + 2, 0, &count, &err));
  NEED(count == 1 && weir_session_label(session, 0, &label) == WEIR_OK);
  CHECK_STR(label.name, "hot");
  CHECK_STR(label.rule_id, "W-1");
  CHECK_STR(label.origin, "e1");
  CHECK(!label.by_hand && label.set_s == start + 1 && label.expires_s == start + 3601);
  CHECK(weir_session_label(session, 1, &label) == WEIR_E_ARG);
  FAILS(WEIR_E_SCHEMA, "no entity", weir_session_label_count(session, text("Acount"), text("a"), 0, 0, &count, &err));

  /* A list, replaced from another thread's session. */
  weir_str words[] = {WEIR_STR("new"), WEIR_STR("newer")};
  weir_change change = WEIR_INIT(weir_change);
  change.kind = WEIR_CHANGE_REPLACE_LIST;
  change.name = text("words");
  change.values = words;
  change.value_count = 2;
  change.by = text("ann");
  change.reason = text("feed");
  OK(weir_session_change(admin, &change, &err));
  CHECK(post(session, event, 2, "old", NULL).hit_count == 0);
  CHECK(post(session, event, 3, "new", NULL).hit_count == 1);
  weir_list_info list = WEIR_INIT(weir_list_info);
  OK(weir_session_get_list(session, text("words"), &list, &err));
  CHECK(list.version == 2 && list.entries == 2 && list.hash.len == 32);

  /* A limit trips, shows it, and is reset. */
  CHECK(post(session, event, 4, "new", &hit).hit_count == 1);
  CHECK(hit.outcome == WEIR_OUTCOME_TRIPPED && hit.alert);
  weir_limit limit = WEIR_INIT(weir_limit);
  NEED(weir_session_get_limit(session, 0, &limit) == WEIR_OK);
  CHECK(limit.tripped && limit.tripped_s == start + 4 && limit.until_s == start + 3604 && limit.count == 2);
  CHECK(weir_session_get_limit(session, 1, &limit) == WEIR_E_SCHEMA);
  weir_change reset = WEIR_INIT(weir_change);
  reset.kind = WEIR_CHANGE_RESET_LIMIT;
  reset.name = text("W-1");
  reset.by = text("bob");
  OK(weir_session_change(session, &reset, &err));
  NEED(weir_session_get_limit(session, 0, &limit) == WEIR_OK);
  CHECK(!limit.tripped && limit.fires == 0);

  /* A snooze for one key. */
  weir_change snooze = WEIR_INIT(weir_change);
  snooze.kind = WEIR_CHANGE_SNOOZE;
  snooze.name = text("worded");
  snooze.key = text("a");
  snooze.until_s = start + 10;
  snooze.by = text("bob");
  snooze.reason = text("a campaign of ours");
  OK(weir_session_change(session, &snooze, &err));
  CHECK(post(session, event, 5, "new", &hit).effect_count == 0 && hit.outcome == WEIR_OUTCOME_SNOOZED);
  NEED(weir_session_snooze_count(session) == 1);
  weir_snooze told = WEIR_INIT(weir_snooze);
  NEED(weir_session_snooze(session, 0, &told) == WEIR_OK);
  CHECK(told.rule == 0 && told.has_key && told.until_s == start + 10);
  CHECK_STR(told.reason, "a campaign of ours");
  CHECK(post(session, event, 10, "new", &hit).hit_count == 1 && hit.outcome == WEIR_OUTCOME_FIRED);
  weir_rule_stats rule = WEIR_INIT(weir_rule_stats);
  NEED(weir_session_get_rule_stats(session, 0, &rule) == WEIR_OK);
  CHECK(rule.snoozed == 1 && rule.tripped == 1 && rule.fired == 3);

  /* What does not fit. */
  snooze.until_s = start + 10;
  FAILS(WEIR_E_ARG, "end before it begins", weir_session_change(session, &snooze, &err));
  snooze.name = text("R-9");
  FAILS(WEIR_E_SCHEMA, "no rule `R-9`", weir_session_change(session, &snooze, &err));
  snooze.kind = 99;
  FAILS(WEIR_E_ARG, "kind is 99", weir_session_change(session, &snooze, &err));
  FAILS(WEIR_E_ARG, "`change` is NULL", weir_session_change(session, NULL, &err));

  /* The log holds the three changes, and who alters it is found out. */
  weir_session *other = make_session(ruleset);
  FAILS(WEIR_E_IO, path, weir_session_audit(other, text(path), &err)); /* it is in use */
  weir_session_release(session);
  weir_session_release(admin);
  OK(weir_session_audit(other, text(path), &err));
  weir_session_release(other);
  FILE *file = fopen(path, "r+");
  char line[2000];
  int lines = 0;
  NEED(file != NULL);
  while (fgets(line, sizeof line, file) != NULL) ++lines;
  CHECK(lines == 3 && strstr(line, "\"before\":\"not snoozed\"") != NULL);
  fseek(file, 40, SEEK_SET); /* a digit of the wall time */
  const int digit = fgetc(file);
  fseek(file, 40, SEEK_SET);
  fputc(digit == '9' ? '8' : '9', file);
  fclose(file);
  other = make_session(ruleset);
  FAILS(WEIR_E_DATA, "altered", weir_session_audit(other, text(path), &err));
  weir_session_release(other);
  unlink(path);

  weir_event_release(event);
  weir_ruleset_release(ruleset);
  return failures != 0;
}
