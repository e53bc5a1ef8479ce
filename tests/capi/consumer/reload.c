/* Loading into a slot, its status, and following files. */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static char directory[] = "/tmp/weir-reload-XXXXXX";

static void write_rules(const char *name, const char *rules) {
  char path[256], beside[256];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  snprintf(beside, sizeof beside, "%s/.%s.new", directory, name);
  FILE *f = fopen(beside, "w");
  NEED(f != NULL && fputs(rules, f) >= 0 && fclose(f) == 0 && rename(beside, path) == 0);
}

static void score(int n) {
  char rules[200];
  snprintf(rules, sizeof rules,
           "event e { k: string }\nrule r on e { id \"1\" when e.k == \"a\" score %d mode live }\n", n);
  write_rules("a.weir", rules);
}

/* Waits for a generation, or for so many failures. */
static weir_slot_status *wait_for(weir_slot *slot, uint64_t generation, uint64_t failures_wanted) {
  weir_error err = WEIR_INIT(weir_error);
  for (int i = 0; i < 1000; ++i) {
    weir_slot_status *status = NULL;
    weir_slot_info info = WEIR_INIT(weir_slot_info);
    OK(weir_slot_get_status(slot, &status, &err));
    CHECK(weir_slot_status_get(status, &info) == WEIR_OK);
    if (info.generation >= generation && info.failures >= failures_wanted) return status;
    weir_slot_status_release(status);
    struct timespec tick = {0, 10 * 1000 * 1000};
    nanosleep(&tick, NULL);
  }
  fprintf(stderr, "no generation %llu with %llu failures\n", (unsigned long long)generation,
          (unsigned long long)failures_wanted);
  exit(1);
}

static void loads(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_slot *slot = NULL;
  weir_slot_status *status = NULL;
  weir_diags *diags = NULL;
  weir_slot_info info = WEIR_INIT(weir_slot_info);
  weir_str path = text(directory), nowhere = text("/nowhere/at/all");
  uint64_t generation = 9;
  OK(weir_slot_create(engine, NULL, 0, &slot, &err));
  OK(weir_slot_get_status(slot, &status, &err));
  OK(weir_slot_status_get(status, &info));
  CHECK(info.generation == 0 && info.publishes == 0 && info.failing == 0 && info.failure == WEIR_OK);
  CHECK_STR(weir_slot_status_json(status),
            "{\"generation\":0,\"publishes\":0,\"failures\":0,\"conflicts\":0,\"failing\":false,\"watch\":\"none\"}");
  weir_slot_status_release(status);

  score(1);
  OK(weir_slot_load(slot, &path, 1, NULL, 0, &generation, &diags, &err));
  CHECK(generation == 1);
  weir_diags_release(diags);
  weir_ruleset *rules = NULL, *same = NULL;
  OK(weir_slot_pin(slot, &rules, NULL, &err));
  char hash[40] = "";
  memcpy(hash, weir_ruleset_hash(rules).ptr, 32);

  write_rules("a.weir", "event e { k: string }\nrule r on e { when e.j == 1 }\n");
  FAILS(WEIR_E_COMPILE, "a.weir:2", weir_slot_load(slot, &path, 1, NULL, 1, &generation, &diags, &err));
  CHECK(generation == 1 && weir_diags_error_count(diags) >= 1);
  weir_diags_release(diags);
  OK(weir_slot_get_status(slot, &status, &err));
  info = (weir_slot_info)WEIR_INIT(weir_slot_info);
  OK(weir_slot_status_get(status, &info));
  CHECK(info.generation == 1 && info.publishes == 1 && info.failures == 1 && info.conflicts == 0);
  CHECK(info.failing == 1 && info.failure == WEIR_E_COMPILE && info.failed_generation == 1);
  CHECK(info.failed_s > 1000000000 && info.published_s > 1000000000);
  CHECK_STR(info.source, directory);
  CHECK_STR(info.failed_source, directory);
  CHECK_STR(info.hash, hash);
  CHECK(contains(info.failed_message, "a.weir:2"));
  CHECK(weir_diags_error_count(weir_slot_status_diags(status)) >= 1);
  CHECK(contains(weir_slot_status_json(status), "\"failing\":true"));
  CHECK(contains(weir_slot_status_json(status), "\"status\":\"WEIR_E_COMPILE\""));

  FAILS(WEIR_E_IO, "nowhere", weir_slot_load(slot, &nowhere, 1, NULL, 1, NULL, NULL, &err));
  FAILS(WEIR_E_CONFLICT, "1 is current", weir_slot_publish(slot, rules, 0, NULL, &err));
  weir_error failure = WEIR_INIT(weir_error);
  FAILS(WEIR_E_ARG, "is none", weir_slot_note_failure(slot, text("mine"), &failure, NULL, &err));
  failure.code = WEIR_E_DATA;
  strcpy(failure.message, "the store sent half of it");
  OK(weir_slot_note_failure(slot, text("mine"), &failure, weir_slot_status_diags(status), &err));
  weir_slot_status_release(status); /* what it lent was copied */
  OK(weir_slot_get_status(slot, &status, &err));
  OK(weir_slot_status_get(status, &info));
  CHECK(info.generation == 1 && info.failures == 3 && info.conflicts == 1 && info.failure == WEIR_E_DATA);
  CHECK_STR(info.failed_source, "mine");
  CHECK_STR(info.failed_message, "the store sent half of it");
  CHECK(weir_diags_error_count(weir_slot_status_diags(status)) >= 1);
  weir_slot_status_release(status);

  /* The same texts, the same hash; a success ends the failing and keeps the failure. */
  score(1);
  OK(weir_slot_load(slot, &path, 1, NULL, 1, &generation, NULL, &err));
  CHECK(generation == 2);
  OK(weir_slot_pin(slot, &same, NULL, &err));
  CHECK_STR(weir_ruleset_hash(same), hash);
  OK(weir_slot_get_status(slot, &status, &err));
  OK(weir_slot_status_get(status, &info));
  CHECK(info.failing == 0 && info.failure == WEIR_E_DATA && info.failed_generation == 1);
  weir_slot_status_release(status);
  weir_ruleset_release(rules);
  weir_ruleset_release(same);
  weir_slot_release(slot);
  weir_engine_release(engine);
}

