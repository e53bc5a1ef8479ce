/* Compilation: diagnostics, sources, lists, limits, tiers, files, what a rule set says of itself. */
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void diagnostics(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *ruleset = (weir_ruleset *)&err;
  weir_diags *diags = NULL;
  weir_source sources[2] = {
      {text("a.weir"), text("event e { x: int }\nrule r1 on e { id \"1\" when e.x + \"a\" == 2 }\n")},
      {text("b.weir"), text("rule r2 on e { id \"2\" when e.z > 1 }\nrule r3 on e { id \"3\" when e.x >= nope }\n")}};
  FAILS(WEIR_E_COMPILE, "a.weir:2:", weir_compile(engine, sources, 2, NULL, &ruleset, &diags, &err));
  CHECK(ruleset == NULL);
  CHECK(err.at_fault == WEIR_FAULT_AUTHOR);
  CHECK(strstr(err.message, "(and 2 more)") != NULL);
  NEED(diags != NULL);
  CHECK(weir_diags_error_count(diags) == 3);
  CHECK(weir_diags_count(diags) >= 3);

  /* In order of sources, then of position; every member is filled. */
  uint32_t last_file = 0, last_line = 0, last_col = 0;
  for (size_t i = 0; i < weir_diags_count(diags); ++i) {
    weir_diag d = WEIR_INIT(weir_diag);
    CHECK(weir_diags_get(diags, i, &d) == WEIR_OK);
    uint32_t file = equal(d.file, "a.weir") ? 1 : 2;
    CHECK(file > last_file ||
          (file == last_file && (d.line > last_line || (d.line == last_line && d.col >= last_col))));
    last_file = file, last_line = d.line, last_col = d.col;
    CHECK(d.code >= 100 && d.code <= 9999 && d.line > 0 && d.col > 0 && d.message.len > 0);
    CHECK(d.end_line > d.line || (d.end_line == d.line && d.end_col >= d.col));
    CHECK(contains(weir_diags_text(diags), equal(d.file, "a.weir") ? "a.weir:2:" : "b.weir:"));
  }
  weir_diag d = WEIR_INIT(weir_diag);
  CHECK(weir_diags_get(diags, weir_diags_count(diags), &d) == WEIR_E_ARG);
  CHECK(weir_diags_get(diags, 0, NULL) == WEIR_E_ARG);

  /* The second error is the unknown field, with its place to the character. */
  int found = 0;
  for (size_t i = 0; i < weir_diags_count(diags); ++i) {
    CHECK(weir_diags_get(diags, i, &d) == WEIR_OK);
    if (d.code != 203) continue;
    found = 1;
    CHECK_STR(d.file, "b.weir");
    CHECK(d.severity == WEIR_SEVERITY_ERROR && d.line == 1);
    CHECK(contains(d.message, "`z`"));
  }
  CHECK(found);
  weir_diags_release(diags);
  weir_engine_release(engine);
}

static void warnings(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *ruleset = NULL;
  weir_diags *diags = NULL;
  weir_source source = {text("w.weir"), text("event e { x: int }\nfeature unused = count() from e by e.x over 1h\n"
                                             "rule r on e { id \"1\" when e.x > 1 }\n")};
  OK(weir_compile(engine, &source, 1, NULL, &ruleset, &diags, &err));
  CHECK(weir_diags_error_count(diags) == 0 && weir_diags_count(diags) > 0);
  weir_diag d = WEIR_INIT(weir_diag);
  CHECK(weir_diags_get(diags, 0, &d) == WEIR_OK && d.severity == WEIR_SEVERITY_WARNING);
  weir_diags_release(diags);
  weir_ruleset_release(ruleset);

  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.no_lint = 1;
  OK(weir_compile(engine, &source, 1, &options, &ruleset, &diags, &err));
  CHECK(weir_diags_count(diags) == 0 && weir_diags_text(diags).len == 0);
  weir_diags_release(diags);
  weir_ruleset_release(ruleset);

  /* diags_out may be NULL. */
  OK(weir_compile(engine, &source, 1, NULL, &ruleset, NULL, &err));
  weir_ruleset_release(ruleset);
  weir_engine_release(engine);
}

