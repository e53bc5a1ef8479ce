/* weir.h: Weir, an embedded rules and policy engine. This is its whole published surface (C11, C++20 and later); what
 * is not declared here is private. Guide: docs/embedding.md.
 *
 *     static const char kRules[] =
 *         "event login { account: string  ok: bool }\n"
 *         "feature fails = count() from login where !login.ok by login.account over 15m\n"
 *         "rule guessing on login { id \"R-1\" when fails >= 5 then { verdict block } mode live\n"
 *         "  because \"{fails} failed logins in 15m\" }\n";
 *
 *     weir_error err = WEIR_INIT(weir_error);
 *     weir_engine *engine;
 *     weir_ruleset *rules;
 *     weir_session *session;
 *     weir_event *event;
 *     weir_verdict *verdict;
 *     weir_source source = {WEIR_STR("login.weir"), WEIR_STR(kRules)};
 *     if (weir_engine_create(NULL, &engine, &err) ||
 *         weir_compile(engine, &source, 1, NULL, &rules, NULL, &err) ||
 *         weir_session_create(rules, NULL, &session, &err) ||
 *         weir_event_create_any(rules, &event, &err))
 *       die(err.message);
 *     while (next_line(&line)) {
 *       weir_verdict_info info = WEIR_INIT(weir_verdict_info);
 *       if (weir_event_read_json(event, line, &err) || weir_session_eval(session, event, NULL, &verdict, &err)) {
 *         reject(line, err.message);
 *         continue;
 *       }
 *       weir_verdict_get(verdict, &info);
 *       respond(info.verdict, weir_verdict_json(verdict));
 *       weir_verdict_release(verdict);
 *     }
 *
 * THREADS    A handle passed as a pointer to const may be used by any number of threads at once; one passed as a
 *            pointer to non-const by one caller at a time, on any thread. Exception: a weir_slot locks inside and may
 *            always be shared. Releasing a handle counts as a use of it.
 *
 * OWNERSHIP  What a call stores through a `*_out` parameter is the caller's, to be ended once by <type>_release.
 *            Releasing NULL does nothing. Everything else that a call returns is borrowed and lives until the handle it
 *            was read from is released, or until a call that its comment names. A handle keeps alive whatever it was
 *            made from, so handles may be released in any order, from any thread (garbage-collected hosts). Weir keeps
 *            no pointer to arguments after a call returns.
 *
 * ERRORS     A call that can fail returns weir_status, WEIR_OK (0) on success, and fills *err unless err is NULL. On
 *            failure `*_out` is NULL, except where a comment says otherwise, and no handle has changed, except where a
 *            comment says otherwise. Readers without an err parameter return WEIR_E_ARG for a NULL handle or an index
 *            past the end; those that return a value return 0, -1 or {NULL, 0}. There is no last-error global, and no
 *            exception, signal handler, output or exit crosses this boundary. LLVM, which the native tier uses, ends
 *            the process when its own memory allocation fails; the interpreter tier reports WEIR_E_NOMEM instead.
 *
 * TEXT       weir_str: UTF-8, pointer and length, no terminator (one may follow, but do not count on it). {NULL, 0} is
 *            the empty text. Rules and events that are not UTF-8 are an error.
 *
 * TIME       Weir never reads a clock to decide anything: time is the events' own. Instants are seconds and nanoseconds
 *            since 1970-01-01T00:00:00Z, lengths of time are nanoseconds (`_ns`).
 *
 * ABI        Structs that start with struct_size may grow at their end. Set it before each use (WEIR_INIT does): Weir
 *            reads fields that an older caller lacks as zero, and writes no further than struct_size. Non-zero bytes of
 *            a newer caller's input struct that this library does not know are WEIR_E_ABI. A struct_size that does not
 *            hold even struct_size itself, or of more than 64 KiB, is WEIR_E_ABI. Zero always selects the default.
 *            Structs without struct_size never change. Codes and enumerators are never renumbered; callers must expect
 *            new ones.
 *
 * MEMORY     Weir allocates with C++ operator new. Windowed state is bounded by weir_session_options, one event's
 *            evaluation by max_steps. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WEIR_ABI 1u

#ifndef WEIR_API
#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_engine weir_engine;                 /* what compilations share: limits. Never changes. */
typedef struct weir_ruleset weir_ruleset;               /* compiled rules. Never changes; share it. */
typedef struct weir_diags weir_diags;                   /* what the compiler had to say. Never changes. */
typedef struct weir_schema weir_schema;                 /* the fields of one event type. Never changes. */
typedef struct weir_event weir_event;                   /* a reusable buffer for one event */
typedef struct weir_session weir_session;               /* one ordered stream of events over a state */
typedef struct weir_verdict weir_verdict;               /* the result of one event. Never changes. */
typedef struct weir_slot weir_slot;                     /* the point where rules are swapped */
typedef struct weir_slot_status weir_slot_status;       /* what a slot was like at one moment. Never changes. */
typedef struct weir_rollout weir_rollout;               /* a candidate beside a slot's rules */
typedef struct weir_rollout_report weir_rollout_report; /* how it does, at one moment. Never changes. */
typedef struct weir_watch weir_watch;                   /* a slot's watch on files */

typedef struct weir_str {
  const char *ptr;
  size_t len;
} weir_str;

/* A string literal, or an array of char that holds one, as the initialiser of a weir_str. */
#define WEIR_STR(literal) \
  { (literal), sizeof(literal) - 1 }
/* Terminated text as weir_str. */
static inline weir_str weir_cstr(const char *text) {
  weir_str s = {text, strlen(text)};
  return s;
}

/* Initialises a struct that has a struct_size: weir_error err = WEIR_INIT(weir_error); */
#ifdef __cplusplus
#define WEIR_INIT(type) (::weir_detail::init<type>())
#else
#define WEIR_INIT(type) \
  { .struct_size = sizeof(type) }
#endif

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

typedef int32_t weir_status; /* of fixed width: the size of an enum is no part of the ABI */
enum {
  WEIR_OK = 0,
  WEIR_E_ARG = 1,      /* an argument is NULL, out of range or of the wrong kind; nothing else was looked at */
  WEIR_E_ABI = 2,      /* header and library do not fit: see ABI above */
  WEIR_E_COMPILE = 3,  /* the rules have errors: see the diagnostics */
  WEIR_E_SCHEMA = 4,   /* the event type or field does not exist, or is of another type */
  WEIR_E_DATA = 5,     /* the event cannot be taken as it is: malformed JSON, a required field absent, no UTF-8 */
  WEIR_E_LIMIT = 6,    /* a limit that was set, or a documented one, would be exceeded */
  WEIR_E_CONFLICT = 7, /* somebody else published first: read the generation and decide again */
  WEIR_E_NOMEM = 8,
  WEIR_E_INTERNAL = 9, /* a defect of Weir: please report it with the message */
  WEIR_E_IO = 10,      /* a file cannot be found or read */
  WEIR_E_TRUST = 11    /* not a bundle signed by a key the engine trusts, altered, or older than what is in force */
};

enum { WEIR_FAULT_CALLER = 0, WEIR_FAULT_AUTHOR = 1 /* of rules */, WEIR_FAULT_DATA = 2, WEIR_FAULT_WEIR = 3 };

/* Owned by the caller, text inline: nothing to free, and it works when memory has run out. A successful call sets code
 * to WEIR_OK and the message to "". */
typedef struct weir_error {
  uint32_t struct_size;
  weir_status code;
  uint8_t at_fault;  /* WEIR_FAULT_… */
  uint8_t retriable; /* 1: the same call may succeed later */
  char message[246]; /* one line, terminated; cut at a character if too long */
} weir_error;

/* ---- Version --------------------------------------------------------------------------------------------------- */

/* The WEIR_ABI of the library that is linked. A program may run with any library whose weir_abi() is not below the
 * WEIR_ABI it was compiled with. */
WEIR_API uint32_t weir_abi(void);