static void watches(uint32_t no_notifications) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = make_engine();
  weir_slot *slot = NULL;
  weir_watch *watch = NULL;
  weir_str path = text(directory);
  weir_slot_info info = WEIR_INIT(weir_slot_info);
  weir_watch_options options = WEIR_INIT(weir_watch_options);
  options.settle_ms = 20;
  options.poll_ms = no_notifications ? 30 : 60 * 1000;
  options.no_notifications = no_notifications;
  score(1);
  OK(weir_slot_create(engine, NULL, 0, &slot, &err));
  weir_engine_release(engine);
  OK(weir_slot_load(slot, &path, 1, NULL, 0, NULL, NULL, &err));
  FAILS(WEIR_E_ARG, "no paths", weir_slot_watch(slot, &path, 0, &options, NULL, &watch, &err));
  OK(weir_slot_watch(slot, &path, 1, &options, NULL, &watch, &err));

  score(2);
  weir_slot_status *status = wait_for(slot, 2, 0);
  OK(weir_slot_status_get(status, &info));
  CHECK(info.watch == (no_notifications ? WEIR_WATCH_POLLING : WEIR_WATCH_NOTIFIED));
  CHECK(info.publishes == 2); /* what was there was not loaded twice */
  weir_slot_status_release(status);

  write_rules("a.weir", "event e { k: strin }\n");
  status = wait_for(slot, 2, 1);
  OK(weir_slot_status_get(status, &info));
  CHECK(info.generation == 2 && info.failing == 1 && info.failure == WEIR_E_COMPILE);
  CHECK(contains(weir_diags_text(weir_slot_status_diags(status)), "string"));
  weir_slot_status_release(status);

  char gone[256];
  snprintf(gone, sizeof gone, "%s/a.weir", directory);
  unlink(gone);
  status = wait_for(slot, 2, 2);
  OK(weir_slot_status_get(status, &info));
  CHECK(info.failure == WEIR_E_IO && info.generation == 2);
  weir_slot_status_release(status);

  score(2); /* as it was: nothing to publish, nothing wrong any more */
  for (int i = 0; i < 1000; ++i) {
    OK(weir_slot_get_status(slot, &status, &err));
    OK(weir_slot_status_get(status, &info));
    weir_slot_status_release(status);
    if (!info.failing) break;
    struct timespec tick = {0, 10 * 1000 * 1000};
    nanosleep(&tick, NULL);
  }
  CHECK(!info.failing && info.publishes == 2);
  score(3);
  weir_slot_status_release(wait_for(slot, 3, 2));

  weir_watch_stop(watch);
  score(4);
  struct timespec while_ = {0, 200 * 1000 * 1000};
  nanosleep(&while_, NULL);
  CHECK(weir_slot_generation(slot) == 3);
  OK(weir_slot_get_status(slot, &status, &err));
  OK(weir_slot_status_get(status, &info));
  CHECK(info.watch == WEIR_WATCH_NONE);
  weir_slot_status_release(status);
  weir_slot_release(slot); /* before its watch: order is the host's */
  weir_watch_release(watch);
}

int main(void) {
  NEED(mkdtemp(directory) != NULL);
  loads();
  watches(0);
  watches(1);
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  return system(command) != 0 || failures != 0;
}
