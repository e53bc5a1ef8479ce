/* State that is kept in a directory: over an end, a crash, other rules, and from several threads. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const char kKept[] =
    "event e { k: string }\n"
    "list words: string = [\"one\"]\n"
    "feature seen = count() from e by e.k over 1h\n"
    "rule often on e { id \"1\" when seen > 0 score seen mode live }\n"
    "rule worded on e { id \"2\" when e.k in words score 1000 mode live }\n";
/* The same count under another name, and a new one. */
static const char kOther[] =
    "event e { k: string }\n"
    "list words: string = [\"one\"]\n"
    "feature times = count() from e by e.k over 1h\n"
    "feature longer = count() from e by e.k over 2h\n"
    "rule often on e { id \"1\" when times > 0 score double(times) + 0.5 mode live }\n";

static char directory[100];

static void empty_directory(void) {
  DIR *files = opendir(directory);
  if (files == NULL) return;
  struct dirent *entry;
  while ((entry = readdir(files)) != NULL) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    unlink(path);
  }
  closedir(files);
}

static weir_status post(weir_session *session, weir_event *event, const char *key, int second, double *score,
                        weir_error *err) {
  char json[100];
  snprintf(json, sizeof json, "{\"time\":\"2026-01-01T00:%02d:%02dZ\",\"k\":\"%s\"}", second / 60 % 60, second % 60,
           key);
  weir_verdict *verdict = NULL;
  weir_status status = weir_event_read_json(event, text(json), err);
  if (status == WEIR_OK) status = weir_session_eval(session, event, NULL, &verdict, err);
  if (status == WEIR_OK && score != NULL) *score = info_of(verdict).score;
  weir_verdict_release(verdict);
  return status;
}

static double score(weir_session *session, weir_event *event, const char *key, int second) {
  weir_error err = WEIR_INIT(weir_error);
  double out = 0;
  OK(post(session, event, key, second, &out, &err));
  return out;
}

static weir_session *keep(weir_ruleset *ruleset, weir_recovery *recovery) {
  weir_error err = WEIR_INIT(weir_error);
  weir_session *session = make_session(ruleset);
  OK(weir_session_keep(session, text(directory), NULL, recovery, &err));
  return session;
}

static void over_ends(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *rules = compile(kKept), *other_rules = compile(kOther);
  weir_event *event = make_event(rules, "e");
  weir_recovery found = WEIR_INIT(weir_recovery);
  weir_session *session = keep(rules, &found), *second = make_session(rules);
  CHECK(found.inputs == 0 && found.snapshot_inputs == 0 && found.cut_bytes == 0 && found.warnings.len == 0);
  FAILS(WEIR_E_ARG, "not kept", weir_session_checkpoint(second, &err));
  FAILS(WEIR_E_CONFLICT, "in use", weir_session_keep(second, text(directory), NULL, NULL, &err));
  FAILS(WEIR_E_ARG, "kept in a directory", weir_session_restore(session, text("/nowhere"), &err));
  FAILS(WEIR_E_IO, "/proc/nowhere", weir_session_keep(second, text("/proc/nowhere"), NULL, NULL, &err));
  weir_keep_options options = WEIR_INIT(weir_keep_options);
  options.sync = 3;
  FAILS(WEIR_E_ARG, "sync", weir_session_keep(second, text(directory), &options, NULL, &err));
  CHECK(score(session, event, "a", 0) == 1 && score(session, event, "a", 1) == 2);
  weir_session_release(session);

  /* From the log alone; then a snapshot, a change by hand and an event after it. */
  session = keep(rules, &found);
  CHECK(found.inputs == 2 && found.snapshot_inputs == 0);
  CHECK(score(session, event, "a", 2) == 3);
  OK(weir_session_checkpoint(session, &err));
  weir_str word = text("a");
  weir_change change = WEIR_INIT(weir_change);
  change.kind = WEIR_CHANGE_ADD_TO_LIST;
  change.name = text("words");
  change.values = &word;
  change.value_count = 1;
  OK(weir_session_change(session, &change, &err));
  CHECK(score(session, event, "a", 3) == 1004);
  weir_session_release(session);

  session = keep(rules, &found);
  CHECK(found.inputs == 5 && found.snapshot_inputs == 3 && found.refused == 0);
  CHECK(score(session, event, "a", 4) == 1005);

  /* Other rules take over while it is kept, for all who share the state. */
  weir_session_release(second);
  OK(weir_session_share(session, &second, &err));
  OK(weir_session_adopt(session, other_rules, &err));
  CHECK(score(session, event, "a", 5) == 6.5);
  FAILS(WEIR_E_CONFLICT, "adopt", post(second, event, "a", 6, NULL, &err));
  FAILS(WEIR_E_CONFLICT, "adopt", weir_session_change(second, &change, &err));
  OK(weir_session_adopt(second, other_rules, &err));
  CHECK(score(second, event, "a", 6) == 7.5);
  weir_session_release(session);
  CHECK(score(second, event, "a", 7) == 8.5); /* the last of them keeps the directory */
  weir_session_release(second);

  session = keep(other_rules, &found);
  CHECK(found.inputs == 9);
  CHECK(score(session, event, "a", 8) == 9.5);
  OK(weir_session_checkpoint(session, &err));
  weir_session_release(session);

  /* A snapshot that is damaged: the one before it is used, with its log. */
  char path[400];
  snprintf(path, sizeof path, "%s/snapshot-%020d.weir", directory, 10);
  FILE *file = fopen(path, "r+b");
  NEED(file != NULL && fseek(file, 150, SEEK_SET) == 0 && fputc('!', file) == '!' && fclose(file) == 0);
  session = keep(other_rules, &found);
  CHECK(found.inputs == 10 && found.snapshot_inputs == 3 && contains(found.warnings, "checksum"));
  CHECK(score(session, event, "a", 9) == 10.5);
  weir_session_release(session);
  weir_event_release(event);
  weir_ruleset_release(rules);
  weir_ruleset_release(other_rules);
}