/* "weir 0.1.0 (native: LLVM 19.1.7)". Static, terminated. */
WEIR_API const char *weir_build_info(void);

/* "WEIR_E_ARG" and so on; "WEIR_E_UNKNOWN" for a code this library does not know. Static, terminated. */
WEIR_API const char *weir_status_name(weir_status status);

/* ---- Engine ---------------------------------------------------------------------------------------------------- */

typedef struct weir_engine_options {
  uint32_t struct_size;
  uint32_t abi;              /* WEIR_ABI */
  uint32_t compile_threads;  /* per compilation, for native code. Default 1 */
  uint32_t max_rules;        /* of one rule set, else WEIR_E_COMPILE. Default 1,000,000 */
  uint64_t max_source_bytes; /* of one rule set, list files included, else WEIR_E_LIMIT. Default 256 MiB */
  /* Public keys, each the text of a .pub file of `weir bundle keygen`. If there are any, the engine takes rule sets
   * from bundles only that one of them has signed: everything else is WEIR_E_TRUST. */
  const weir_str *trusted_keys;
  size_t trusted_key_count;
  /* A directory that keeps native code from one process to the next; empty: none. It is made if it is not there, with
   * mode 0700, and not used if others may read or write it (weir_ruleset_tier_note says so). Entries are checked, so
   * processes may share it and anybody may empty it. */
  weir_str native_cache;
  uint64_t max_native_cache_bytes; /* what was used longest ago goes. Default 1 GiB */
  /* 1: the engine keeps what it compiled from text last, so that the same rule set with one rule edited is there
   * sooner: of 10,000 rules in a thirtieth of the time. Takes the memory of the rule set about once again. */
  uint32_t quick_edits;
  uint32_t reserved;
} weir_engine_options;

/* options may be NULL: all defaults. An `abi` above the library's, or 0, is WEIR_E_ABI, a text that is no key
 * WEIR_E_ARG. */
WEIR_API weir_status weir_engine_create(const weir_engine_options *options, weir_engine **engine_out, weir_error *err);
WEIR_API void weir_engine_release(weir_engine *engine);

/* ---- Rule sets ------------------------------------------------------------------------------------------------- */

enum {
  /* The interpreter at once, native code, where it is built in, as soon as a thread of the library has compiled it */
  WEIR_TIER_AUTO = 0,
  WEIR_TIER_INTERPRETER = 1, /* loads fastest, allocates nothing executable */
  /* Native code before the compilation returns. WEIR_E_ARG if the library was built without LLVM, WEIR_E_LIMIT if the
   * system grants no executable memory, or too little memory to compile in */
  WEIR_TIER_NATIVE = 2
};

typedef struct weir_source {
  weir_str name; /* as diagnostics show it: a path, a URL, a key */
  weir_str text;
} weir_source;

typedef struct weir_compile_options {
  uint32_t struct_size;
  uint32_t tier; /* WEIR_TIER_… Verdicts do not depend on it. */
  /* For `list L: string from "NAME"`: text by the name as written. A file not given is an error of the rule that names
   * it: Weir opens no file unless weir_compile_files is called. */
  const weir_source *lists;
  size_t list_count;
  uint32_t no_lint; /* 1: errors only */
  uint32_t reserved;
} weir_compile_options;

/* Compiles rules from texts. Files of one rule set see each other's names, whatever their order; the order decides that
 * of rules and diagnostics. No sources (n = 0) are a rule set without events.
 *
 * *diags_out (diags_out may be NULL) is set whenever the compiler ran: on success too, for warnings, and with
 * WEIR_E_COMPILE, whose message is that of the first error. options may be NULL. */
WEIR_API weir_status weir_compile(const weir_engine *engine, const weir_source *sources, size_t n,
                                  const weir_compile_options *options, weir_ruleset **ruleset_out,
                                  weir_diags **diags_out, weir_error *err);

/* Compiles rules from disk: one directory, or files. A directory's weir.yaml says which files belong to it, how records
 * are mapped to events, how late events may be (the most of any event type), and how much memory state may take;
 * without one, its *.weir files in order of name are the rule set. List files are read beside the rule file that names
 * them, then in the directory; `lists` of the options come first. One bundle is taken too. WEIR_E_IO if a path cannot
 * be read; a malformed weir.yaml is WEIR_E_COMPILE without diagnostics. Otherwise as weir_compile. */
WEIR_API weir_status weir_compile_files(const weir_engine *engine, const weir_str *paths, size_t n,
                                        const weir_compile_options *options, weir_ruleset **ruleset_out,
                                        weir_diags **diags_out, weir_error *err);

/* Compiles the rule set in a bundle (`weir bundle build`) from its bytes. `lists` of the options come before those in
 * the bundle. WEIR_E_TRUST: not signed as the engine asks for, or altered after it was signed. WEIR_E_DATA: no bundle,
 * cut off, damaged, or of a later format. Otherwise as weir_compile. */
WEIR_API weir_status weir_bundle_load(const weir_engine *engine, weir_str bytes, const weir_compile_options *options,
                                      weir_ruleset **ruleset_out, weir_diags **diags_out, weir_error *err);

/* Of a rule set from a bundle: its digest (SHA-256, 64 hexadecimal digits), which names this version of the rules, and
 * the number of the release. Empty and 0 for other rule sets. */
WEIR_API weir_str weir_ruleset_digest(const weir_ruleset *ruleset);
WEIR_API uint64_t weir_ruleset_release_number(const weir_ruleset *ruleset);

/* The last handle made from a rule set frees its code and data. Native code that is being compiled for it is given up;
 * the call does not wait for that, but exit() and dlclose() wait for the piece at hand, some tens of milliseconds.
 * After fork() a child goes on with what evaluates in its parent; if its parent was compiling, the child compiles no
 * more. */
WEIR_API void weir_ruleset_release(weir_ruleset *ruleset);

/* Of the texts a rule set was compiled from (weir.yaml, rules, lists; their names left out), 32 hexadecimal digits: the
 * same wherever the same texts are compiled (a bundle that is loaded by its IR has another). It tells versions apart,
 * and is no defence against somebody who wants them to look alike: that is a bundle's digest. */
WEIR_API weir_str weir_ruleset_hash(const weir_ruleset *ruleset);

/* The generation under which weir_slot_pin handed it out; 0 for one that comes from a compilation. */
WEIR_API uint64_t weir_ruleset_generation(const weir_ruleset *ruleset);
/* WEIR_TIER_INTERPRETER or WEIR_TIER_NATIVE: what evaluates it now. With WEIR_TIER_AUTO the first becomes the second
 * between two events, once; sessions need do nothing. */
WEIR_API uint32_t weir_ruleset_tier(const weir_ruleset *ruleset);
/* Why WEIR_TIER_AUTO stays with the interpreter although native code is built in, or why native_cache is not used;
 * else empty. */
WEIR_API weir_str weir_ruleset_tier_note(const weir_ruleset *ruleset);

enum {
  WEIR_NATIVE_NONE = 0,    /* not wanted, or not built in */
  WEIR_NATIVE_WAITING = 1, /* for rule sets that came before: one thread compiles for the whole process */
  WEIR_NATIVE_COMPILING = 2,
  WEIR_NATIVE_READY = 3,
  WEIR_NATIVE_FAILED = 4 /* weir_ruleset_tier_note says why */
};

typedef struct weir_tier_status {
  uint32_t struct_size;
  uint32_t tier;                            /* as weir_ruleset_tier */
  uint32_t native;                          /* WEIR_NATIVE_… */
  uint32_t units, units_done, units_cached; /* pieces of native code: all, compiled or found, found in the cache */
  uint64_t code_bytes;
  double compile_ms; /* once it is ready */
} weir_tier_status;
WEIR_API weir_status weir_ruleset_get_tier_status(const weir_ruleset *ruleset, weir_tier_status *status);
/* Waits until there is nothing left to compile for this rule set. 1: so it is; 0: not within timeout_ms. For benchmarks
 * and tests: nothing else need wait. */
