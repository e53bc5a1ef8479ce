// One record to one row: every type, every way to be wrong.
#include <gmock/gmock.h>

#include "tests/unit/io/io_test_util.h"

namespace weir::io {
namespace {

using testing::ElementsAre;

struct Case {
  const char* type;
  const char* json;  // the value of key "f"; empty: no such key
  const char* want;  // literal of the field, or "cause: message" of the rejection
};

// So that a test's name is what it tests, and the same in every run.
void PrintTo(const Case& c, std::ostream* out) { *out << c.type << " from " << c.json; }

class JsonValue : public testing::TestWithParam<Case> {};

TEST_P(JsonValue, Decodes) {
  const Case& c = GetParam();
  ir::Program program;
  add_event(&program, "e", {{"f", c.type}});
  TempDir dir;
  std::string value = *c.json == 0 ? "" : std::string(R"(, "f": )") + c.json;
  std::string path = dir.write("log.jsonl", R"({"time": "2020-01-02T03:04:05Z")" + value + "}\n");
  ReadResult r = read_all(program, {}, {path});
  if (r.rejects.empty()) {
    EXPECT_THAT(r.rows, ElementsAre(std::string("e: ") + c.want)) << c.type << " from " << c.json;
  } else {
    EXPECT_THAT(r.rejects, ElementsAre(std::string("log.jsonl:1: ") + c.want)) << c.type << " from " << c.json;
    EXPECT_TRUE(r.rows.empty());
  }
}

const Case kCases[] = {
    {"bool", "true", "true"},
    {"bool", "1", "wrong_type: field `f`: expected bool, found a number"},
    {"int", "-7", "-7"},
    {"int", "12.0", "12"},
    {"int", "1e3", "1000"},
    {"int", "12.5", "wrong_type: field `f`: expected int, found 12.5"},
    {"int", "\"12\"", "wrong_type: field `f`: expected int, found a string"},
    {"int", "9223372036854775807", "9223372036854775807"},
    {"int", "9223372036854775808", "out_of_range: field `f`: 9223372036854775808 does not fit int"},
    {"int", "123456789012345678901234567890",
     "out_of_range: field `f`: 123456789012345678901234567890 does not fit int"},
    {"int", "1e19", "out_of_range: field `f`: 1e+19 does not fit int"},
    {"int", "{}", "wrong_type: field `f`: expected int, found an object"},
    {"int", "[1]", "wrong_type: field `f`: expected int, found an array"},
    {"int", "", "missing_required: field `f`: the record has no value for it"},
    {"int", "null", "missing_required: field `f`: the record has no value for it"},
    {"int?", "null", "-"},
    {"int?", "", "-"},
    {"int?", "\"x\"", "wrong_type: field `f`: expected int, found a string"},
    {"uint", "18446744073709551615", "18446744073709551615u"},
    {"uint", "-1", "out_of_range: field `f`: -1 does not fit uint"},
    {"double", "1", "1.0"},
    {"double", "1.5e3", "1500.0"},
    {"double", "123456789012345678901234567890", "1.2345678901234568e+29"},
    {"double", "1e400", "out_of_range: field `f`: 1e400 does not fit double"},
    {"double", "1e-400", "0.0"},
    {"string", R"("a\"bé😀\n")", R"("a\"bé😀\n")"},
    {"string", "\"a\xE2\x80\xA8z\"", "\"a\xE2\x80\xA8z\""},  // U+2028 is no line end
    {"string", R"("\ud83d")", "not_json: field `f`: malformed escape in a string"},
    {"string", "\"\xFF\"", "invalid_utf8: the line is not valid UTF-8"},
    {"string", "5", "wrong_type: field `f`: expected string, found a number"},
    {"Account", "\"u1\"", "\"u1\""},
    {"bytes", "\"YWI=\"", "b\"ab\""},
    {"bytes", "\"*\"", "wrong_type: field `f`: `*` is not base64, which bytes are written in"},
    {"timestamp", "\"2017-08-24T00:04:00.120Z\"", "timestamp(\"2017-08-24T00:04:00.12Z\")"},
    {"timestamp", "\"2017-08-24T02:04:00+02:00\"", "timestamp(\"2017-08-24T00:04:00Z\")"},
    {"timestamp", "\"2017-02-29T00:00:00Z\"",
     "wrong_type: field `f`: `2017-02-29T00:00:00Z` is no RFC 3339 time, such as 2017-08-24T00:04:00Z"},
    {"timestamp", "\"0000-01-01T00:00:00Z\"",
     "out_of_range: field `f`: `0000-01-01T00:00:00Z` is outside the years 1 to 9999"},
    {"timestamp", "17",
     "wrong_type: field `f`: expected a time as text, found a number; map it with format: unix or unix_ms if it is a "
     "number"},
    {"duration", "\"1h30m\"", "duration(\"5400s\")"},
    {"duration", "\"soon\"", "wrong_type: field `f`: `soon` is no duration, such as 1h30m or 1.5s"},
    {"list<int>", "[1, 2, 3.0]", "[1, 2, 3]"},
    {"list<int>", "[]", "[]"},
    {"list<int>", "[1, \"x\"]", "wrong_type: field `f`: expected int, found a string"},
    {"list<string>", "\"a b\"", "wrong_type: field `f`: expected list<string>, found a string"},
    {"map<string, int>", R"({"a": 1, "b": 2})", R"({"a": 1, "b": 2})"},
    {"map<string, list<int>>", R"({"a": [1]})", R"({"a": [1]})"},
    {"map<string, int>", R"({"a": 1, "a": 2})", "wrong_type: field `f`: an object has one key twice"},
    {"dyn", R"({"a": [1, "x", null, {"b": 1.5}]})", R"({"a": [1, "x", null, {"b": 1.5}]})"},
};
INSTANTIATE_TEST_SUITE_P(All, JsonValue, testing::ValuesIn(kCases));

TEST(JsonLine, WhatIsNoJsonObjectIsToldApart) {
  ir::Program program;
  add_event(&program, "e", {{"f", "int?"}});
  TempDir dir;
  const std::pair<const char*, const char*> lines[] = {
      {"hello", "the line is not valid JSON"},
      {"[1, 2]", "the line is JSON but not an object"},
      {R"({"time": "2020-01-02T03:04:05Z")", "unclosed object or array"},
      {R"({"time": "2020-01-02T03:04:05Z)", "unclosed string"},
      {R"({"time": "2020-01-02T03:04:05Z", "g": tru})", "the line is not valid JSON"},  // also where no field reads
      {R"({"time": "2020-01-02T03:04:05Z", "g": 01})", "the line is not valid JSON"},
      {R"({"time": "2020-01-02T03:04:05Z", "g": [1 2]})", "the line is not valid JSON"},
      {R"({"time": "2020-01-02T03:04:05Z", "g": "\q"})", "malformed escape in a string"},
      {R"({"time": "2020-01-02T03:04:05Z"} {})", "something follows the object on its line"},
      {R"({"time": "2020-01-02T03:04:05Z", "f" 1})", "the line is not valid JSON"},
  };
  for (auto [line, message] : lines) {
    ReadResult r = read_all(program, {}, {dir.write("log.jsonl", std::string(line) + "\n")});
    EXPECT_THAT(r.rejects, ElementsAre(std::string("log.jsonl:1: not_json: ") + message)) << line;
  }
  // A number no type holds is no fault where nobody reads it.
  ReadResult r = read_all(program, {}, {dir.write("log.jsonl", R"({"time": "2020-01-02T03:04:05Z", "g": 1e999})")});
  EXPECT_THAT(r.rows, ElementsAre("e: -"));
}

TEST(Mapping, PathsSplitsFormatsAndExtras) {
  ir::Program program;
  add_event(&program, "post",
            {{"author", "Account"}, {"urls", "list<string>"}, {"joined", "timestamp?"}, {"copy", "string"}});
  types::EventMapping m;
  m.event = "post";
  m.fields = {{"time", {"at", "", "unix"}},
              {"id", {"key", "", ""}},
              {"author", {"user.name", "", ""}},
              {"urls", {"links", " ", ""}},
              {"joined", {"user.since", "", "unix_ms"}},
              {"copy", {"user.name", "", ""}}};
  TempDir dir;
  std::string path = dir.write(
      "log.jsonl",
      R"({"at": 1.5, "key": 17, "links": "a  b", "user": {"since": 1500, "x": [1], "name": "u\t1"}, "label": 1})"
      "\n"
      R"({"user": {"name": "u2"}, "links": ["c"], "at": -1, "key": "k"})"
      "\n");
  PlanOptions options;
  options.extra_paths = {"label", "user.name"};
  ReadResult r = read_all(program, {m}, {path}, options);
  EXPECT_THAT(r.rows, ElementsAre(R"(post: "u\t1", ["a", "b"], timestamp("1970-01-01T00:00:01.5Z"), "u\t1"| 1, "u\t1")",
                                  R"(post: "u2", ["c"], -, "u2"| -, "u2")"));
  EXPECT_TRUE(r.rejects.empty());
}

TEST(Mapping, MistakesAreNamed) {
  ir::Program program;
  add_event(&program, "post", {{"author", "Account"}});
  auto error = [&](types::EventMapping m) {
    return std::string(make_plan(program, {std::move(m)}, {}).status().message());
  };
  EXPECT_EQ(error({"pots", {}, "", ""}),
            "weir.yaml maps event `pots`, which no rule file declares; did you mean `post`?");
  EXPECT_EQ(error({"post", {{"autor", {}}}, "", ""}),
            "event `post` has no field `autor` to map; did you mean `author`?");
  EXPECT_EQ(error({"post", {{"author", {"a", ",", ""}}}, "", ""}),
            "field `author` is split but is no list: its type is string");
  EXPECT_EQ(error({"post", {{"author", {"a", "", "unix"}}}, "", ""}),
            "field `author` has a time format but its type is string");
  EXPECT_EQ(error({"post", {{"time", {"a", "", "uniks"}}}, "", ""}),
            "field `time`: unknown time format `uniks`; known: rfc3339, unix, unix_ms, or a strptime format");
}

TEST(EventTypes, AreToldByTheirKey) {
  ir::Program program;
  add_event(&program, "post", {{"text", "string"}});
  add_event(&program, "login", {{"ok", "bool"}});
  types::EventMapping m;
  m.event = "post";
  m.type_path = "meta.kind";
  m.type_value = "tweet";
  TempDir dir;
  std::string t = R"("time": "2020-01-02T03:04:05Z")";
  std::string path = dir.write("log.jsonl", "{" + t +
                                                R"(, "text": "hi", "meta": {"kind": "tweet"}})"
                                                "\n"
                                                "{" +
                                                t +
                                                R"(, "ok": true, "meta": {"kind": "login"}})"
                                                "\n"
                                                "{" +
                                                t +
                                                R"(, "meta": {"kind": "like"}})"
                                                "\n"
                                                "{" +
                                                t + "}\n");
  ReadResult r = read_all(program, {m}, {path});
  EXPECT_THAT(r.rows, ElementsAre("post: \"hi\"", "login: true"));
  EXPECT_THAT(
      r.rejects,
      ElementsAre("log.jsonl:3: unknown_event_type: no event is mapped to meta.kind `like`",
                  "log.jsonl:4: unknown_event_type: the record has no text at `meta.kind`, which tells its event"));
}

TEST(Csv, QuotesLineEndsAndTypes) {
  ir::Program program;
  add_event(&program, "e", {{"text", "string"}, {"n", "int?"}, {"ok", "bool"}});
  TempDir dir;
  std::string path = dir.write("log.csv",
                               "\xEF\xBB\xBFtime,text,n,ok,more\r\n"
                               "2020-01-02T03:04:05Z,\"a, \"\"b\"\"\nc\",1,true,\r\n"
                               "2020-01-02T03:04:05Z,x\"y,,0,z\n"
                               "2020-01-02T03:04:05Z,short,1\n"
                               "2020-01-02T03:04:05Z,s,1.5,1,\n"
                               "2020-01-02T03:04:05Z,\xFF,1,1,\n"
                               "2020-01-02T03:04:05Z,last,12.0,FALSE,");
  ReadResult r = read_all(program, {}, {path});
  EXPECT_THAT(r.rows, ElementsAre(R"(e: "a, \"b\"\nc", 1, true)", R"(e: "x\"y", -, false)", R"(e: "last", 12, false)"));
  EXPECT_THAT(r.rejects, ElementsAre("log.csv:5: not_csv: the row has 3 values, the header 5",
                                     "log.csv:6: wrong_type: field `n`: expected int, found 1.5",
                                     "log.csv:7: invalid_utf8: the row is not valid UTF-8"));
}

TEST(Csv, AnUnclosedQuoteIsTruncatedInput) {
  ir::Program program;
  add_event(&program, "e", {{"text", "string"}});
  TempDir dir;
  ReadResult r =
      read_all(program, {}, {dir.write("log.csv", "time,text\n2020-01-02T03:04:05Z,a\n2020-01-02T03:04:05Z,\"b\nc\n")});
  EXPECT_THAT(r.rows, ElementsAre("e: \"a\""));
  EXPECT_THAT(r.rejects, ElementsAre("log.csv:3: truncated_input: a quoted value is never closed"));
}

}  // namespace
}  // namespace weir::io
