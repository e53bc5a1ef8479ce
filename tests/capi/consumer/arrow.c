/* A record batch through the Arrow C Data Interface: the verdicts of events one by one; malformed batches are refused.
 */
#include "check.h"

enum { kRows = 2600, kMost = 8 };

/* One column with its type, filled by the tests; nothing is owned but by the test's stack. */
static int released;
static void release_schema(struct ArrowSchema *s) { s->release = NULL, ++released; }
static void release_array(struct ArrowArray *a) { a->release = NULL, ++released; }

struct batch {
  struct ArrowSchema type, types[kMost], extra_types[kMost];
  struct ArrowArray rows, columns[kMost], extras[kMost];
  struct ArrowSchema *type_list[kMost];
  struct ArrowArray *column_list[kMost];
  const void *buffers[kMost][3];
  const void *no_validity[1];
};

static void start(struct batch *b, int64_t rows) {
  memset(b, 0, sizeof *b);
  b->type.format = "+s";
  b->type.children = b->type_list;
  b->type.release = release_schema;
  b->rows.length = rows;
  b->rows.n_buffers = 1;
  b->rows.buffers = b->no_validity;
  b->rows.children = b->column_list;
  b->rows.release = release_array;
}

static struct ArrowArray *add(struct batch *b, const char *name, const char *format, const void *validity,
                              const void *values, const void *bytes) {
  const int64_t i = b->type.n_children++;
  b->rows.n_children = b->type.n_children;
  b->types[i].format = format;
  b->types[i].name = name;
  b->types[i].release = release_schema;
  b->type_list[i] = &b->types[i];
  b->buffers[i][0] = validity;
  b->buffers[i][1] = values;
  b->buffers[i][2] = bytes;
  b->columns[i].length = b->rows.length;
  b->columns[i].null_count = validity == NULL ? 0 : -1;
  b->columns[i].n_buffers = format[0] == 'u' || format[0] == 'U' ? 3 : 2;
  b->columns[i].buffers = b->buffers[i];
  b->columns[i].release = release_array;
  b->column_list[i] = &b->columns[i];
  return &b->columns[i];
}

/* The events: as columns, and as JSON. */
static int64_t times[kRows], numbers[kRows];
static int32_t account_ends[kRows + 1];
static char accounts[kRows * 8];
static uint8_t ok_bits[kRows / 8 + 1], ip_valid[kRows / 8 + 1], ip_index[kRows];
static const char ip_bytes[] = "10.0.0.1192.168.0.1";
static const int64_t ip_ends[] = {0, 8, 19};
static char json[kRows][200];

static void make_events(void) {
  for (int i = 0; i < kRows; ++i) {
    times[i] = 1767225600000LL + i * 1000LL;
    account_ends[i + 1] = account_ends[i] + sprintf(accounts + account_ends[i], "a%d", i % 37);
    const int ok = i % 5 != 0, has_ip = i % 3 != 0;
    if (ok) ok_bits[i / 8] |= (uint8_t)(1 << (i % 8));
    if (has_ip) ip_valid[i / 8] |= (uint8_t)(1 << (i % 8));
    ip_index[i] = (uint8_t)(i % 2);
    numbers[i] = i;
    int n = sprintf(json[i], "{\"time\":\"2026-01-01T%02d:%02d:%02dZ\",\"account\":\"a%d\",\"ok\":%s,\"n\":%d",
                    i / 3600, i / 60 % 60, i % 60, i % 37, ok ? "true" : "false", i);
    if (has_ip) n += sprintf(json[i] + n, ",\"ip\":\"%s\"", i % 2 == 0 ? "10.0.0.1" : "192.168.0.1");
    sprintf(json[i] + n, "}");
  }
}