WEIR_API int32_t weir_ruleset_wait_native(const weir_ruleset *ruleset, uint32_t timeout_ms);

enum { WEIR_MODE_SHADOW = 0, WEIR_MODE_CANARY = 1, WEIR_MODE_LIVE = 2, WEIR_MODE_OFF = 3 };

typedef struct weir_rule {
  uint32_t struct_size;
  uint32_t mode;     /* WEIR_MODE_… */
  weir_str name, id; /* the id is what to store: it survives renaming */
  weir_str owner, severity;
  weir_str event; /* the event type it is on */
  weir_str file;
  uint32_t line, col; /* of its name; both from 1, columns count characters */
} weir_rule;

/* Rules are numbered in order of sources and statements. */
WEIR_API size_t weir_ruleset_rule_count(const weir_ruleset *ruleset);
WEIR_API weir_status weir_ruleset_rule(const weir_ruleset *ruleset, size_t i, weir_rule *rule);
/* Its number by id or, failing that, name; -1 if there is none. */
WEIR_API int64_t weir_ruleset_find_rule(const weir_ruleset *ruleset, weir_str id_or_name);

/* Event types in order of declaration; {NULL, 0} past the end. */
WEIR_API size_t weir_ruleset_event_count(const weir_ruleset *ruleset);
WEIR_API weir_str weir_ruleset_event_name(const weir_ruleset *ruleset, size_t i);

/* ---- Diagnostics ----------------------------------------------------------------------------------------------- */

enum { WEIR_SEVERITY_ERROR = 0, WEIR_SEVERITY_WARNING = 1, WEIR_SEVERITY_NOTE = 2 };

typedef struct weir_diag {
  uint32_t struct_size;
  uint32_t severity;                     /* WEIR_SEVERITY_… */
  uint32_t code;                         /* 412 prints as WR0412 */
  uint32_t line, col, end_line, end_col; /* from 1; columns count characters; the end is one past the last */
  uint32_t reserved;
  weir_str file, message, hint; /* hint: what to do, empty if nothing is known */
} weir_diag;

/* Diagnostics come in order of sources, then of position. */
WEIR_API size_t weir_diags_count(const weir_diags *diags);
WEIR_API size_t weir_diags_error_count(const weir_diags *diags);
WEIR_API weir_status weir_diags_get(const weir_diags *diags, size_t i, weir_diag *diag);
/* All of them as people read them: file:line:column, the line itself, a caret, the hint. Empty if there are none. */
WEIR_API weir_str weir_diags_text(const weir_diags *diags);
WEIR_API void weir_diags_release(weir_diags *diags);

/* ---- Schemas --------------------------------------------------------------------------------------------------- */

/* The shape of events is declared by the rules themselves (`event login { … }`), so that the checker, the decoder and
 * the host cannot disagree; a schema is therefore read from a rule set. Field 0 is `time: timestamp`, field 1 `id:
 * string`, in every event; declared fields follow in order of declaration. */

enum {
  WEIR_TYPE_DYN = 0,
  WEIR_TYPE_BOOL = 1,
  WEIR_TYPE_INT = 2,
  WEIR_TYPE_UINT = 3,
  WEIR_TYPE_DOUBLE = 4,
  WEIR_TYPE_STRING = 5,
  WEIR_TYPE_BYTES = 6,
  WEIR_TYPE_TIMESTAMP = 7,
  WEIR_TYPE_DURATION = 8,
  WEIR_TYPE_LIST = 9,
  WEIR_TYPE_MAP = 10,
  WEIR_TYPE_OTHER = 11
};

enum { WEIR_FIELD_TIME = 0, WEIR_FIELD_ID = 1 };

typedef struct weir_field {
  uint32_t struct_size;
  uint32_t type;     /* WEIR_TYPE_…; of an entity, that of its base */
  uint32_t element;  /* of a list, or of a map's values: its WEIR_TYPE_… */
  uint32_t optional; /* 1: declared `T?`, may be absent */
  weir_str name;
  weir_str type_name; /* as declared: "Account", "list<string>" */
} weir_field;

/* WEIR_E_SCHEMA if the rules declare no such event. */
WEIR_API weir_status weir_ruleset_schema(const weir_ruleset *ruleset, weir_str event, weir_schema **schema_out,
                                         weir_error *err);
WEIR_API weir_str weir_schema_name(const weir_schema *schema);
WEIR_API size_t weir_schema_field_count(const weir_schema *schema);
/* The field's index, for weir_event_set_…; -1 if there is none. */
WEIR_API int32_t weir_schema_field(const weir_schema *schema, weir_str name);
WEIR_API weir_status weir_schema_field_get(const weir_schema *schema, size_t i, weir_field *field);
WEIR_API void weir_schema_release(weir_schema *schema);

/* ---- Events ---------------------------------------------------------------------------------------------------- */

/* A buffer that is filled, evaluated any number of times, and filled again; it allocates nothing once it has grown to
 * the size of the events it sees. A new event has every field absent. Evaluating one does not change it. */
WEIR_API weir_status weir_event_create(const weir_schema *schema, weir_event **event_out, weir_error *err);

/* An event whose type the next JSON text decides: by the key that weir.yaml names, "type" by default, if the rule set
 * has several event types. Until then it has no type, and everything but weir_event_read_json is WEIR_E_SCHEMA. */
WEIR_API weir_status weir_event_create_any(const weir_ruleset *ruleset, weir_event **event_out, weir_error *err);

/* The name of its event type; {NULL, 0} if it has none yet. */
WEIR_API weir_str weir_event_type(const weir_event *event);

/* One field. Texts are copied. Memory of a value that is set again is reused after weir_event_clear only. A field of
 * type dyn takes any of them. WEIR_E_ARG: no such field index. WEIR_E_SCHEMA: the field has another type; nothing is
 * converted. WEIR_E_DATA: text that is not UTF-8, a time beyond years 1 to 9999, a length of time beyond 10,000 years.
 * WEIR_E_LIMIT: more than 64 MiB in one event. */
WEIR_API weir_status weir_event_set_bool(weir_event *event, int32_t field, int32_t value, weir_error *err);
WEIR_API weir_status weir_event_set_i64(weir_event *event, int32_t field, int64_t value, weir_error *err);
WEIR_API weir_status weir_event_set_u64(weir_event *event, int32_t field, uint64_t value, weir_error *err);
WEIR_API weir_status weir_event_set_f64(weir_event *event, int32_t field, double value, weir_error *err);
WEIR_API weir_status weir_event_set_str(weir_event *event, int32_t field, weir_str value, weir_error *err);
WEIR_API weir_status weir_event_set_bytes(weir_event *event, int32_t field, const void *data, size_t len,
                                          weir_error *err);
/* nanos in [0, 1,000,000,000), added to seconds, also before 1970. */
WEIR_API weir_status weir_event_set_timestamp(weir_event *event, int32_t field, int64_t seconds, int32_t nanos,
                                              weir_error *err);
WEIR_API weir_status weir_event_set_duration(weir_event *event, int32_t field, int64_t nanos, weir_error *err);
/* list<string>; of an entity whose base is string, too. */
WEIR_API weir_status weir_event_set_str_list(weir_event *event, int32_t field, const weir_str *values, size_t n,
                                             weir_error *err);
/* Any type, from one JSON value, converted as in weir_event_read_json; null makes it absent. */
WEIR_API weir_status weir_event_set_json(weir_event *event, int32_t field, weir_str json, weir_error *err);
/* Absent: allowed for any field; whether it may be is checked by evaluation. */
WEIR_API weir_status weir_event_set_absent(weir_event *event, int32_t field, weir_error *err);

/* The whole event from one JSON object. Keys are the fields' names, or what weir.yaml maps to them; other keys are
 * ignored. Every field is replaced: one whose key is missing or null becomes absent. Timestamps are RFC 3339 text (or
 * as weir.yaml says), durations text such as "1h30m", bytes base64. WEIR_E_DATA names the field; the event is then
 * cleared, and one made by weir_event_create_any has no type. */
