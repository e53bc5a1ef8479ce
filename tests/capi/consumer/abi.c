/* struct_size: growth in both directions, and the version. */
#include "check.h"

/* What a later header might say. */
typedef struct {
  weir_engine_options now;
  uint64_t later;
} newer_options;

typedef struct {
  weir_verdict_info now;
  uint64_t later[2];
} newer_info;

static void versions(void) {
  CHECK(weir_abi() == WEIR_ABI);
  CHECK(strncmp(weir_build_info(), "weir ", 5) == 0);
  CHECK(strcmp(weir_status_name(WEIR_E_CONFLICT), "WEIR_E_CONFLICT") == 0);
  CHECK(strcmp(weir_status_name(4711), "WEIR_E_UNKNOWN") == 0);
}

static void inputs(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = (weir_engine *)&err; /* must be overwritten */
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  FAILS(WEIR_E_ABI, "abi is 0", weir_engine_create(&options, &engine, &err));
  CHECK(engine == NULL);
  options.abi = WEIR_ABI + 1;
  FAILS(WEIR_E_ABI, "abi is", weir_engine_create(&options, &engine, &err));
  options.abi = WEIR_ABI;
  OK(weir_engine_create(&options, &engine, &err));
  weir_engine_release(engine);

  uint32_t bad_sizes[] = {0, 3, 64 * 1024 + 1, UINT32_MAX};
  for (size_t i = 0; i < sizeof bad_sizes / sizeof *bad_sizes; ++i) {
    options.struct_size = bad_sizes[i];
    FAILS(WEIR_E_ABI, "struct_size", weir_engine_create(&options, &engine, &err));
    CHECK(engine == NULL);
  }

  /* An older caller: fields past its struct_size are not read. */
  options.struct_size = 8;
  memset((char *)&options + 8, 0xff, sizeof options - 8);
  OK(weir_engine_create(&options, &engine, &err));
  weir_engine_release(engine);

  /* A newer caller: what it does not use is fine, what it uses is not. */
  newer_options newer;
  memset(&newer, 0, sizeof newer);
  newer.now.struct_size = sizeof newer;
  newer.now.abi = WEIR_ABI;
  OK(weir_engine_create(&newer.now, &engine, &err));
  weir_engine_release(engine);
  newer.later = 1;
  FAILS(WEIR_E_ABI, "does not know", weir_engine_create(&newer.now, &engine, &err));
  CHECK(engine == NULL);
}

static void outputs(void) {
  weir_ruleset *ruleset = compile(kRules);
  weir_session *session = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  weir_verdict *verdict = eval_json(
      session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"account\":\"a\",\"ok\":true,\"ip\":\"10.0.0.1\"}");

  weir_verdict_info info;
  memset(&info, 0x55, sizeof info);
  info.struct_size = 8; /* an older caller knows `verdict` only */
  CHECK(weir_verdict_get(verdict, &info) == WEIR_OK);
  CHECK(info.verdict == WEIR_VERDICT_ALLOW);
  CHECK(info.struct_size == 8);
  for (size_t i = 8; i < sizeof info; ++i) CHECK(((unsigned char *)&info)[i] == 0x55);

  newer_info newer;
  memset(&newer, 0x55, sizeof newer);
  newer.now.struct_size = sizeof newer;
  CHECK(weir_verdict_get(verdict, &newer.now) == WEIR_OK);
  CHECK(newer.now.hit_count == 1);
  CHECK(newer.later[0] == 0 && newer.later[1] == 0);

  info.struct_size = 0;
  CHECK(weir_verdict_get(verdict, &info) == WEIR_E_ABI);
  CHECK(weir_verdict_get(verdict, NULL) == WEIR_E_ARG);
  CHECK(weir_verdict_get(NULL, &newer.now) == WEIR_E_ARG);

  weir_verdict_release(verdict);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(ruleset);
}

int main(void) {
  versions();
  inputs();
  outputs();
  return failures != 0;
}
