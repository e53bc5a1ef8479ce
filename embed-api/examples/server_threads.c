/* A decision service on several threads whose rules change under it: events in as JSON lines, verdicts out as JSON
 * lines, in whatever order they are ready.
 *
 *     server_threads RULES_DIR KEY [THREADS] < events.jsonl > verdicts.jsonl
 *
 * Events with the same value of the member KEY go to the same thread, so that each key's events keep their order; all
 * threads work on one state. The directory is watched: whoever saves a rule file publishes it, between two events of
 * each thread. What does not compile changes nothing. A line !status is answered with the slot's status.
 *
 *     cc -pthread server_threads.c $(pkg-config --cflags --libs weir) */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

enum { QUEUE = 1024, MOST_THREADS = 64 };

/* Lines on their way to one thread. */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  char *lines[QUEUE];
  size_t first, count;
  int closed;
} queue;

static void queue_put(queue *q, char *line) {
  pthread_mutex_lock(&q->mutex);
  while (q->count == QUEUE) pthread_cond_wait(&q->changed, &q->mutex);
  q->lines[(q->first + q->count++) % QUEUE] = line;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->mutex);
}

static void queue_close(queue *q) {
  pthread_mutex_lock(&q->mutex);
  q->closed = 1;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->mutex);
}

/* NULL once it is closed and empty. */
static char *queue_take(queue *q) {
  char *line = NULL;
  pthread_mutex_lock(&q->mutex);
  while (q->count == 0 && !q->closed) pthread_cond_wait(&q->changed, &q->mutex);
  if (q->count != 0) {
    line = q->lines[q->first];
    q->first = (q->first + 1) % QUEUE;
    --q->count;
    pthread_cond_broadcast(&q->changed);
  }
  pthread_mutex_unlock(&q->mutex);
  return line;
}

typedef struct {
  pthread_t thread;
  queue lines;
  weir_slot *slot; /* shared by all */
  weir_session *session;
  weir_event *event;
  uint64_t generation;
} worker;

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void say(weir_str text) {
  pthread_mutex_lock(&output);
  fwrite(text.ptr, 1, text.len, stdout);
  putchar('\n');
  fflush(stdout);
  pthread_mutex_unlock(&output);
}

/* The session goes over to what is current, with the state; the event buffer is made anew, as events may have other
 * fields now. The old rules are freed by whoever lets go of them last. */
static int adopt_current(worker *w, weir_error *err) {
  weir_ruleset *rules = NULL;
  weir_event *event = NULL;
  uint64_t generation = 0;
  int failed = weir_slot_pin(w->slot, &rules, &generation, err) || weir_event_create_any(rules, &event, err) ||
               weir_session_adopt(w->session, rules, err);
  weir_ruleset_release(rules);
  if (failed) {
    weir_event_release(event);
    return -1;
  }
  weir_event_release(w->event);
  w->event = event;
  w->generation = generation;
  return 0;
}

static weir_status decide(worker *w, weir_str line, weir_verdict **verdict, weir_error *err) {
  for (;;) {
    if (w->generation != weir_slot_generation(w->slot) && adopt_current(w, err)) return err->code;
    if (weir_event_read_json(w->event, line, err)) return err->code;
    /* Another thread has taken the state to newer rules since: nothing was evaluated, so go there too. */
    if (weir_session_eval(w->session, w->event, NULL, verdict, err) != WEIR_E_CONFLICT) return err->code;
    w->generation = 0;
  }
}

static void *work(void *argument) {
  worker *w = argument;
  weir_error err = WEIR_INIT(weir_error);
  char *line;
  while ((line = queue_take(&w->lines)) != NULL) {
    weir_str json = {line, strlen(line)};
    weir_verdict *verdict = NULL;
    if (decide(w, json, &verdict, &err) == WEIR_OK) {
      say(weir_verdict_json(verdict));
    } else {
      char text[128];
      snprintf(text, sizeof text, "{\"error\":\"%s\"}", weir_status_name(err.code));
      fprintf(stderr, "%s\n", err.message);
      say(weir_cstr(text));
    }
    weir_verdict_release(verdict);
    free(line);
  }
  return NULL;
}

static void say_status(weir_slot *slot) {
  weir_error err = WEIR_INIT(weir_error);
  weir_slot_status *status = NULL;
  if (weir_slot_get_status(slot, &status, &err) == WEIR_OK) say(weir_slot_status_json(status));
  weir_slot_status_release(status);
}

/* Of the member's text as it stands there. Good enough to choose a thread: what is decided does not depend on it. */
static size_t thread_of(const char *line, const char *member, size_t threads) {
  char quoted[128];
  snprintf(quoted, sizeof quoted, "\"%s\"", member);
  const char *at = strstr(line, quoted);
  uint64_t hash = 14695981039346656037u;
  if (at != NULL)
    for (at += strlen(quoted); *at != '\0' && *at != ',' && *at != '}'; ++at)
      if (*at != ' ' && *at != ':') hash = (hash ^ (unsigned char)*at) * 1099511628211u;
  return (size_t)(hash % threads);
}

int main(int argc, char **argv) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  weir_engine *engine = NULL;
  weir_slot *slot = NULL;
  weir_ruleset *rules = NULL;
  weir_watch *watch = NULL;
  static worker workers[MOST_THREADS];
  size_t threads = argc > 3 ? (size_t)atoi(argv[3]) : 4;
  if (argc < 3 || threads < 1 || threads > MOST_THREADS) {
    fprintf(stderr, "usage: %s RULES_DIR KEY [THREADS] < events.jsonl\n", argv[0]);
    return 2;
  }
  options.abi = WEIR_ABI;
  options.quick_edits = 1; /* one rule edited of thousands is there in milliseconds */
  weir_str path = weir_cstr(argv[1]);
  if (weir_engine_create(&options, &engine, &err) || weir_slot_create(engine, NULL, 0, &slot, &err) ||
      weir_slot_load(slot, &path, 1, NULL, 0, NULL, NULL, &err) || weir_slot_pin(slot, &rules, NULL, &err) ||
      weir_session_create(rules, NULL, &workers[0].session, &err) ||
      weir_slot_watch(slot, &path, 1, NULL, NULL, &watch, &err)) {
    fprintf(stderr, "%s: %s\n", argv[1], err.message);
    return 1;
  }
  for (size_t i = 1; i < threads; ++i)
    if (weir_session_share(workers[0].session, &workers[i].session, &err)) {
      fprintf(stderr, "%s\n", err.message);
      return 1;
    }
  for (size_t i = 0; i < threads; ++i) {
    workers[i].slot = slot;
    pthread_mutex_init(&workers[i].lines.mutex, NULL);
    pthread_cond_init(&workers[i].lines.changed, NULL);
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      fprintf(stderr, "no thread\n");
      return 1;
    }
  }

  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  while ((length = getline(&line, &capacity, stdin)) >= 0) {
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) line[--length] = '\0';
    if (strcmp(line, "!status") == 0) {
      say_status(slot);
    } else if (length > 0) {
      queue_put(&workers[thread_of(line, argv[2], threads)].lines, line);
      line = NULL; /* the thread's now */
      capacity = 0;
    }
  }
  free(line);
  for (size_t i = 0; i < threads; ++i) queue_close(&workers[i].lines);
  for (size_t i = 0; i < threads; ++i) {
    pthread_join(workers[i].thread, NULL);
    weir_event_release(workers[i].event);
    weir_session_release(workers[i].session);
  }
  weir_watch_release(watch);
  weir_ruleset_release(rules);
  weir_slot_release(slot);
  weir_engine_release(engine);
  return 0;
}