WEIR_API weir_status weir_event_read_json(weir_event *event, weir_str json, weir_error *err);

/* Every field absent; memory is kept for the next event. Nothing if event is NULL. */
WEIR_API void weir_event_clear(weir_event *event);
WEIR_API void weir_event_release(weir_event *event);

/* ---- Sessions: evaluation and state ----------------------------------------------------------------------------- */

/* Features, labels, `once` and `limit` are state, moved on by a session's events in the order they are evaluated, also
 * those of one time stamp: the same events give the same verdicts. Sessions made by weir_session_create share nothing
 * but the rule set. To use several threads on one state, make a session for each with weir_session_share. */

typedef struct weir_session_options {
  uint32_t struct_size;
  uint32_t measure_cost;    /* 1: sample what each rule costs, for weir_rule_stats */
  int64_t max_steps;        /* one event may take, all rules together; beyond it rules end in an error. Default 10^7 */
  int64_t lateness_ns;      /* how far behind the newest event of its type one may be and still count, for all event
                             * types. Default: weir.yaml's for each, or 0 */
  uint64_t max_state_bytes; /* beyond it the keys of features not touched for longest are forgotten, as if never seen.
                             * Labels may take half of it, then new ones are not set; keys of `once` a quarter, then the
                             * oldest are forgotten. Default: weir.yaml's, or 4 GiB */
} weir_session_options;

/* options may be NULL. State starts empty. */
WEIR_API weir_status weir_session_create(const weir_ruleset *ruleset, const weir_session_options *options,
                                         weir_session **session_out, weir_error *err);

/* A second session, and a third, on the state of this one, with its options: for another thread. Each is used by one
 * caller at a time, as ever; they lock the state where they meet in it. What one event writes, events of all sessions
 * see once its weir_session_eval has returned. Verdicts are those of one thread if the events of a key (of a feature, a
 * label, a `once`) are evaluated one after another in their order, in whichever session, and either events come in
 * order of time or weir_session_observe is called as it says. A rule's `limit` counts over all sessions, so where it
 * trips within a burst depends on the threads. Statistics of rules are each session's own; the state lives as long as
 * any of its sessions. */
WEIR_API weir_status weir_session_share(weir_session *session, weir_session **session_out, weir_error *err);

/* The event is evaluated by another session of the same state. Whether events are late is judged by the newest one
 * their session has seen: a host that divides a stream whose events are out of order tells every session of every
 * event, in the stream's order. Nothing but that time is taken. Errors as weir_session_eval. */
WEIR_API weir_status weir_session_observe(weir_session *session, const weir_event *event, weir_error *err);

/* Writes the state of the session, and so of all that share it, to a file: under a temporary name beside it, forced to
 * the disk and renamed, so that the file is there whole or not at all. Evaluations of sessions that share the state go
 * on: they wait neither for the copy nor for the disk. WEIR_E_IO if the file cannot be written. */
WEIR_API weir_status weir_session_snapshot(weir_session *session, weir_str path, weir_error *err);

/* Gives the session the state of a snapshot in place of its own; sessions that shared that keep it. The rules need not
 * be those that wrote the file: what is defined alike is taken (see weir_session_adopt). WEIR_E_IO if the file cannot
 * be read; WEIR_E_DATA if it is damaged, cut off, or of a version that this library does not read; WEIR_E_ARG if the
 * session's state is kept in a directory (weir_session_keep). */
WEIR_API weir_status weir_session_restore(weir_session *session, weir_str path, weir_error *err);

enum {
  WEIR_SYNC_INTERVAL = 0, /* the log is forced to the disk every so often, by a thread */
  WEIR_SYNC_COMMIT = 1,   /* before a call returns */
  WEIR_SYNC_SYSTEM = 2    /* when the operating system does: a power cut may lose tens of seconds */
};

typedef struct weir_keep_options {
  uint32_t struct_size;
  uint32_t sync;            /* WEIR_SYNC_… Of a process that is killed nothing is lost whatever is chosen here */
  int64_t sync_interval_ns; /* of WEIR_SYNC_INTERVAL, in whole milliseconds. Default 100 ms */
  uint32_t keep_snapshots;  /* how many stay. Default 2 */
  uint32_t no_log;          /* 1: a crash loses what came after the last weir_session_checkpoint */
} weir_keep_options;

typedef struct weir_recovery {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t inputs;          /* in the state, ever: events and changes by hand. 0: the directory was empty */
  uint64_t snapshot_inputs; /* of them, those in the snapshot; the rest were evaluated again from the log */
  uint64_t refused;         /* of the log, those that do not fit the rules of today and were left out */
  uint64_t cut_bytes;       /* of an input that a crash cut off while it was written: its call had not returned */
  weir_str warnings;        /* snapshots that could not be used, and why: lines; borrowed until the next
                             * weir_session_keep of the session */
} weir_recovery;

/* Keeps the session's state in a directory from now on, so that it outlives the process; docs/durability.md describes
 * the files, which `weir state` reads. The state begins as what the directory holds, and what the session had is gone
 * (sessions that shared that keep it). Then every event and every change by hand is logged before its call returns:
 * whenever the process ends, another one goes on from there. The rules may have changed meanwhile: what is defined
 * alike goes on, as in weir_session_adopt. Sessions made by weir_session_share afterwards log to the same directory;
 * where their events meet in one key, it is the log's order that counts after a restart. The directory is made if it is
 * not there, and locked until the last session of the state is released. recovery may be NULL; options, too.
 *
 * WEIR_E_IO: files cannot be made, read or written. WEIR_E_CONFLICT: another process, or session, uses the directory.
 * WEIR_E_DATA: what is there is damaged beyond what snapshots and log can make good. The session is then as it was.
 *
 * From here on weir_session_eval, weir_session_eval_arrow and weir_session_change are WEIR_E_IO if the log cannot be
 * written, and so is every later one: the state must not get ahead of what a restart would find. */
WEIR_API weir_status weir_session_keep(weir_session *session, weir_str directory, const weir_keep_options *options,
                                       weir_recovery *recovery, weir_error *err);

/* Takes a snapshot in the session's directory, so that the log before it can go: a host does so every few minutes, on a
 * thread and session of its own (weir_session_share), and before it ends. Returns when it is on the disk; evaluations
 * of other sessions go on: they wait neither for the copy nor for the disk. WEIR_E_ARG: there is no directory.
 * WEIR_E_IO: it cannot be written; the snapshots before it and the log stay. */
WEIR_API weir_status weir_session_checkpoint(weir_session *session, weir_error *err);

/* The session goes over to other rules and takes its state along: what is defined alike in both, wherever it stands in
 * their texts, goes on (a feature by its whole definition but for its name, a label by name and entity, `once` and
 * `limit` by rule id and clause; lists are read anew). A feature that is new or means something else now is warming:
 * missing until its window has passed. Statistics begin anew. Events made for the old rules still fit, as in
 * weir_slot_publish.
 *
 * State has one set of rules. Once one of several sessions that share it has gone over, weir_session_eval of the others
 * evaluates nothing and is WEIR_E_CONFLICT until each has adopted the same rule set. So a server that watches a slot
 * pins it when the generation moves, and each of its threads adopts what was pinned before its next event. */
WEIR_API weir_status weir_session_adopt(weir_session *session, const weir_ruleset *ruleset, weir_error *err);

/* How many features of the session are warming; the names of the first `max` of them, of the rule set, in *names (which
 * may be NULL if max is 0). Features over `last N` and sessions warm up key by key and stay in this count. */
WEIR_API size_t weir_session_warming(const weir_session *session, weir_str *names, size_t max);

enum {
  WEIR_TRACE_NONE = 0,
  WEIR_TRACE_HITS = 1, /* explain the rules that are hits of this event */
  WEIR_TRACE_ALL = 2   /* explain every rule on this event type that is not off, whether it fired or not */
};

