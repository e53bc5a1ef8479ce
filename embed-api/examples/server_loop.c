/* A decision service in one loop: events in as JSON lines, verdicts out as JSON lines, rules reloaded while it runs.
 *
 *     server_loop RULES_DIR < events.jsonl > verdicts.jsonl
 *
 * SIGHUP, or a line that says !reload, loads the rules again. A failed reload leaves the old rules in charge and says
 * why on stderr; a line that cannot be taken is answered with {"error":…} and the loop goes on. Features and labels
 * that mean the same in the new rules go on.
 *
 *     cc server_loop.c $(pkg-config --cflags --libs weir) */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

static volatile sig_atomic_t reload_wanted;
static void want_reload(int signal) {
  (void)signal;
  reload_wanted = 1;
}

/* What one generation of rules is served with. */
typedef struct {
  weir_ruleset *rules;
  weir_session *session;
  weir_event *event;
  uint64_t generation;
} serving;

static void end_serving(serving *s) {
  weir_event_release(s->event);
  weir_session_release(s->session);
  weir_ruleset_release(s->rules);
  memset(s, 0, sizeof *s);
}

/* Makes *s serve what is current in the slot. On failure *s is as it was. */
static int serve_current(weir_slot *slot, serving *s, weir_error *err) {
  serving next = {0};
  if (weir_slot_pin(slot, &next.rules, &next.generation, err) || weir_event_create_any(next.rules, &next.event, err) ||
      (s->session == NULL ? weir_session_create(next.rules, NULL, &next.session, err)
                          : weir_session_adopt(s->session, next.rules, err))) {
    end_serving(&next);
    return -1;
  }
  if (next.session == NULL) {
    next.session = s->session;
    s->session = NULL;
  }
  end_serving(s);
  *s = next;
  return 0;
}

/* Compiles the directory and publishes it. Warnings and errors go to stderr, as people read them. */
static int load(const weir_engine *engine, weir_slot *slot, const char *directory, weir_error *err) {
  weir_str path = {directory, strlen(directory)};
  weir_ruleset *rules = NULL;
  weir_diags *diags = NULL;
  weir_status status = weir_compile_files(engine, &path, 1, NULL, &rules, &diags, err);
  weir_str text = weir_diags_text(diags);
  if (text.len != 0) fprintf(stderr, "%.*s\n", (int)text.len, text.ptr);
  if (status == WEIR_OK) status = weir_slot_publish(slot, rules, weir_slot_generation(slot), NULL, err);
  weir_diags_release(diags);
  weir_ruleset_release(rules);
  return status == WEIR_OK ? 0 : -1;
}

static void answer_error(const weir_error *err) {
  printf("{\"error\":\"%s\",\"message\":\"", weir_status_name(err->code));
  for (const char *c = err->message; *c != '\0'; ++c) {
    if (*c == '"' || *c == '\\') putchar('\\');
    if ((unsigned char)*c >= ' ') putchar(*c);
  }
  printf("\"}\n");
}

int main(int argc, char **argv) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = NULL;
  weir_slot *slot = NULL;
  serving now = {0};
  if (argc != 2) {
    fprintf(stderr, "usage: %s RULES_DIR < events.jsonl\n", argv[0]);
    return 2;
  }
  if (weir_abi() < WEIR_ABI) {
    fprintf(stderr, "libweir (%s) is older than the header\n", weir_build_info());
    return 2;
  }
  signal(SIGHUP, want_reload);
  if (weir_engine_create(NULL, &engine, &err) || weir_slot_create(engine, NULL, 0, &slot, &err) ||
      load(engine, slot, argv[1], &err) || serve_current(slot, &now, &err)) {
    fprintf(stderr, "%s: %s\n", argv[1], err.message);
    return 1;
  }

  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  while ((length = getline(&line, &capacity, stdin)) >= 0) {
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) --length;
    if (length == 0) continue;
    int asked = length == 7 && memcmp(line, "!reload", 7) == 0;
    if (asked || reload_wanted) {
      reload_wanted = 0;
      if (load(engine, slot, argv[1], &err) || serve_current(slot, &now, &err))
        fprintf(stderr, "reload failed, generation %llu stays: %s\n", (unsigned long long)now.generation, err.message);
      else
        fprintf(stderr, "serving generation %llu\n", (unsigned long long)now.generation);
      if (asked) continue;
    }
    weir_str json = {line, (size_t)length};
    weir_verdict *verdict = NULL;
    if (weir_event_read_json(now.event, json, &err) ||
        weir_session_eval(now.session, now.event, NULL, &verdict, &err)) {
      answer_error(&err);
    } else {
      weir_str answer = weir_verdict_json(verdict);
      fwrite(answer.ptr, 1, answer.len, stdout);
      putchar('\n');
      weir_verdict_release(verdict);
    }
    fflush(stdout);
  }
  free(line);
  end_serving(&now);
  weir_slot_release(slot);
  weir_engine_release(engine);
  return 0;
}