/* A process is killed while it evaluates: whatever it was told of is there afterwards. */
static void killed(void) {
  weir_ruleset *rules = compile(kKept);
  for (int round = 0; round < 5; ++round) {
    empty_directory();
    int told[2];
    NEED(pipe(told) == 0);
    const pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
      weir_session *session = keep(rules, NULL);
      weir_event *event = make_event(rules, "e");
      weir_error err = WEIR_INIT(weir_error);
      for (int i = 0;; ++i) {
        score(session, event, "a", i % 3600);
        if (write(told[1], "x", 1) != 1) _exit(1);
        if (i % 50 == 49) OK(weir_session_checkpoint(session, &err));
      }
    }
    close(told[1]);
    uint64_t count = 0;
    char byte;
    while (count < 40 + 45 * (unsigned)round && read(told[0], &byte, 1) == 1) ++count;
    NEED(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    while (read(told[0], &byte, 1) == 1) ++count;
    close(told[0]);
    weir_recovery found = WEIR_INIT(weir_recovery);
    weir_session *session = keep(rules, &found);
    CHECK(found.inputs == count || found.inputs == count + 1); /* one may have been logged and not told of */
    weir_session_release(session);
  }
  weir_ruleset_release(rules);
}

enum { kThreads = 3, kEvents = 400 };
struct work {
  weir_session *session;
  const weir_ruleset *ruleset;
  int number;
};

static void *work(void *arg) {
  struct work *w = arg;
  weir_event *event = make_event(w->ruleset, "e");
  weir_error err = WEIR_INIT(weir_error);
  for (int i = 0; i < kEvents; ++i) {
    char key[20];
    snprintf(key, sizeof key, i % 2 == 0 ? "common" : "own%d", w->number);
    score(w->session, event, key, i);
    if (i % 150 == w->number) OK(weir_session_checkpoint(w->session, &err));
  }
  weir_event_release(event);
  return NULL;
}

static void from_threads(void) {
  empty_directory();
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *rules = compile(kKept);
  struct work works[kThreads];
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    works[i].ruleset = rules;
    works[i].number = i;
    if (i == 0)
      works[i].session = keep(rules, NULL);
    else
      OK(weir_session_share(works[0].session, &works[i].session, &err));
  }
  for (int i = 0; i < kThreads; ++i) NEED(pthread_create(&threads[i], NULL, work, &works[i]) == 0);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  for (int i = 0; i < kThreads; ++i) weir_session_release(works[i].session);

  weir_recovery found = WEIR_INIT(weir_recovery);
  weir_session *session = keep(rules, &found);
  CHECK(found.inputs == kThreads * kEvents && found.refused == 0 && found.cut_bytes == 0);
  weir_event *event = make_event(rules, "e");
  CHECK(score(session, event, "common", kEvents) == kThreads * kEvents / 2 + 1);
  CHECK(score(session, event, "own2", kEvents) == kEvents / 2 + 1);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(rules);
}

int main(void) {
  snprintf(directory, sizeof directory, "/tmp/weir-capi-keep-%ld", (long)getpid());
  over_ends();
  killed();
  from_threads();
  empty_directory();
  rmdir(directory);
  return failures != 0;
}