typedef struct weir_eval_options {
  uint32_t struct_size;
  uint32_t trace; /* WEIR_TRACE_… Costs about as much as interpreting the rules explained. */
  /* How long the call may take by the clock; 0: as long as it takes, which max_steps bounds. When the time is over
   * before the rules are through, no rule has a say or an effect: the verdict is the one that weir.yaml declares under
   * `protect: fail`, or allow, and the call is WEIR_E_LIMIT. Which events that are depends on the machine.
   *
   * Only rules are under the limit. What comes before them is done whole: the event counts in every feature, with
   * whatever their expressions take of max_steps, and is in the log of weir_session_keep; and so is what follows once
   * rules were through in time: effects, labels, the trace, the log's way to the disk. A replay (of that log, or `weir
   * run`) knows no clock: there such an event is evaluated whole, its rules have their effects, and what follows from
   * these may differ. */
  uint64_t timeout_ns;
} weir_eval_options;

/* Moves the state on by one event and decides. Failures of single rules are hits, not errors of the call. options may
 * be NULL.
 *
 * The event may have been made from another rule set (an earlier generation): its fields are matched by name. It fits
 * if each field of this rule set's event type has the same type there, or is not there and optional here; fields that
 * the rules do not know are ignored. Otherwise WEIR_E_SCHEMA.
 *
 * An event whose id is known is ignored: it changes nothing, and its verdict is that of the first, without hits. Ids
 * are remembered, by event type, for 10 minutes of event time or for the allowed lateness if that is longer, or as
 * weir.yaml says (`duplicates`). They must be yours, and not what a client may choose. Events without an id are all
 * different.
 *
 * A time more than a day (`ahead` in weir.yaml) ahead of the newest of its type does not move on what is late, until
 * the next event has reached it too: one wrong clock does not make all others late.
 *
 * WEIR_E_LIMIT: timeout_ns was over; *verdict_out is set, and has the declared verdict.
 *
 * WEIR_E_DATA, and nothing is changed: a required field, `time` among them, is absent. An absent id reads "".
 *
 * WEIR_E_NOMEM: there is no verdict, and nothing remains of the event but what features had counted of it by then (and
 * a label that it took away). Evaluate it again, under its id or without one: it decides as it would have, and features
 * may have counted it twice. */
WEIR_API weir_status weir_session_eval(weir_session *session, const weir_event *event, const weir_eval_options *options,
                                       weir_verdict **verdict_out, weir_error *err);

/* Whether the entity `key` bears the label at an instant: 1 or 0 in *has. A label on an entity whose base is int takes
 * the key as decimal text, and anything else is WEIR_E_DATA. What the last event wrote is in force. WEIR_E_SCHEMA if no
 * such label is declared; WEIR_E_ARG for an instant outside of years 1678 to 2262. */
WEIR_API weir_status weir_session_has_label(weir_session *session, weir_str label, weir_str key, int64_t seconds,
                                            int32_t nanos, int32_t *has, weir_error *err);

/* The labels that an entity bears at an instant: takes stock, for weir_session_label, and stores how many there are in
 * *count. Arguments and errors as for weir_session_has_label; `entity` is the name of an entity type. */
WEIR_API weir_status weir_session_label_count(weir_session *session, weir_str entity, weir_str key, int64_t seconds,
                                              int32_t nanos, size_t *count, weir_error *err);

typedef struct weir_label {
  uint32_t struct_size;
  uint32_t by_hand; /* 1: set by weir_session_change, 0: by a rule */
  weir_str name;
  weir_str rule_id;    /* of the rule that set it last; empty if by_hand, or if the rules do not have it any more */
  weir_str origin;     /* the id of the event it was set on, or who set it by hand; cut after 39 bytes */
  uint64_t generation; /* of the rules that set it */
  int64_t set_s;       /* time of that event, or of the change */
  int64_t expires_s;   /* when it ends, exclusive; INT64_MAX: never */
  int32_t set_ns, expires_ns;
} weir_label;

/* In order of declaration; texts are borrowed until the next weir_session_label_count. */
WEIR_API weir_status weir_session_label(const weir_session *session, size_t i, weir_label *label);

typedef struct weir_limit {
  uint32_t struct_size;
  uint32_t tripped;           /* 1: the rule counts as shadow, as of the newest event */
  uint64_t fires;             /* within the window, if it is not tripped */
  uint64_t count;             /* it takes so many */
  int64_t per_ns;             /* in so long */
  int64_t tripped_s, until_s; /* if tripped: since when, and when it ends if nobody resets it */
  int32_t tripped_ns, until_ns;
} weir_limit;

/* The state of a rule's `limit`. WEIR_E_ARG if there is no such rule, WEIR_E_SCHEMA if it has no limit. */
WEIR_API weir_status weir_session_get_limit(const weir_session *session, size_t rule, weir_limit *limit);

typedef struct weir_protection {
  uint32_t struct_size;
  uint32_t tripped;                       /* WEIR_TRIP_… as of the newest event */
  uint64_t errors, overruns;              /* within their windows, if it is not tripped */
  uint64_t max_errors, max_overruns;      /* more trip it; see weir.yaml's `protect` */
  int64_t errors_per_ns, overruns_per_ns; /* 0: nothing of that kind trips it */
  int64_t steps;                          /* more, of one measured evaluation, are an overrun */
  uint32_t verdict;                       /* WEIR_VERDICT_… it states while it is tripped; allow: it is quiet */
  int32_t tripped_ns;
  int64_t tripped_s, until_s; /* if tripped: since when, and when it ends if nobody resets it */
  int32_t until_ns;
  uint32_t reserved;
} weir_protection;

enum { WEIR_TRIP_NONE = 0, WEIR_TRIP_ERRORS = 1, WEIR_TRIP_OVERRUNS = 2 };

/* The state of a rule's protection. WEIR_E_ARG if there is no such rule, WEIR_E_SCHEMA if it has none. */
WEIR_API weir_status weir_session_get_protection(const weir_session *session, size_t rule, weir_protection *protection);

/* ---- Changes by hand --------------------------------------------------------------------------------------------- */

/* What people change while events are served: labels, snoozes, limits, lists. Like events, changes are inputs of the
 * state: a replay that has them in the same places gives the same verdicts. */

enum {
  WEIR_CHANGE_SET_LABEL = 0,
  WEIR_CHANGE_CLEAR_LABEL = 1,
  WEIR_CHANGE_SNOOZE = 2,       /* the rule's hits are WEIR_OUTCOME_SNOOZED and have no effects */
  WEIR_CHANGE_END_SNOOZE = 3,   /* of the same rule and key */
  WEIR_CHANGE_RESET_LIMIT = 4,  /* the rule is not tripped any more, and counts fires, errors and overruns anew */
  WEIR_CHANGE_REPLACE_LIST = 5, /* its entries are these now */
  WEIR_CHANGE_ADD_TO_LIST = 6,
  WEIR_CHANGE_REMOVE_FROM_LIST = 7
};

typedef struct weir_change {
  uint32_t struct_size;
  uint32_t kind;          /* WEIR_CHANGE_… */
  weir_str name;          /* the label; the rule, by id or name; or the list */
  weir_str key;           /* labels: the entity. Snoozes: for this key only, the one of `once per` or else of the first
                           * effect; {NULL, 0}: whatever the key. Numbers as decimal text */
  const weir_str *values; /* lists: the entries, as they would stand in the list's file */
  size_t value_count;
  int64_t time_s;  /* event time as of which it is made; 0 s and 0 ns: of the newest event */
  int64_t until_s; /* labels, snoozes: event time when it ends, exclusive; 0 s and 0 ns: the label's max age, or
                    * never */
  int32_t time_ns, until_ns;
  weir_str by;     /* who makes it */
  weir_str reason; /* and why */
} weir_change;