static void fill(struct batch *b, int64_t rows) {
  start(b, rows);
  add(b, "time", "tsm:UTC", NULL, times, NULL);
  add(b, "account", "u", NULL, account_ends, accounts);
  add(b, "ok", "b", NULL, ok_bits, NULL);
  struct ArrowArray *ip = add(b, "ip", "C", ip_valid, ip_index, NULL);
  struct ArrowSchema *ip_type = &b->types[b->type.n_children - 1];
  b->extra_types[0].format = "U";
  b->extra_types[0].release = release_schema;
  b->extras[0].length = 2;
  b->extras[0].n_buffers = 3;
  b->extras[0].buffers = b->buffers[kMost - 1];
  b->buffers[kMost - 1][1] = ip_ends;
  b->buffers[kMost - 1][2] = ip_bytes;
  b->extras[0].release = release_array;
  ip->dictionary = &b->extras[0];
  ip_type->dictionary = &b->extra_types[0];
  add(b, "n", "l", NULL, numbers, NULL);
  add(b, "not in the schema", "+w:3", NULL, NULL, NULL);
}

static void compare(const weir_ruleset *ruleset, const weir_schema *schema) {
  weir_error err = WEIR_INIT(weir_error);
  weir_session *one = make_session(ruleset), *all = make_session(ruleset);
  weir_event *event = make_event(ruleset, "login");
  struct batch b;
  fill(&b, kRows);
  struct ArrowSchema type;
  struct ArrowArray result;
  OK(weir_session_eval_arrow(all, schema, &b.type, &b.rows, &type, &result, &err));
  CHECK(released == 0); /* the batch is still ours */
  NEED(strcmp(type.format, "+s") == 0 && type.n_children == 6 && result.n_children == 6 && result.length == kRows);
  NEED(strcmp(type.children[5]->name, "hits") == 0 && strcmp(type.children[5]->children[0]->format, "+s") == 0);
  const uint8_t *verdicts = result.children[0]->buffers[1], *shadows = result.children[1]->buffers[1];
  const double *scores = result.children[2]->buffers[1];
  const int32_t *first = result.children[5]->buffers[1];
  const struct ArrowArray *hits = result.children[5]->children[0];
  const uint32_t *rules = hits->children[0]->buffers[1];
  const uint8_t *outcomes = hits->children[1]->buffers[1];
  int blocked = 0, missing = 0;
  for (int i = 0; i < kRows; ++i) {
    weir_verdict *v = eval_json(one, event, json[i]);
    weir_verdict_info info = WEIR_INIT(weir_verdict_info);
    OK(weir_verdict_get(v, &info));
    NEED(verdicts[i] == info.verdict && shadows[i] == info.shadow_verdict && scores[i] == info.score);
    NEED((size_t)(first[i + 1] - first[i]) == info.hit_count);
    for (size_t h = 0; h < info.hit_count; ++h) {
      weir_hit hit = WEIR_INIT(weir_hit);
      OK(weir_verdict_hit(v, h, &hit));
      NEED(rules[first[i] + (int32_t)h] == hit.rule && outcomes[first[i] + (int32_t)h] == hit.outcome);
      missing += hit.outcome == WEIR_OUTCOME_MISSING;
    }
    blocked += info.shadow_verdict == WEIR_VERDICT_BLOCK;
    weir_verdict_release(v);
  }
  CHECK(blocked > 0 && missing > 0);
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  OK(weir_session_get_stats(all, &stats));
  CHECK(stats.events == kRows);

  /* A child may outlive its parent: that is how consumers take columns. */
  struct ArrowArray moved = *result.children[2];
  result.children[2]->release = NULL;
  result.release(&result);
  CHECK(result.release == NULL && ((const double *)moved.buffers[1])[0] == scores[0]);
  moved.release(&moved);
  type.release(&type);
  CHECK(type.release == NULL);

  /* A slice: the struct's offset and a column's own. */
  weir_session *slice = make_session(ruleset);
  fill(&b, 10);
  b.rows.offset = 5;
  b.rows.length = 3;
  OK(weir_session_eval_arrow(slice, schema, &b.type, &b.rows, &type, &result, &err));
  CHECK(result.length == 3);
  result.release(&result);
  type.release(&type);
  weir_event_release(event);
  weir_session_release(one);
  weir_session_release(all);
  weir_session_release(slice);
}

