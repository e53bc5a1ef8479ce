/* What the library must not do to its host: signal handlers, output, locale; and what it reports when memory runs
 * out. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0 /* the sanitizer's is in place */
#else
#define OWN_MALLOC 1
#endif

#if OWN_MALLOC
extern void *__libc_malloc(size_t size);
static long fail_after = -1; /* -1: never; n: the n-th allocation from now fails, and all after it */
static long allocations;

/* The program's malloc is the library's: operator new calls it. */
void *malloc(size_t size) {
  ++allocations;
  if (fail_after >= 0 && allocations > fail_after) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_malloc(size);
}

/* The n-th allocation of a compilation fails, and all after it: the interpreter tier says so and nothing else
 * happens. */
static void compile_out_of_memory(void) {
  weir_engine *engine = make_engine();
  weir_source source = {text("test.weir"), text(kRules)};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = WEIR_TIER_INTERPRETER;
  long failed = 0;
  for (long n = 0;; n += 7) {
    weir_error err = WEIR_INIT(weir_error);
    weir_ruleset *ruleset = (weir_ruleset *)&err;
    weir_diags *diags = NULL;
    allocations = 0;
    fail_after = n;
    weir_status status = weir_compile(engine, &source, 1, &options, &ruleset, &diags, &err);
    fail_after = -1;
    if (status != WEIR_OK) {
      ++failed;
      CHECK(status == WEIR_E_NOMEM && err.code == WEIR_E_NOMEM && ruleset == NULL);
    }
    weir_ruleset_release(ruleset);
    weir_diags_release(diags);
    if (status == WEIR_OK) break;
    NEED(n < 1000000);
  }
  CHECK(failed > 100);
  weir_engine_release(engine);
}

static void out_of_memory(void) {
  weir_ruleset *ruleset = compile(kRules);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_str json =
      text("{\"time\":\"2026-01-01T00:00:00Z\",\"account\":\"a\",\"ok\":false,\"ip\":\"10.0.0.1\",\"n\":5}");
  int failed = 0;
  for (long n = 0;; ++n) {
    weir_error err = WEIR_INIT(weir_error);
    weir_schema *schema = (weir_schema *)&err;
    weir_event *fresh = NULL;
    weir_session *other = NULL;
    weir_verdict *verdict = NULL;
    weir_engine *engine = NULL;
    allocations = 0;
    fail_after = n;
    weir_status status = weir_engine_create(NULL, &engine, &err);
    if (!status)
      status = weir_ruleset_schema(ruleset, text("login"), &schema, &err);
    else
      schema = NULL;
    if (!status) status = weir_event_create(schema, &fresh, &err);
    if (!status) status = weir_event_read_json(fresh, json, &err);
    if (!status) status = weir_session_create(ruleset, NULL, &other, &err);
    if (!status) status = weir_session_eval(other, fresh, NULL, &verdict, &err);
    if (!status && weir_verdict_json(verdict).ptr == NULL) status = WEIR_E_NOMEM;
    long used = allocations;
    fail_after = -1;
    if (status != WEIR_OK) {
      ++failed;
      if (err.code != WEIR_OK) {
        CHECK(status == WEIR_E_NOMEM && err.code == WEIR_E_NOMEM);
        CHECK(err.at_fault == WEIR_FAULT_WEIR && err.retriable == 1);
        CHECK(strcmp(err.message, "out of memory") == 0);
      }
    }
    weir_verdict_release(verdict);
    weir_session_release(other);
    weir_event_release(fresh);
    weir_schema_release(schema == (weir_schema *)&err ? NULL : schema);
    weir_engine_release(engine);
    if (status == WEIR_OK && used <= n) break;
    NEED(n < 100000);
  }
  CHECK(failed > 10);

  /* All is well afterwards. */
  weir_verdict *verdict = eval_json(session, event, json.ptr);
  CHECK(info_of(verdict).hit_count == 2);
  weir_verdict_release(verdict);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

#endif

static void good_guest(void) {
  struct sigaction before[NSIG], after;
  memset(before, 0, sizeof before);
  for (int s = 1; s < NSIG; ++s) sigaction(s, NULL, &before[s]);
  sigset_t mask_before, mask_after;
  memset(&mask_before, 0, sizeof mask_before);
  memset(&mask_after, 0, sizeof mask_after);
  sigprocmask(SIG_SETMASK, NULL, &mask_before);
  char locale_before[100];
  snprintf(locale_before, sizeof locale_before, "%s", setlocale(LC_ALL, NULL));

  /* Everything that is written to stdout and stderr goes to a file that must stay empty. */
  fflush(NULL);
  FILE *sink = tmpfile();
  NEED(sink != NULL);
  int out = dup(1), errs = dup(2);
  dup2(fileno(sink), 1), dup2(fileno(sink), 2);
  weir_ruleset *ruleset = compile_with(kRules, WEIR_TIER_AUTO);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_verdict_release(eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"account\":\"a\",\"ok\":false}"));
  weir_engine *engine = make_engine();
  weir_source broken = {text("x"), text("rule ) on { when \"\n event \x01\xff")};
  weir_ruleset *none = NULL;
  weir_status status = weir_compile(engine, &broken, 1, NULL, &none, NULL, NULL);
  weir_status bad_json = weir_event_read_json(event, text("{{"), NULL);
  fflush(NULL);
  dup2(out, 1), dup2(errs, 2);
  CHECK(status == WEIR_E_COMPILE && bad_json == WEIR_E_DATA);
  fseek(sink, 0, SEEK_END);
  CHECK(ftell(sink) == 0);
  fclose(sink);

  for (int s = 1; s < NSIG; ++s) {
    if (sigaction(s, NULL, &after) != 0) continue; /* the C library's own signals */
    CHECK(after.sa_handler == before[s].sa_handler && after.sa_flags == before[s].sa_flags);
  }
  sigprocmask(SIG_SETMASK, NULL, &mask_after);
  CHECK(memcmp(&mask_before, &mask_after, sizeof mask_before) == 0);
  CHECK(strcmp(locale_before, setlocale(LC_ALL, NULL)) == 0);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
  weir_engine_release(engine);
}

int main(void) {
#if OWN_MALLOC
  /* First: code that is compiled in the background would run out of memory too, and LLVM ends the process then. */
  out_of_memory();
  compile_out_of_memory();
#endif
  good_guest();
  return failures != 0;
}