/* Puts a change into force, for all sessions that share the state: an event being evaluated goes on as it was, the next
 * one sees the change. Replacing a list takes time in proportion to its size (so does now and then one of many
 * additions and removals, and every removal from a list of networks, domains or patterns), during which other sessions
 * go on with the old one, so a host that serves on this thread had better do it on another, with a session of its own
 * (weir_session_share). WEIR_E_SCHEMA: the rules have no such label, rule or list. WEIR_E_DATA: a malformed key or
 * entry. WEIR_E_ARG: it would end before it begins, or the rule has no limit, or no key. WEIR_E_LIMIT: no room for
 * another label. WEIR_E_IO: the change is in force but could not be written to the audit log, which takes no more. */
WEIR_API weir_status weir_session_change(weir_session *session, const weir_change *change, weir_error *err);

/* From now on every change to the state is written to the audit log at `path`, on the disk before weir_session_change
 * returns: docs/state.md has the format, which `weir state audit verify` checks and `weir run --changes` replays. Holds
 * for all sessions that share the state. The file is made if it is not there, else continued. WEIR_E_IO: it cannot be
 * opened, or another process writes it. WEIR_E_DATA: what is there was altered. */
WEIR_API weir_status weir_session_audit(weir_session *session, weir_str path, weir_error *err);

typedef struct weir_list_info {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t version; /* 1: as loaded with the rules; each change is one more */
  uint64_t entries; /* distinct ones */
  weir_str hash;    /* of the entries, 32 hexadecimal digits; borrowed until the next weir_session_get_list */
} weir_list_info;

/* WEIR_E_SCHEMA if the rules have no such list. Takes time in proportion to the list. */
WEIR_API weir_status weir_session_get_list(weir_session *session, weir_str name, weir_list_info *info, weir_error *err);

typedef struct weir_snooze {
  uint32_t struct_size;
  uint32_t has_key; /* 0: whatever the key */
  uint64_t rule;    /* its number */
  weir_str key, by, reason;
  int64_t since_s, until_s; /* until, exclusive; INT64_MAX: until it is ended */
  int32_t since_ns, until_ns;
} weir_snooze;

/* The snoozes in force as of the newest event: takes stock and returns how many there are, in order of rules. Texts are
 * borrowed until the next time. */
WEIR_API size_t weir_session_snooze_count(weir_session *session);
WEIR_API weir_status weir_session_snooze(const weir_session *session, size_t i, weir_snooze *snooze);

/* ---- Batches of events: the Arrow C Data Interface ------------------------------------------------------------- */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

/* Evaluates a record batch: each row is an event of the type `schema`, in order, with the same results as
 * weir_session_eval one by one, and sooner where there are many rules. `type` and `rows` are a struct and its columns,
 * borrowed for the call and read in place; the caller releases them. Columns are found by the fields' names, others are
 * not looked at; null is absent. Types: bool; every integer for int, uint and double fields; float and double; utf8
 * and large_utf8, binary and large_binary; timestamp and duration of any unit; list and large_list of these;
 * dictionaries of these.
 *
 * *result is a struct with a row for each event: "verdict" and "shadow_verdict" (uint8, WEIR_VERDICT_…), "score" and
 * "shadow_score" (double), "duplicate" (bool), "hits" (list of struct of "rule", uint32, its number, and "outcome",
 * uint8, WEIR_OUTCOME_…). Both results are the caller's, who ends them by their own `release`; on failure their
 * `release` is NULL.
 *
 * WEIR_E_SCHEMA: a column is missing or of another type. WEIR_E_DATA: a value is malformed (offsets that go back, an
 * index beyond its dictionary, text that is not UTF-8), a number is out of the field's range, or a required field is
 * null; nothing was evaluated then. WEIR_E_NOMEM: some events at the beginning may have been evaluated, which
 * weir_session_stats counts. The interface does not tell how large buffers are: they must be as large as lengths and
 * offsets say. */
WEIR_API weir_status weir_session_eval_arrow(weir_session *session, const weir_schema *schema,
                                             const struct ArrowSchema *type, const struct ArrowArray *rows,
                                             struct ArrowSchema *result_type, struct ArrowArray *result,
                                             weir_error *err);

/* The same within timeout_ns by the clock, of the whole batch, from when its rows have been read; 0: no limit. *result
 * has one column more, the last: "expired" (bool). Of an event whose rules were not through by then, and of all after
 * it, the verdict is the declared one, as weir_eval_options.timeout_ns says, and the call is WEIR_E_LIMIT; the results
 * are set all the same. What rules look for in many events together is found for up to 128 at a time, and not cut
 * short: by so much, and the features of the events that are left, the limit may be overrun. */
WEIR_API weir_status weir_session_eval_arrow_within(weir_session *session, const weir_schema *schema,
                                                    const struct ArrowSchema *type, const struct ArrowArray *rows,
                                                    uint64_t timeout_ns, struct ArrowSchema *result_type,
                                                    struct ArrowArray *result, weir_error *err);

/* ---- Statistics -------------------------------------------------------------------------------------------------- */

typedef struct weir_session_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t generation;       /* of its rule set */
  uint64_t events;           /* evaluated */
  uint64_t late_events;      /* of these, too late for the window of at least one feature */
  uint64_t state_bytes;      /* in use now, approximately */
  uint64_t duplicate_events; /* of the events: ignored, as one with their id came before (see weir_session_eval) */
  uint64_t ahead_events;     /* of the events: their time was further ahead than one alone may move the clock */
  uint64_t expired_events;   /* of the events: timeout_ns was over */
} weir_session_stats;

typedef struct weir_rule_stats { /* since the session began */
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t fired, suppressed, tripped, errors, missing; /* see weir_hit::outcome */
  uint64_t cost_samples, cost_ns;                       /* with measure_cost: evaluations measured, and their time */
  uint64_t snoozed;
  uint64_t quarantined; /* events of its type while its protection had tripped: it was not evaluated */
} weir_rule_stats;

typedef struct weir_cause {
  uint32_t struct_size;
  uint32_t outcome; /* WEIR_OUTCOME_ERROR or _MISSING */
  uint64_t rule;    /* its number */
  uint64_t count;
  weir_str text; /* "division by zero", "`ip` is missing"; borrowed until the next weir_session_cause_count */
} weir_cause;

WEIR_API weir_status weir_session_get_stats(const weir_session *session, weir_session_stats *stats);
WEIR_API weir_status weir_session_get_rule_stats(const weir_session *session, size_t rule, weir_rule_stats *stats);
/* Why rules ended in error or missing: takes stock and returns how many causes there are, most frequent first. */
WEIR_API size_t weir_session_cause_count(weir_session *session);
WEIR_API weir_status weir_session_cause(const weir_session *session, size_t i, weir_cause *cause);
WEIR_API void weir_session_release(weir_session *session);

/* ---- Verdicts -------------------------------------------------------------------------------------------------- */

enum { WEIR_VERDICT_ALLOW = 0, WEIR_VERDICT_REVIEW = 1, WEIR_VERDICT_CHALLENGE = 2, WEIR_VERDICT_BLOCK = 3 };

typedef struct weir_verdict_info {
  uint32_t struct_size;
  uint32_t verdict;        /* WEIR_VERDICT_…, of live rules */
  uint32_t shadow_verdict; /* as if shadow rules were live */
  uint32_t reserved;
  uint64_t generation; /* of the rules that decided */
  double score, shadow_score;
  size_t hit_count, effect_count;
  uint32_t duplicate; /* 1: the event was ignored; the verdicts are those of the first with its id */
  uint32_t reserved2;
} weir_verdict_info;

enum {
  WEIR_OUTCOME_FIRED = 0,      /* `when` is true */
  WEIR_OUTCOME_SUPPRESSED = 1, /* true, but `once` has seen this key within its window */
  WEIR_OUTCOME_TRIPPED = 2,    /* true, but the rule's limit is exceeded: it counts as shadow */
  WEIR_OUTCOME_ERROR = 3,      /* `when` or an effect ended in an error: no effect */
  WEIR_OUTCOME_MISSING = 4,    /* `when` needs what is absent: no effect */
  WEIR_OUTCOME_SNOOZED = 5,    /* true, but the rule is snoozed: no effect */
  WEIR_OUTCOME_QUARANTINED = 6 /* not evaluated: its protection has tripped, and it states the verdict declared */
};

