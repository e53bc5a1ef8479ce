// Tokens, rates, nesting and the parser: what stands between the network and the endpoints.
#include <gtest/gtest.h>

#include <string>

#include "runtime/crypto/digest.h"
#include "tools/serve/auth.h"
#include "tools/serve/body.h"
#include "tools/serve/http_parser.h"
#include "tools/serve/rate.h"

namespace weir::serve {
namespace {

TEST(Tokens, KnowsNamesAndRoles) {
  const std::string text = "# who\nann author,approver " + crypto::sha256_hex("secret") + "  # since May\n\n";
  const auto tokens = Tokens::parse(text);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  const Principal* ann = (*tokens)->find("secret");
  ASSERT_NE(ann, nullptr);
  EXPECT_EQ(ann->name, "ann");
  EXPECT_EQ(ann->roles, kAuthor | kApprover);
  EXPECT_EQ((*tokens)->find("Secret"), nullptr);
  EXPECT_EQ((*tokens)->find(""), nullptr);
}

TEST(Tokens, RefusesWhatItCannotRead) {
  const std::string digest = crypto::sha256_hex("x"), other = crypto::sha256_hex("y");
  for (const std::string& text :
       {std::string(), std::string("ann author"), "ann king " + digest, "ann author " + digest.substr(1),
        "ann author " + digest + " x", "ann author " + digest + "\nbob author " + digest,
        "ann author " + digest + "\nann approver " + other}) {
    EXPECT_FALSE(Tokens::parse(text).ok()) << text;
  }
}

TEST(Tokens, TakesBearerTokensOnly) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bearer abc"), "abc");
  for (const char* text : {"", "Bearer", "Bearer ", "Basic abc", "abc"}) EXPECT_EQ(bearer_token(text), "") << text;
}

TEST(RateLimiter, FillsEvenlyAndForEach) {
  RateLimiter limiter({10, 3});
  const RateLimiter::Clock::time_point start{std::chrono::hours(1)};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", 1, start).count(), 0) << i;
  EXPECT_NEAR(std::chrono::duration<double>(limiter.take("a", 1, start)).count(), 0.1, 1e-6);
  EXPECT_EQ(limiter.take("b", 1, start).count(), 0);
  EXPECT_EQ(limiter.take("a", 1, start + std::chrono::milliseconds(100)).count(), 0);
  EXPECT_GT(limiter.take("a", 1, start + std::chrono::milliseconds(100)).count(), 0);
  // What costs more than the bucket holds waits for a full one, and is then waited for.
  EXPECT_EQ(limiter.take("c", 30, start).count(), 0);
  EXPECT_GT(limiter.take("c", 1, start + std::chrono::milliseconds(2000)).count(), 0);
}

TEST(Json, DepthIsSeenBeforeItIsParsed) {
  EXPECT_TRUE(depth_within(R"({"a":[{}]})", 3));
  EXPECT_FALSE(depth_within(R"({"a":[{}]})", 2));
  EXPECT_TRUE(depth_within(R"({"a":"[[[[\"[["})", 1));
  EXPECT_FALSE(depth_within(std::string(1'000'000, '['), 64));
}

// However the bytes are cut, the request is the same.
TEST(HttpParser, TakesPiecesOfAnySize) {
  const std::string text =
      "POST /v1/a%20b?x=1&y=%41+c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    HttpParser parser({});
    Request request;
    parser.begin(&request);
    std::string waiting;
    for (size_t at = 0; at < text.size(); at += piece) {
      waiting += text.substr(at, piece);
      waiting.erase(0, parser.put(waiting));
    }
    ASSERT_EQ(parser.state(), HttpParser::State::kDone) << piece;
    EXPECT_EQ(request.method, Method::kPost);
    EXPECT_EQ(request.path, "/v1/a b");
    EXPECT_EQ(query_value(request, "y"), "A c");
    EXPECT_EQ(request.authorization, "Bearer t");
    EXPECT_EQ(request.body, "hello world");
    EXPECT_TRUE(request.keep_alive);
  }
}

TEST(HttpParser, SaysWhatItRefuses) {
  const struct {
    std::string text;
    int status;
  } cases[] = {{"nonsense\r\n\r\n", 400},
               {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
               {"GET / HTTP/2.0\r\n\r\n", 505},
               {"GET / HTTP/1.1\r\n\r\n", 400},
               {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
               {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'a') + "\r\n\r\n", 431},
               {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", 413},
               {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
               {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400}};
  for (const auto& c : cases) {
    HttpParser parser({8192, 100});
    Request request;
    parser.begin(&request);
    parser.put(c.text);
    ASSERT_EQ(parser.state(), HttpParser::State::kFailed) << c.text;
    EXPECT_EQ(parser.status(), c.status) << c.text;
  }
  HttpParser old({8192, 100});
  Request request;
  old.begin(&request);
  old.put("GET / HTTP/1.0\r\nWeir-Timeout: 5ms\r\n\r\n");
  EXPECT_EQ(old.state(), HttpParser::State::kDone);
  EXPECT_EQ(request.timeout, "5ms");
}

}  // namespace
}  // namespace weir::serve