static void lists_and_limits(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *ruleset = NULL;
  weir_source source = {text("l.weir"), text("event e { host: string }\nlist bad: string from \"bad.txt\"\n"
                                             "rule r on e { id \"1\" when e.host in bad score 1 mode live }\n")};
  FAILS(WEIR_E_COMPILE, "l.weir:2:", weir_compile(engine, &source, 1, NULL, &ruleset, NULL, &err));
  weir_source list = {text("bad.txt"), text("x.test\n# a comment\ny.test\n")};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.lists = &list;
  options.list_count = 1;
  OK(weir_compile(engine, &source, 1, &options, &ruleset, NULL, &err));
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "e");
  weir_verdict *yes = eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"host\":\"y.test\"}");
  weir_verdict *no = eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"host\":\"z.test\"}");
  CHECK(info_of(yes).hit_count == 1 && info_of(no).hit_count == 0);
  weir_verdict_release(yes);
  weir_verdict_release(no);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);

  options.tier = 9;
  FAILS(WEIR_E_ARG, "tier is 9", weir_compile(engine, &source, 1, &options, &ruleset, NULL, &err));
  options.tier = 0;
  options.lists = NULL;
  FAILS(WEIR_E_ARG, "lists", weir_compile(engine, &source, 1, &options, &ruleset, NULL, &err));
  weir_engine_release(engine);

  weir_engine_options limits = WEIR_INIT(weir_engine_options);
  limits.abi = WEIR_ABI;
  limits.max_source_bytes = 50;
  OK(weir_engine_create(&limits, &engine, &err));
  FAILS(WEIR_E_LIMIT, "max_source_bytes", weir_compile(engine, &source, 1, NULL, &ruleset, NULL, &err));
  weir_engine_release(engine);
  limits.max_source_bytes = 0;
  limits.max_rules = 4;
  OK(weir_engine_create(&limits, &engine, &err));
  weir_source five = {text("test.weir"), text(kRules)};
  FAILS(WEIR_E_COMPILE, "more than 4 rules", weir_compile(engine, &five, 1, NULL, &ruleset, NULL, &err));
  weir_engine_release(engine);
}

static void contents(void) {
  weir_ruleset *ruleset = compile(kRules);
  CHECK(weir_ruleset_generation(ruleset) == 0);
  CHECK(weir_ruleset_tier(ruleset) == WEIR_TIER_INTERPRETER);
  CHECK(weir_ruleset_rule_count(ruleset) == 5);
  weir_rule rule = WEIR_INIT(weir_rule);
  CHECK(weir_ruleset_rule(ruleset, 0, &rule) == WEIR_OK);
  CHECK_STR(rule.name, "guessing");
  CHECK_STR(rule.id, "R-1");
  CHECK_STR(rule.owner, "team-a");
  CHECK_STR(rule.severity, "high");
  CHECK_STR(rule.event, "login");
  CHECK_STR(rule.file, "test.weir");
  CHECK(rule.mode == WEIR_MODE_LIVE && rule.line == 12 && rule.col == 6);
  CHECK(weir_ruleset_rule(ruleset, 2, &rule) == WEIR_OK && rule.mode == WEIR_MODE_SHADOW);
  CHECK(weir_ruleset_rule(ruleset, 5, &rule) == WEIR_E_ARG);
  CHECK(weir_ruleset_find_rule(ruleset, text("R-2")) == 1);
  CHECK(weir_ruleset_find_rule(ruleset, text("watched")) == 2);
  CHECK(weir_ruleset_find_rule(ruleset, text("nobody")) == -1);
  CHECK(weir_ruleset_event_count(ruleset) == 1);
  CHECK_STR(weir_ruleset_event_name(ruleset, 0), "login");
  CHECK(weir_ruleset_event_name(ruleset, 1).ptr == NULL);
  weir_ruleset_release(ruleset);

  /* No sources at all: a rule set without events. */
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  OK(weir_compile(engine, NULL, 0, NULL, &ruleset, NULL, &err));
  CHECK(weir_ruleset_rule_count(ruleset) == 0 && weir_ruleset_event_count(ruleset) == 0);
  weir_event *event = NULL;
  FAILS(WEIR_E_SCHEMA, "declare no event", weir_event_create_any(ruleset, &event, &err));
  weir_ruleset_release(ruleset);
  weir_engine_release(engine);
}

static void write_file(const char *path, const char *content) {
  FILE *f = fopen(path, "w");
  NEED(f != NULL);
  fputs(content, f);
  fclose(f);
}