/* A rule that did something other than not fire. In order of rules. */
typedef struct weir_hit {
  uint32_t struct_size;
  uint32_t outcome;   /* WEIR_OUTCOME_… */
  uint32_t mode;      /* WEIR_MODE_… of the rule */
  uint32_t applied;   /* 1: it had its effects: it fired and is live */
  uint32_t alert;     /* 1: this event tripped the rule, by its limit or its protection: tell its owner */
  uint32_t line, col; /* of its name in file */
  uint32_t reserved;
  uint64_t rule;     /* its number */
  double score;      /* what it added; 0 unless applied */
  weir_str name, id; /* of the rule */
  weir_str because;  /* its `because`, filled in; empty unless it fired */
  weir_str cause;    /* error or missing: why; else empty */
  weir_str file;
} weir_hit;

enum {
  WEIR_EFFECT_LABEL = 0,
  WEIR_EFFECT_UNLABEL = 1,
  WEIR_EFFECT_VERDICT = 2,
  WEIR_EFFECT_ACTION = 3,
  WEIR_EFFECT_CASE = 4
};

/* What an applied rule did (label, unlabel: already part of the session's state) or asks the host to do (action, case).
 */
typedef struct weir_effect {
  uint32_t struct_size;
  uint32_t kind; /* WEIR_EFFECT_… */
  uint64_t rule; /* its number */
  weir_str rule_name;
  weir_str name;       /* of the label, the action, or the case's queue; empty for a verdict */
  weir_str key;        /* label, unlabel, case: the entity, numbers as decimal text; else empty */
  weir_str args;       /* action: a JSON object, arguments by parameter name; else empty */
  int64_t duration_ns; /* label: how long it lasts, 0 for ever; else 0 */
  uint32_t verdict;    /* verdict: WEIR_VERDICT_…; else 0 */
  uint32_t reserved;
} weir_effect;

WEIR_API weir_status weir_verdict_get(const weir_verdict *verdict, weir_verdict_info *info);
WEIR_API weir_status weir_verdict_hit(const weir_verdict *verdict, size_t i, weir_hit *hit);
WEIR_API weir_status weir_verdict_effect(const weir_verdict *verdict, size_t i, weir_effect *effect);

/* The whole verdict as one line of JSON. Members: "event", "id", "verdict", "shadow_verdict", "score", "shadow_score",
 * "generation", "duplicate" if the event was ignored, "hits" (each "rule", "id", "outcome", "mode", "applied", "score",
 * and "because", "cause", "alert" where they say something) and "effects" (each "kind", "rule", and "label", "queue",
 * "action", "key", "for_ns", "verdict", "args" as the kind has them). {NULL, 0} only if memory has run out. */
WEIR_API weir_str weir_verdict_json(const weir_verdict *verdict);

/* Why, as JSON: an array with one object for each rule that the trace covers, in order of rules: {"rule", "id",
 * "outcome", "decided_by": [the sub-expressions that settled the outcome: {"source", "value", "file", "line",
 * "column"}], "tree":
 * {"source", "outcome", "value", "decisive", "file", "line", "column", "children": […]}}. {NULL, 0} without a trace. */
WEIR_API weir_str weir_verdict_explain(const weir_verdict *verdict);
WEIR_API void weir_verdict_release(weir_verdict *verdict);

/* ---- Slots: swapping rules while serving ------------------------------------------------------------------------ */

/* A slot holds the current rule set and its generation: 0 while it is empty, then 1, 2, … Readers pin what is current
 * and keep it as long as they like; a publish never waits for them. A failed publish changes nothing.
 *
 * `schemas` are the events the host sends. A rule set whose event types they do not fit (see weir_session_eval; here a
 * field that may be absent does not fit one that is required), or that lacks one of them, is refused with
 * WEIR_E_SCHEMA. n may be 0: everything is accepted. */
WEIR_API weir_status weir_slot_create(const weir_engine *engine, const weir_schema *const *schemas, size_t n,
                                      weir_slot **slot_out, weir_error *err);

/* Wins only if `expected` is the current generation, else WEIR_E_CONFLICT. The new generation is stored in *generation,
 * which may be NULL; on failure the current one is. An engine with trusted keys does not go back: a bundle whose
 * release number is below that of the current one, or of another name, is WEIR_E_TRUST. To undo a release, release the
 * rules before it again. */
WEIR_API weir_status weir_slot_publish(weir_slot *slot, const weir_ruleset *ruleset, uint64_t expected,
                                       uint64_t *generation, weir_error *err);

/* The current rule set as a handle of the caller's, which knows its generation. WEIR_E_ARG while the slot is empty. */
WEIR_API weir_status weir_slot_pin(weir_slot *slot, weir_ruleset **ruleset_out, uint64_t *generation, weir_error *err);

/* The current generation, without locking: cheap enough to compare before each event. */
WEIR_API uint64_t weir_slot_generation(const weir_slot *slot);
WEIR_API void weir_slot_release(weir_slot *slot);

/* weir_compile_files and weir_slot_publish in one: what fails changes nothing and is noted in the slot's status, with
 * diagnostics. Arguments and errors are those of the two; *diags_out (diags_out may be NULL) is set whenever the
 * compiler ran. */
WEIR_API weir_status weir_slot_load(weir_slot *slot, const weir_str *paths, size_t n,
                                    const weir_compile_options *options, uint64_t expected, uint64_t *generation,
                                    weir_diags **diags_out, weir_error *err);

/* For hosts that compile for themselves: notes in the status that a load failed. `source` says what was tried,
 * `failure` is what the compilation filled; diags may be NULL. All is copied. (Failed publishes are noted by
 * weir_slot_publish.)
 */
WEIR_API weir_status weir_slot_note_failure(weir_slot *slot, weir_str source, const weir_error *failure,
                                            const weir_diags *diags, weir_error *err);

/* From now on what the slot goes through is written to the audit log at `path`: publishes, failures, and the steps of
 * rollouts, on the disk before the call that takes them returns. A file of its own, of the format of
 * weir_session_audit's. Where it cannot be written later on, the steps are taken all the same, and the status says so.
 * WEIR_E_IO, WEIR_E_DATA: as weir_session_audit. */
WEIR_API weir_status weir_slot_audit(weir_slot *slot, weir_str path, weir_error *err);

typedef struct weir_watch_options {
  uint32_t struct_size;
  uint32_t settle_ms; /* how long files must have been at rest before they are loaded. Default 200 */
  uint32_t poll_ms;   /* how often to look where notifications cannot be had, and a tenth as often where they can.
                       * Default 1000 */
  uint32_t no_notifications; /* 1: look only */
} weir_watch_options;

/* From now on the slot follows a rule set on disk (`paths` as in weir_compile_files): whenever its files have changed,
 * a thread of the library compiles and publishes them. What is there already is loaded too, unless the slot has a rule
 * set of the same texts (load with weir_slot_load first, then nothing is missed in between). A load that fails changes
 * nothing and is in the status: a file that is gone, halfway written, or wrong. If somebody else publishes while it
 * compiles, it loses, says so in the status, and waits for the next change.
 *
 * Files are followed however they are written: in place, by rename, by swapped symbolic links. Lists outside of the
 * directory are seen only if they are among the paths. compile and options may be NULL. One watch a slot. */
WEIR_API weir_status weir_slot_watch(weir_slot *slot, const weir_str *paths, size_t n,
                                     const weir_watch_options *options, const weir_compile_options *compile,
                                     weir_watch **watch_out, weir_error *err);
/* Ends it, after a load that is under way; so does its release. A child after fork() has no watch. */
WEIR_API void weir_watch_stop(weir_watch *watch);
WEIR_API void weir_watch_release(weir_watch *watch);

