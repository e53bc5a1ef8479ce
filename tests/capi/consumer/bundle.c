/* Rule sets from bundles, and engines that take nothing else (bundles.sh makes the files). */
#include "check.h"

typedef struct {
  char bytes[65536];
  weir_str text;
} file;

static weir_str read_file(file *f, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "bundles/%s", name);
  FILE *in = fopen(path, "rb");
  NEED(in != NULL);
  f->text.ptr = f->bytes;
  f->text.len = fread(f->bytes, 1, sizeof f->bytes, in);
  fclose(in);
  return f->text;
}

static weir_engine *trusting(const char *key_file) {
  weir_error err = WEIR_INIT(weir_error);
  static file key;
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  weir_engine *engine = NULL;
  weir_str keys[1];
  keys[0] = read_file(&key, key_file);
  options.abi = WEIR_ABI;
  options.trusted_keys = keys;
  options.trusted_key_count = 1;
  OK(weir_engine_create(&options, &engine, &err));
  return engine;
}

static void loading(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_engine *engine = NULL;
  weir_ruleset *rules = NULL;
  static file first;
  OK(weir_engine_create(NULL, &engine, &err));
  OK(weir_bundle_load(engine, read_file(&first, "unsigned.weirb"), NULL, &rules, NULL, &err));
  CHECK(weir_ruleset_digest(rules).len == 64 && weir_ruleset_release_number(rules) == 1);
  weir_session *session = make_session(rules);
  weir_event *event = make_event(rules, "e");
  weir_verdict *verdict = eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"n\":0,\"k\":\"evil\"}");
  CHECK(info_of(verdict).score == 1); /* the list is in the bundle */
  weir_verdict_release(verdict);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(rules);

  weir_compile_options options = WEIR_INIT(weir_compile_options);
  weir_source list = {WEIR_STR("bad.txt"), WEIR_STR("other")};
  options.lists = &list;
  options.list_count = 1;
  OK(weir_bundle_load(engine, first.text, &options, &rules, NULL, &err));
  session = make_session(rules);
  event = make_event(rules, "e");
  verdict = eval_json(session, event, "{\"time\":\"2026-01-01T00:00:00Z\",\"n\":0,\"k\":\"evil\"}");
  CHECK(info_of(verdict).score == 0);
  weir_verdict_release(verdict);
  weir_event_release(event);
  weir_session_release(session);
  weir_ruleset_release(rules);

  weir_str paths[1] = {WEIR_STR("bundles/first.weirb")};
  OK(weir_compile_files(engine, paths, 1, NULL, &rules, NULL, &err));
  CHECK(weir_ruleset_release_number(rules) == 1);
  weir_ruleset_release(rules);

  rules = (weir_ruleset *)&err;
  FAILS(WEIR_E_DATA, "not a bundle", weir_bundle_load(engine, text("rules"), NULL, &rules, NULL, &err));
  CHECK(rules == NULL);
  weir_str cut = first.text;
  --cut.len;
  FAILS(WEIR_E_DATA, "cut off", weir_bundle_load(engine, cut, NULL, &rules, NULL, &err));
  FAILS(WEIR_E_ARG, "bytes", weir_bundle_load(engine, (weir_str){NULL, 3}, NULL, &rules, NULL, &err));
  rules = compile("event e { n: int }\n");
  CHECK(weir_ruleset_digest(rules).len == 0 && weir_ruleset_release_number(rules) == 0);
  CHECK(weir_ruleset_digest(NULL).len == 0 && weir_ruleset_release_number(NULL) == 0);
  weir_ruleset_release(rules);
  weir_engine_release(engine);
}

static void trust(void) {
  weir_error err = WEIR_INIT(weir_error);
  static file f;
  weir_engine *engine = trusting("key.pub");
  weir_ruleset *first = NULL, *second = NULL, *none = NULL;
  weir_source source = {WEIR_STR("a"), WEIR_STR("event e { n: int }\n")};
  weir_str paths[2] = {WEIR_STR("bundles/pack"), WEIR_STR("bundles/strange.weirb")};
  FAILS(WEIR_E_TRUST, "bundles only", weir_compile(engine, &source, 1, NULL, &none, NULL, &err));
  FAILS(WEIR_E_TRUST, "bundles", weir_compile_files(engine, paths, 1, NULL, &none, NULL, &err));
  FAILS(WEIR_E_TRUST, "not trusted", weir_compile_files(engine, paths + 1, 1, NULL, &none, NULL, &err));
  FAILS(WEIR_E_TRUST, "not signed", weir_bundle_load(engine, read_file(&f, "unsigned.weirb"), NULL, &none, NULL, &err));
  FAILS(WEIR_E_TRUST, "not trusted", weir_bundle_load(engine, read_file(&f, "strange.weirb"), NULL, &none, NULL, &err));
  OK(weir_bundle_load(engine, read_file(&f, "second.weirb"), NULL, &second, NULL, &err));
  OK(weir_bundle_load(engine, read_file(&f, "first.weirb"), NULL, &first, NULL, &err));
  f.bytes[60] ^= 1;
  FAILS(WEIR_E_TRUST, "altered", weir_bundle_load(engine, f.text, NULL, &none, NULL, &err));

  weir_slot *slot = NULL;
  uint64_t generation = 0;
  OK(weir_slot_create(engine, NULL, 0, &slot, &err));
  OK(weir_slot_publish(slot, first, 0, &generation, &err));
  OK(weir_slot_publish(slot, second, 1, &generation, &err));
  FAILS(WEIR_E_TRUST, "older than release 2", weir_slot_publish(slot, first, 2, &generation, &err));
  CHECK(generation == 2);
  OK(weir_slot_publish(slot, second, 2, &generation, &err));
  weir_ruleset *text_rules = compile("event e { n: int }\n");
  FAILS(WEIR_E_TRUST, "do not come from a bundle", weir_slot_publish(slot, text_rules, 3, &generation, &err));
  weir_ruleset_release(text_rules);
  weir_ruleset_release(first);
  weir_ruleset_release(second);
  weir_slot_release(slot);
  weir_engine_release(engine);

  weir_engine_options options = WEIR_INIT(weir_engine_options);
  weir_str bad = WEIR_STR("no key");
  options.abi = WEIR_ABI;
  options.trusted_keys = &bad;
  options.trusted_key_count = 1;
  FAILS(WEIR_E_ARG, "not a key", weir_engine_create(&options, &engine, &err));
}

int main(void) {
  loading();
  trust();
  return failures != 0;
}