static void files(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_ruleset *ruleset = NULL;
  char dir[] = "weir-capi-XXXXXX";
  NEED(mkdtemp(dir) != NULL);
  char rules[100], manifest[100], list[100];
  snprintf(rules, sizeof rules, "%s/a.weir", dir);
  snprintf(manifest, sizeof manifest, "%s/weir.yaml", dir);
  snprintf(list, sizeof list, "%s/hosts.txt", dir);
  write_file(rules,
             "event e { host: string }\nlist bad: string from \"hosts.txt\"\n"
             "rule r on e { id \"1\" when e.host in bad score 1 mode live }\n");
  write_file(list, "x.test\n");
  weir_str path = text(dir);
  OK(weir_compile_files(engine, &path, 1, NULL, &ruleset, NULL, &err));
  CHECK(weir_ruleset_rule_count(ruleset) == 1);
  weir_ruleset_release(ruleset);

  /* The manifest's mapping is how JSON is read. */
  write_file(manifest, "name: test\nevents:\n  e:\n    fields:\n      time: at\n      host: site.name\n");
  OK(weir_compile_files(engine, &path, 1, NULL, &ruleset, NULL, &err));
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "e");
  weir_verdict *verdict = eval_json(session, event, "{\"at\":\"2026-01-01T00:00:00Z\",\"site\":{\"name\":\"x.test\"}}");
  CHECK(info_of(verdict).hit_count == 1);
  weir_verdict_release(verdict);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);

  /* Texts given by the caller come before files. */
  weir_source given = {text("hosts.txt"), text("other.test\n")};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.lists = &given;
  options.list_count = 1;
  OK(weir_compile_files(engine, &path, 1, &options, &ruleset, NULL, &err));
  session = make_session(ruleset);
  event = make_event(ruleset, "e");
  verdict = eval_json(session, event, "{\"at\":\"2026-01-01T00:00:00Z\",\"site\":{\"name\":\"x.test\"}}");
  CHECK(info_of(verdict).hit_count == 0);
  weir_verdict_release(verdict);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);

  write_file(manifest, "name: test\nbogus: 1\n");
  FAILS(WEIR_E_COMPILE, "bogus", weir_compile_files(engine, &path, 1, NULL, &ruleset, NULL, &err));
  path = text("/nonexistent/rules");
  FAILS(WEIR_E_IO, "/nonexistent/rules", weir_compile_files(engine, &path, 1, NULL, &ruleset, NULL, &err));
  CHECK(ruleset == NULL);
  unlink(rules), unlink(manifest), unlink(list), rmdir(dir);
  weir_engine_release(engine);
}

static void tiers(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile_with(kRules, WEIR_TIER_AUTO);
  int native = strstr(weir_build_info(), "native") != NULL;
  weir_tier_status status = WEIR_INIT(weir_tier_status);
  CHECK(weir_ruleset_get_tier_status(ruleset, &status) == WEIR_OK);
  CHECK(status.native != (native ? WEIR_NATIVE_NONE : WEIR_NATIVE_READY));
  CHECK(weir_ruleset_wait_native(ruleset, 60000) == 1);
  CHECK(weir_ruleset_get_tier_status(ruleset, &status) == WEIR_OK);
  if (native) {
    CHECK(status.native == WEIR_NATIVE_READY && status.tier == WEIR_TIER_NATIVE);
    CHECK(status.units > 0 && status.units_done == status.units && status.code_bytes > 0);
    CHECK(weir_ruleset_tier(ruleset) == WEIR_TIER_NATIVE && weir_ruleset_tier_note(ruleset).len == 0);
  }
  CHECK(weir_ruleset_get_tier_status(NULL, &status) == WEIR_E_ARG && weir_ruleset_wait_native(NULL, 0) == 1);
  if (!native) CHECK(weir_ruleset_tier(ruleset) == WEIR_TIER_INTERPRETER);
  weir_ruleset_release(ruleset);
  if (native) return;
  weir_engine *engine = make_engine();
  weir_source source = {text("test.weir"), text(kRules)};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = WEIR_TIER_NATIVE;
  FAILS(WEIR_E_ARG, "native", weir_compile(engine, &source, 1, &options, &ruleset, NULL, &err));
  weir_engine_release(engine);
}

/* The same rules with one edited, one after the other, by an engine that keeps what it compiled. */
static void quick_edits(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = NULL;
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  options.abi = WEIR_ABI;
  options.quick_edits = 1;
  OK(weir_engine_create(&options, &engine, &err));
  for (int round = 0; round < 6; ++round) {
    char rules[256];
    snprintf(rules, sizeof rules,
             "event e { x: int }\nrule a on e { id \"1\" when e.x > %d score 1 mode live }\n"
             "rule b on e { id \"2\" when e.x > 3 score %d mode live }\n",
             round % 2 == 0 ? 5 : 1, round);
    weir_source source = {text("q.weir"), text(rules)};
    weir_ruleset *ruleset = NULL;
    weir_diags *diags = NULL;
    OK(weir_compile(engine, &source, 1, NULL, &ruleset, &diags, &err));
    CHECK(weir_diags_count(diags) == 0);
    weir_session *session = make_session(ruleset);
    weir_event *event = make_event(ruleset, "e");
    weir_verdict *verdict = eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"x\":4}");
    CHECK(info_of(verdict).hit_count == (round % 2 == 0 ? 1 : 2));
    weir_verdict_release(verdict);
    weir_event_release(event);
    weir_session_release(session);
    weir_ruleset_release(ruleset);
    weir_diags_release(diags);
    weir_source wrong = {text("q.weir"), text("event e { x: int }\nrule a on e { when e.y }\n")};
    if (round == 3) FAILS(WEIR_E_COMPILE, "no field", weir_compile(engine, &wrong, 1, NULL, &ruleset, NULL, &err));
  }
  weir_engine_release(engine);
}

int main(void) {
  diagnostics();
  quick_edits();
  warnings();
  lists_and_limits();
  contents();
  files();
  tiers();
  return failures != 0;
}