/* Each is refused with its status and words, and changes nothing. */
static void refuse(const weir_ruleset *ruleset, const weir_schema *schema) {
  weir_error err = WEIR_INIT(weir_error);
  weir_session *session = make_session(ruleset);
  struct batch b;
  struct ArrowSchema type;
  struct ArrowArray result;
#define REFUSED(status, part, change)                                                                      \
  do {                                                                                                     \
    fill(&b, 6);                                                                                           \
    change;                                                                                                \
    FAILS(status, part, weir_session_eval_arrow(session, schema, &b.type, &b.rows, &type, &result, &err)); \
    CHECK(type.release == NULL && result.release == NULL);                                                 \
  } while (0)
  const int32_t back[] = {0, 2, 1, 3, 4, 5, 6}, below[] = {-1, 2, 3, 4, 5, 6, 7};
  const uint8_t far[] = {0, 1, 0, 1, 2, 0}, none[1] = {0};
  const char bad[] =
      "a\xff"
      "bcdefghijklm";
  const int64_t year_30000[] = {884541340800000, 0, 0, 0, 0, 0};
  const uint64_t large[] = {0, 0, 0, UINT64_MAX, 0, 0};
  REFUSED(WEIR_E_SCHEMA, "a struct of columns", b.type.format = "i");
  REFUSED(WEIR_E_ARG, "released", b.rows.release = NULL);
  REFUSED(WEIR_E_DATA, "was released", b.columns[1].release = NULL);
  REFUSED(WEIR_E_DATA, "out of range", b.rows.length = -1);
  REFUSED(WEIR_E_DATA, "out of range", b.rows.offset = INT64_MAX);
  REFUSED(WEIR_E_DATA, "as many columns", b.rows.n_children = 3);
  REFUSED(WEIR_E_DATA, "one buffer", b.rows.n_buffers = 0);
  REFUSED(WEIR_E_DATA, "is null", b.no_validity[0] = none);
  REFUSED(WEIR_E_SCHEMA, "required field `ok`", b.types[2].name = "okay");
  REFUSED(WEIR_E_SCHEMA, "twice", b.types[4].name = "ok"; b.types[4].format = "b");
  REFUSED(WEIR_E_SCHEMA, "is not that of the field", b.types[4].format = "u"; b.columns[4].n_buffers = 3);
  REFUSED(WEIR_E_SCHEMA, "not supported", b.types[4].format = "d:19,10");
  REFUSED(WEIR_E_SCHEMA, "it has 5 rows", b.columns[2].length = 5);
  REFUSED(WEIR_E_SCHEMA, "out of range", b.columns[2].offset = -1);
  REFUSED(WEIR_E_SCHEMA, "buffers", b.columns[1].n_buffers = 2);
  REFUSED(WEIR_E_SCHEMA, "NULL", b.buffers[1][1] = NULL);
  REFUSED(WEIR_E_DATA, "NULL", b.buffers[1][2] = NULL);
  REFUSED(WEIR_E_SCHEMA, "no validity", b.columns[4].null_count = 2);
  REFUSED(WEIR_E_SCHEMA, "it has none", b.columns[3].dictionary = NULL);
  REFUSED(WEIR_E_SCHEMA, "and its type none", b.types[3].dictionary = NULL);
  REFUSED(WEIR_E_DATA, "out of order", b.buffers[1][1] = back);
  REFUSED(WEIR_E_DATA, "out of order", b.buffers[1][1] = below);
  REFUSED(WEIR_E_DATA, "UTF-8", b.buffers[1][2] = bad);
  REFUSED(WEIR_E_DATA, "index 2 into a dictionary of 2", b.buffers[3][1] = far);
  REFUSED(WEIR_E_DATA, "is null", b.buffers[1][0] = none);
  REFUSED(WEIR_E_DATA, "years 1 to 9999", b.buffers[0][1] = year_30000);
  REFUSED(WEIR_E_DATA, "is no int", b.types[4].format = "L"; b.buffers[4][1] = large);
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  OK(weir_session_get_stats(session, &stats));
  CHECK(stats.events == 0);
  weir_session_release(session);
}