enum { WEIR_WATCH_NONE = 0, WEIR_WATCH_NOTIFIED = 1, WEIR_WATCH_POLLING = 2 /* see watch_note */ };

typedef struct weir_slot_info {
  uint32_t struct_size;
  uint32_t watch; /* WEIR_WATCH_… */
  uint64_t generation;
  uint64_t publishes, failures, conflicts; /* since the slot was made. A conflict is no failure */
  int64_t published_s;                     /* wall clock; 0 while the slot is empty */
  int32_t published_ns;
  uint32_t failing;        /* 1: the last load or publish failed, and the generation is what was there before */
  weir_str source;         /* what the current rules were loaded from; empty if the host published them itself */
  weir_str hash;           /* of the current rules: weir_ruleset_hash */
  weir_str digest;         /* weir_ruleset_digest */
  uint64_t release_number; /* weir_ruleset_release_number */
  weir_str watch_note;     /* why it polls */
  /* The last failure; it stays here when a later load succeeds. */
  weir_status failure; /* WEIR_OK: there was none */
  int32_t failed_ns;
  int64_t failed_s;           /* wall clock */
  uint64_t failed_generation; /* which went on */
  weir_str failed_source, failed_message;
  weir_str audit_note; /* why steps are missing from the audit log; empty if none are */
} weir_slot_info;

WEIR_API weir_status weir_slot_get_status(const weir_slot *slot, weir_slot_status **status_out, weir_error *err);
WEIR_API weir_status weir_slot_status_get(const weir_slot_status *status, weir_slot_info *info);
/* Of the last failure, borrowed; NULL if there was none or the compiler did not run. */
WEIR_API const weir_diags *weir_slot_status_diags(const weir_slot_status *status);
/* All of it as one JSON object. Members: "generation", "publishes", "failures", "conflicts", "failing", "watch"
 * ("none", "notified", "polling"), "watch_note"; of the current rules "published" (time), "source", "hash", "rules"
 * (how many), "digest", "release"; of the last failure "failure": {"status", "generation", "time", "source", "message",
 * "diagnostics" (text)}. */
WEIR_API weir_str weir_slot_status_json(const weir_slot_status *status);
WEIR_API void weir_slot_status_release(weir_slot_status *status);

/* ---- Rollouts: a candidate beside the rules that serve ----------------------------------------------------------- */

/* The rules of the slot go on deciding, and a candidate is evaluated with them in one pass: what both have in common is
 * computed once. The candidate reads the features and labels that there are; its labels and actions are not carried
 * out. Its new features are kept from now on, so that they are warm when it takes over. */

typedef struct weir_rollout_options {
  uint32_t struct_size;
  uint32_t as_live;        /* 1: verdicts are compared as if shadow rules were live */
  uint64_t events;         /* decide by itself after so many; 0: weir.yaml of the candidate says when, or people */
  double max_alert_change; /* conditions; 0: not asked. |candidate's alerts - live alerts| / live alerts */
  double min_overlap;      /* alerts that both raise, of all that either does */
  double min_precision;    /* of the candidate's alerts that were labelled (weir_rollout_label) */
  uint64_t min_labelled;   /* of these, before the precision is judged. Default 100 */
  double max_error_rate;   /* errors of rules that only the candidate has, an event */
  uint64_t max_events;     /* without labels enough by then it is rolled back. Default: ten times `events` */
  uint32_t samples;        /* of events whose verdict differs. Default 20 */
  uint32_t remembered;     /* events that can be labelled: the last so many. Default 100,000 */
  weir_str by, reason;     /* for the audit log */
} weir_rollout_options;

/* Publishes the slot's rules and the candidate together, as a new generation; sessions adopt it as any other. Ends by
 * another publish: of the candidate if the conditions hold, else of the rules that were there before; or by
 * weir_rollout_end. options may be NULL. WEIR_E_SCHEMA: the two disagree on the type of a field. WEIR_E_CONFLICT:
 * somebody published meanwhile, or a rollout is under way. WEIR_E_ARG: the slot is empty. Verdicts are the live rules'
 * and name them by the numbers they had; rules that only the candidate has come after them. */
WEIR_API weir_status weir_rollout_start(weir_slot *slot, const weir_ruleset *candidate,
                                        const weir_rollout_options *options, weir_rollout **rollout_out,
                                        weir_error *err);
/* Whether an event, by its id, was what the rules look for. WEIR_E_DATA: it is not remembered. May decide. */
WEIR_API weir_status weir_rollout_label(weir_rollout *rollout, weir_str event_id, int32_t positive, weir_error *err);
/* Promotes the candidate (1) or rolls it back (0). WEIR_E_CONFLICT: it has ended, or somebody else has published. */
WEIR_API weir_status weir_rollout_end(weir_rollout *rollout, int32_t promote, weir_str by, weir_str reason,
                                      weir_error *err);
/* Does not end it. A weir_rollout locks inside and may always be shared. */
WEIR_API void weir_rollout_release(weir_rollout *rollout);

enum {
  WEIR_ROLLOUT_RUNNING = 0,
  WEIR_ROLLOUT_PROMOTED = 1,
  WEIR_ROLLOUT_ROLLED_BACK = 2,
  WEIR_ROLLOUT_OVERTAKEN = 3 /* somebody else has published */
};

typedef struct weir_rollout_info {
  uint32_t struct_size;
  uint32_t state;      /* WEIR_ROLLOUT_… */
  uint64_t generation; /* of the two together; then of what came after */
  uint64_t events;
  uint64_t changed, stricter, milder;                  /* verdicts, the candidate's beside the live one */
  uint64_t live_alerts, candidate_alerts, both_alerts; /* verdicts stricter than allow */
  uint64_t candidate_errors;                           /* of rules that only the candidate has */
  uint64_t labelled, live_true, live_labelled_alerts, candidate_true, candidate_labelled_alerts;
  size_t rule_count, sample_count;
  weir_str why; /* it ended so; empty while it runs */
} weir_rollout_info;

enum {
  WEIR_RULE_SAME = 0,
  WEIR_RULE_MODE = 1, /* the same in another mode */
  WEIR_RULE_CHANGED = 2,
  WEIR_RULE_ADDED = 3,
  WEIR_RULE_REMOVED = 4
};

typedef struct weir_rollout_rule {
  uint32_t struct_size;
  uint32_t change;                /* WEIR_RULE_… */
  weir_str id, name;              /* the candidate's name, if it has the rule */
  uint64_t live, candidate, both; /* events on which it fired */
  uint64_t live_errors, candidate_errors;
} weir_rollout_rule;

WEIR_API weir_status weir_rollout_get_report(const weir_rollout *rollout, weir_rollout_report **report_out,
                                             weir_error *err);
WEIR_API weir_status weir_rollout_report_get(const weir_rollout_report *report, weir_rollout_info *info);
WEIR_API weir_status weir_rollout_report_rule(const weir_rollout_report *report, size_t i, weir_rollout_rule *rule);
/* All of it as one JSON object: "state", "generation", "why", "events", "changed", "stricter", "milder", "live_alerts",
 * "candidate_alerts", "both_alerts", "candidate_errors", "transitions" (four rows of four counts, [live][candidate] in
 * order of WEIR_VERDICT_…), "rules" (those that differ: "id", "name", "change", "live", "candidate", "both",
 * "candidate_errors") and "samples" (events whose verdict differs: "id", "event", "time", "live", "candidate",
 * "only_live", "only_candidate"). */
WEIR_API weir_str weir_rollout_report_json(const weir_rollout_report *report);
WEIR_API void weir_rollout_report_release(weir_rollout_report *report);

#ifdef __cplusplus
} /* extern "C" */

namespace weir_detail {
template <typename T>
inline T init() {
  T value = {};
  value.struct_size = sizeof(T);
  return value;
}
} /* namespace weir_detail */
#endif

#endif /* WEIR_WEIR_H */
