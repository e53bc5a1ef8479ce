// Streams: compression, record boundaries, limits, threads.
#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

#include "runtime/io/json_text.h"
#include "tests/unit/io/io_test_util.h"

namespace weir::io {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), 0);
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string gzip(std::string_view text) {
  std::string out(text.size() + 1024, 0);
  z_stream s{};
  deflateInit2(&s, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  s.avail_in = static_cast<uInt>(text.size());
  s.next_out = reinterpret_cast<Bytef*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  deflate(&s, Z_FINISH);
  out.resize(s.total_out);
  deflateEnd(&s);
  return out;
}

// Lines no compressor makes small: a truncated file must break off inside the data.
std::string log_of(int n) {
  std::string log;
  uint64_t noise = 88172645463325252ull;
  for (int i = 0; i < n; ++i) {
    std::string text;
    for (int k = 0; k < 40; ++k) {
      noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
      text += static_cast<char>('a' + noise % 26);
    }
    log += R"({"time": "2020-01-02T03:04:05Z", "n": )" + std::to_string(i) + R"(, "text": ")" + text + "\"}\n";
  }
  return log;
}

class Streams : public testing::Test {
 protected:
  Streams() { add_event(&program, "e", {{"n", "int"}, {"text", "string"}}); }
  ir::Program program;
  TempDir dir;
};

TEST_F(Streams, CompressionIsToldByContentAndFramesMayFollowEachOther) {
  std::string a = log_of(2000), b = log_of(3);
  ReadResult plain = read_all(program, {}, {dir.write("a.jsonl", a + b)});
  ASSERT_THAT(plain.rows, SizeIs(2003));
  for (const std::string& packed : {zstd(a) + zstd(b), gzip(a) + gzip(b)}) {
    ReadResult r = read_all(program, {}, {dir.write("packed.jsonl", packed)});
    EXPECT_EQ(r.rows, plain.rows);
    EXPECT_TRUE(r.rejects.empty());
  }
}

TEST_F(Streams, ATruncatedStreamIsACauseOfItsOwnAndWhatCameBeforeCounts) {
  std::string log = log_of(20000);
  for (const auto& [name, packed] : {std::pair("a.zst", zstd(log)), std::pair("a.gz", gzip(log))}) {
    ReadResult r = read_all(program, {}, {dir.write(name, packed.substr(0, packed.size() / 2))});
    EXPECT_GT(r.rows.size(), 1000u) << name;
    ASSERT_THAT(r.rejects, SizeIs(1)) << name;
    EXPECT_THAT(r.rejects[0],
                testing::HasSubstr("truncated_input: the ." + std::string(name).substr(2) + " stream is truncated"));
    EXPECT_TRUE(r.status.ok());
  }
}

TEST_F(Streams, ThreadsChangeNothing) {
  std::string log = log_of(9000) + "broken\n" + log_of(100);
  std::string path = dir.write("a.jsonl", log);
  ReadResult one = read_all(program, {}, {path, path});
  ReaderOptions options;
  options.threads = 4;
  ReadResult four = read_all(program, {}, {path, path}, {}, options);
  EXPECT_THAT(one.rows, SizeIs(18200));
  EXPECT_EQ(one.rows, four.rows);
  EXPECT_EQ(one.texts, four.texts);
  EXPECT_EQ(one.rejects, four.rejects);
}

TEST_F(Streams, ALineOverTheLimitIsCountedAndSkipped) {
  ReaderOptions options;
  options.split.max_record_bytes = 100'000;
  options.dead_letter = dir.path("dead.jsonl");
  std::string path = dir.write("a.jsonl", log_of(1) + R"({"text": ")" + std::string(5'000'000, 'x') + "\"}\n" +
                                              R"({"text": ")" + std::string(150'000, 'y') + "\"}\n" + log_of(2));
  ReadResult r = read_all(program, {}, {path}, {}, options);
  EXPECT_THAT(r.rows, SizeIs(3));
  EXPECT_THAT(r.rejects,
              ElementsAre("a.jsonl:2: line_too_long: the record has 5000012 bytes; at most 100000 are taken",
                          "a.jsonl:3: line_too_long: the record has 150012 bytes; at most 100000 are taken"));
  std::ifstream dead(options.dead_letter);
  std::string first, second;
  std::getline(dead, first);
  std::getline(dead, second);
  EXPECT_THAT(first, testing::EndsWith("xxx\",\"record_bytes\":5000012}"));
  EXPECT_THAT(first, testing::HasSubstr(R"("record":"{\"text\": \"xxx)"));
  EXPECT_THAT(second, testing::HasSubstr(R"("record":"{\"text\": \"yyy)"));
  EXPECT_LT(first.size(), RejectLog::kDeadLetterBytes + 400);
}

TEST_F(Streams, LineEndsBlankLinesAndAMissingLastOne) {
  std::string line = R"({"time": "2020-01-02T03:04:05Z", "n": 1, "text": "t"})";
  ReadResult r =
      read_all(program, {}, {dir.write("a.jsonl", "\xEF\xBB\xBF" + line + "\r\n\n  \r\n" + line + "\nx\n" + line)});
  EXPECT_THAT(r.rows, SizeIs(3));
  EXPECT_THAT(r.rejects, ElementsAre("a.jsonl:5: not_json: the line is not valid JSON"));
}

TEST_F(Streams, StrictStopsAtTheFirst) {
  ReaderOptions options;
  options.strict = true;
  ReadResult r = read_all(program, {}, {dir.write("a.jsonl", log_of(1) + "x\n" + log_of(1))}, {}, options);
  EXPECT_THAT(r.rows, SizeIs(1));
  EXPECT_THAT(std::string(r.status.message()), testing::HasSubstr("a.jsonl:2: not_json"));
}

TEST_F(Streams, AMissingFileIsAnErrorBeforeAnythingIsRead) {
  EXPECT_TRUE(absl::IsNotFound(read_all(program, {}, {dir.path("none.jsonl")}).status));
}

TEST(JsonText, EscapesWhatWouldBreakALine) {
  EXPECT_EQ(json_quoted("a\"\\\n\x01\xE2\x80\xA8\xC3\xA9\xFF"), R"("a\"\\\n\u0001\u2028)"
                                                                "\xC3\xA9\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace weir::io