/* Lists, and many rules, so that columns are looked at as such. */
static void many_rules(void) {
  static char source[200000];
  size_t n = (size_t)sprintf(source, "event post { text: string tags: list<string> n: int? }\n");
  for (int i = 0; i < 400; ++i)
    n += (size_t)sprintf(
        source + n,
        "rule r%d on post { when post.text.contains(\"w%d\") && (post.n > %d || \"t%d\" in post.tags) mode live }\n", i,
        i % 90, i % 7, i % 11);
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile_with(source, WEIR_TIER_INTERPRETER);
  weir_schema *schema = NULL;
  OK(weir_ruleset_schema(ruleset, text("post"), &schema, &err));
  weir_session *one = make_session(ruleset), *all = make_session(ruleset);
  weir_event *event = make_event(ruleset, "post");
  enum { kPosts = 1500 };
  static int64_t when[kPosts], values[kPosts];
  static int32_t text_ends[kPosts + 1], tag_ends[2 * kPosts + 1], list_ends[kPosts + 1];
  static char texts[kPosts * 16], tags[kPosts * 16];
  static uint8_t valid[kPosts / 8 + 1];
  struct batch b;
  start(&b, kPosts);
  for (int i = 0; i < kPosts; ++i) {
    when[i] = 1767225600 + i;
    values[i] = i % 9;
    if (i % 4 != 0) valid[i / 8] |= (uint8_t)(1 << (i % 8));
    text_ends[i + 1] = text_ends[i] + sprintf(texts + text_ends[i], "w%d w%d", i % 90, i * 7 % 90);
    const int at = 2 * i;
    tag_ends[at + 1] = tag_ends[at] + sprintf(tags + tag_ends[at], "t%d", i % 11);
    tag_ends[at + 2] = tag_ends[at + 1] + sprintf(tags + tag_ends[at + 1], "t%d", i % 13);
    list_ends[i + 1] = at + 2;
  }
  add(&b, "time", "tss:", NULL, when, NULL);
  add(&b, "text", "u", NULL, text_ends, texts);
  struct ArrowArray *list = add(&b, "tags", "+l", NULL, list_ends, NULL);
  add(&b, "n", "l", valid, values, NULL);
  struct ArrowSchema item_type = {.format = "u", .name = "item", .release = release_schema}, *item_types = &item_type;
  const void *item_buffers[] = {NULL, tag_ends, tags};
  struct ArrowArray items = {.length = 2 * kPosts, .n_buffers = 3, .buffers = item_buffers, .release = release_array},
                    *item_list = &items;
  list->n_children = 1;
  list->children = &item_list;
  b.types[2].n_children = 1;
  b.types[2].children = &item_types;
  struct ArrowSchema type;
  struct ArrowArray result;
  OK(weir_session_eval_arrow(all, schema, &b.type, &b.rows, &type, &result, &err));
  const int32_t *first = result.children[5]->buffers[1];
  const uint32_t *rules = result.children[5]->children[0]->children[0]->buffers[1];
  size_t hits = 0;
  for (int i = 0; i < kPosts; ++i) {
    char line[200];
    int at = sprintf(line, "{\"time\":\"2026-01-01T00:%02d:%02dZ\",\"text\":\"w%d w%d\",\"tags\":[\"t%d\",\"t%d\"]",
                     i / 60, i % 60, i % 90, i * 7 % 90, i % 11, i % 13);
    if (i % 4 != 0) at += sprintf(line + at, ",\"n\":%d", i % 9);
    sprintf(line + at, "}");
    weir_verdict *v = eval_json(one, event, line);
    weir_verdict_info info = WEIR_INIT(weir_verdict_info);
    OK(weir_verdict_get(v, &info));
    NEED((size_t)(first[i + 1] - first[i]) == info.hit_count);
    for (size_t h = 0; h < info.hit_count; ++h, ++hits) {
      weir_hit hit = WEIR_INIT(weir_hit);
      OK(weir_verdict_hit(v, h, &hit));
      NEED(rules[first[i] + (int32_t)h] == hit.rule);
    }
    weir_verdict_release(v);
  }
  CHECK(hits > kPosts);
  result.release(&result);
  type.release(&type);
  items.length = 5; /* lists beyond their elements */
  FAILS(WEIR_E_DATA, "out of range", weir_session_eval_arrow(all, schema, &b.type, &b.rows, &type, &result, &err));
  weir_event_release(event);
  weir_schema_release(schema);
  weir_session_release(one);
  weir_session_release(all);
  weir_ruleset_release(ruleset);
}

/* Events for which no time is left have the declared verdict and count in features all the same. */
static void in_time(void) {
  static const char rules[] =
      "event login { account: string  ok: bool  n: int }\n"
      "feature seen = count() from login by login.account over 1d\n"
      "rule slow on login { when [0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, "
      "[0,1,2,3,4,5,6,7,8,9].all(c,\n"
      "  [0,1,2,3,4,5,6,7,8,9].all(d, a + b + c + d + login.n >= 0)))) then { verdict block } mode live }\n"
      "rule often on login { when seen > 60 then { verdict review } mode live }\n";
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile_with(rules, WEIR_TIER_INTERPRETER);
  weir_schema *schema = NULL;
  OK(weir_ruleset_schema(ruleset, text("login"), &schema, &err));
  weir_session *session = make_session(ruleset);
  struct batch b;
  struct ArrowSchema type;
  struct ArrowArray result;
  fill(&b, kRows);
  FAILS(WEIR_E_LIMIT, "expired",
        weir_session_eval_arrow_within(session, schema, &b.type, &b.rows, 20 * 1000 * 1000, &type, &result, &err));
  NEED(type.n_children == 7 && result.n_children == 7 && result.length == kRows);
  NEED(strcmp(type.children[6]->name, "expired") == 0 && strcmp(type.children[6]->format, "b") == 0);
  const uint8_t *verdicts = result.children[0]->buffers[1], *expired = result.children[6]->buffers[1];
  int first = -1;
  for (int i = 0; i < kRows; ++i) {
    const int is_over = expired[i / 8] >> (i % 8) & 1;
    NEED(verdicts[i] == (is_over ? WEIR_VERDICT_ALLOW : WEIR_VERDICT_BLOCK));
    if (is_over && first < 0) first = i;
    NEED(is_over == (first >= 0)); /* once it is over it stays over */
  }
  NEED(first >= 0);
  weir_session_stats stats = WEIR_INIT(weir_session_stats);
  OK(weir_session_get_stats(session, &stats));
  NEED(stats.events == kRows && stats.expired_events == (uint64_t)(kRows - first));
  result.release(&result);
  type.release(&type);
  /* All of them are in the feature: whoever comes now was there 70 times. */
  weir_event *event = make_event(ruleset, "login");
  weir_verdict *v =
      eval_json(session, event, "{\"time\":\"2026-01-01T01:00:00Z\",\"account\":\"a0\",\"ok\":true,\"n\":1}");
  weir_verdict_info info = WEIR_INIT(weir_verdict_info);
  OK(weir_verdict_get(v, &info));
  NEED(info.hit_count == 2);
  weir_verdict_release(v);
  weir_event_release(event);
  fill(&b, 8);
  OK(weir_session_eval_arrow_within(session, schema, &b.type, &b.rows, 0, &type, &result, &err));
  const uint8_t *over = result.children[6]->buffers[1];
  NEED(over[0] == 0);
  result.release(&result);
  type.release(&type);
  FAILS(WEIR_E_ARG, "292 years",
        weir_session_eval_arrow_within(session, schema, &b.type, &b.rows, UINT64_MAX, &type, &result, &err));
  weir_session_release(session);
  weir_schema_release(schema);
  weir_ruleset_release(ruleset);
}

int main(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_ruleset *ruleset = compile_with(kRules, WEIR_TIER_AUTO);
  weir_schema *schema = NULL;
  OK(weir_ruleset_schema(ruleset, text("login"), &schema, &err));
  make_events();
  compare(ruleset, schema);
  refuse(ruleset, schema);
  weir_schema_release(schema);
  weir_ruleset_release(ruleset);
  many_rules();
  in_time();
  return failures != 0;
}
