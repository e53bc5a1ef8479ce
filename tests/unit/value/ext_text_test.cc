#include <cmath>

#include "tests/unit/value/ext_call.h"

namespace weir::value {
namespace {

using namespace testing;

TEST(ExtRegex, Functions) {
  check({
      {"regex_extract", {S("item-A, item-B"), S("item-(\\w)")}, R"(optional.of("A"))"},
      {"regex_extract", {S("HELLO"), S("hello")}, "optional.none()"},
      {"regex_extract", {S("ac"), S("a(b)?c")}, "optional.none()"},
      {"regex_extract", {S("a@b"), S("(.*)@(.*)")}, "!invalid_argument"},
      {"regex_extract", {S("a"), S("(")}, "!invalid_argument"},
      {"regex_extract_all", {S("id:123, id:456"), S("\\d+")}, R"(["123", "456"])"},
      {"regex_extract_all", {S("ab"), S("x*")}, R"(["", "", ""])"},
      {"regex_extract_all", {S("a1ab2"), S("a(\\d)?")}, R"(["1"])"},
      {"regex_extract_all", {S("a"), S("(a)(b)?")}, "!invalid_argument"},
      {"regex_replace", {S("hello"), S("l"), S("L")}, R"("heLLo")"},
      {"regex_replace", {S("äö"), S("x*"), S("-")}, R"("-ä-ö-")"},
      {"regex_replace", {S("abc"), S("b*"), S("-")}, R"("-a-c-")"},
      {"regex_replace", {S("foo bar"), S("(fo)o (ba)r"), S("\\2 \\1 \\0 \\\\")}, R"("ba fo foo bar \\")"},
      {"regex_replace", {S("a"), S("a"), S("\\1")}, "!invalid_argument"},
      {"regex_replace", {S("a"), S("a"), S("x\\")}, "!invalid_argument"},
      {"regex_replace", {S("test"), S("(.)"), S("$2")}, R"("$2$2$2$2")"},
      {"regex_replace_limit", {S("aaa"), S("a"), S("b"), I(2)}, R"("bba")"},
      {"regex_replace_limit", {S("aaa"), S("a"), S("b"), I(0)}, R"("aaa")"},
      {"regex_replace_limit", {S("aaa"), S("a"), S("b"), I(-1)}, R"("bbb")"},
  });
}

TEST(ExtText, Normalize) {
  check({
      {"text_normalize", {S("  A\t\u3000b\n")}, R"("a b")"},
      {"text_normalize", {S("Ｆｒｅｅ ﬁsh ＳＴＲＡẞＥ")}, R"("free fish strasse")"},
      {"text_normalize", {S("fr\u200be\u00ade")}, R"("free")"},
      {"text_normalize", {S("a\xff\xf0")}, "\"a\uFFFD\uFFFD\""},
      {"text_normalize", {S("")}, R"("")"},
  });
}

TEST(ExtText, FingerprintIsOfTheWordsOnly) {
  Caller caller;
  std::string expected = caller.text("text_fingerprint", {S("buy now 50 off")});
  EXPECT_EQ(expected.size(), 18u) << "16 digits in quotes";
  for (std::string_view same : {"RT @bob: Buy NOW!!! 50% off https://t.co/x", "rt @bob buy now 50 off",
                                "@a @b Buy now 50 (off)", "Buy\u00a0now\n#50 #OFF", "ＢＵＹ ｎｏｗ, 50 o\u200bff",
                                "http://a.example Buy HTTPS://B.example now: 50, off"}) {
    EXPECT_EQ(caller.text("text_fingerprint", {S(same)}), expected) << same;
  }
  for (std::string_view other : {"buy now 50 of f", "rt buy now 50 off", "now buy 50 off", "buy now 50 off @"}) {
    bool equal = caller.text("text_fingerprint", {S(other)}) == expected;
    EXPECT_EQ(equal, other.back() == '@') << other;
  }
  for (std::string_view empty : {"", "RT @bob:", "https://a.example/x", "@a @b !!!", "\xff\xfe"}) {
    EXPECT_EQ(caller.text("text_fingerprint", {S(empty)}), R"("")") << empty;
  }
}

TEST(ExtText, Parts) {
  check({
      {"text_hashtags",
       {S("#Vote now#not #vote_2026 ##x &#39; #Größe https://a.example/#no #")},
       R"(["vote", "vote_2026", "x", "grösse"])"},
      {"text_mentions", {S("@Bob, a@b.example .@eve_1 @@bob @ü")}, R"(["bob", "eve_1"])"},
      {"text_strip_urls", {S("a http://x.example/1?y b HTTPS://z c http:// d")}, R"("a  b  c http:// d")"},
      {"text_word_count", {S("  one, two--three dix-sept l'été 数字 ")}, "8"},
      {"text_word_count", {S("...")}, "0"},
      {"text_similarity", {S("a b c"), S("C, b d!")}, "0.5"},
      {"text_similarity", {S(""), S("")}, "0.0"},
      {"text_simhash", {S("!!")}, "0"},
      {"text_hamming", {I(-1), I(0)}, "64"},
      {"text_caps_ratio", {S("ABcd12")}, "0.5"},
      {"text_caps_ratio", {S("123")}, "0.0"},
      {"text_digit_ratio", {S("a1٢b")}, "0.5"},
      {"text_entropy", {S("äöäö")}, "1.0"},
      {"text_entropy", {S("")}, "0.0"},
  });
}

TEST(ExtText, SkeletonsOfLookAlikesAreEqual) {
  Caller caller;
  std::string paypal = caller.text("text_skeleton", {S("paypal")});
  for (std::string_view same : {"PayPal", "pаypаl", "рayраl", "ｐａｙｐａｌ", "paypa1", "paypaI", "𝐩𝐚𝐲𝐩𝐚𝐥", "РАУРАL"}) {
    EXPECT_EQ(caller.text("text_skeleton", {S(same)}), paypal) << same;
  }
  EXPECT_NE(caller.text("text_skeleton", {S("paypol")}), paypal);
  EXPECT_EQ(caller.text("text_skeleton", {S("g00gle")}), caller.text("text_skeleton", {S("GΟОGLE")}));
}

TEST(ExtText, SimhashesOfNearTextsAreNear) {
  Caller caller;
  auto hash = [&](std::string_view s) { return caller.call("text_simhash", {S(s)}); };
  auto distance = [&](const Value& a, const Value& b) { return caller.call("text_hamming", {a, b}).i; };
  Value base = hash("get ten thousand real followers for free today only click the link in my bio now");
  Value near = hash("get ten thousand real followers for free today only click the link in my profile now");
  Value far = hash("the council will vote on the new bridge across the river next wednesday evening at eight");
  EXPECT_LT(distance(base, near), 16);
  EXPECT_GT(distance(base, far), 20);
}

TEST(ExtUrl, Parts) {
  check({
      {"url_host", {S("https://User:pw@WWW.Example.com:8080/a@b")}, R"("www.example.com")"},
      {"url_host", {S("http:\\\\evil.example\\@good.example/")}, R"("evil.example")"},
      {"url_host", {S("https:evil.example/x")}, R"("evil.example")"},
      {"url_host", {S("http://good.example@evil.example")}, R"("evil.example")"},
      {"url_host", {S("http://evil%2Eexample./")}, R"("evil.example")"},
      {"url_host", {S("http://ｅvil。example?x")}, R"("evil.example")"},
      {"url_host", {S("http://[2001:DB8::1]:80/")}, R"("2001:db8::1")"},
      {"url_host", {S("//cdn.example/x")}, R"("cdn.example")"},
      {"url_host", {S("www.example.com/x?y")}, R"("www.example.com")"},
      {"url_host", {S("example.com:8080")}, R"("example.com")"},
      {"url_host", {S("ftp://files.example/x")}, R"("files.example")"},
      {"url_host", {S("mailto:a@b.example")}, R"("")"},
      {"url_host", {S("/only/a.path")}, R"("")"},
      {"url_host", {S("just words")}, R"("")"},
      {"url_host", {S("word")}, R"("")"},
      {"url_host", {S("http://a b/")}, R"("")"},
      {"url_host", {S("http://")}, R"("")"},
      {"url_host", {S("http://\xff\xfe/")}, "\"\uFFFD\uFFFD\""},
      {"url_hosts",
       {L({S("http://a.example/1"), S("nothing"), S("https://A.example"), S("b.example")})},
       R"(["a.example", "b.example"])"},
      {"url_registrable_domain", {S("https://news.bbc.co.uk/x")}, R"("bbc.co.uk")"},
      {"url_registrable_domain", {S("a.b.example.com")}, R"("example.com")"},
      {"url_registrable_domain", {S("x.y.kawasaki.jp")}, R"("x.y.kawasaki.jp")"},
      {"url_registrable_domain", {S("a.city.kawasaki.jp")}, R"("city.kawasaki.jp")"},
      {"url_registrable_domain", {S("co.uk")}, R"("")"},
      {"url_registrable_domain", {S("http://10.0.0.1/")}, R"("10.0.0.1")"},
      {"url_registrable_domain", {S("www.食狮.公司.cn")}, R"("食狮.公司.cn")"},
      {"url_registrable_domain", {S("?")}, R"("")"},
      {"url_path", {S("https://a.example?q")}, R"("/")"},
      {"url_path", {S("https://a.example/x%20y#z")}, R"("/x%20y")"},
      {"url_scheme", {S("FTP://x")}, R"("ftp")"},
      {"url_scheme", {S("x.example")}, R"("")"},
      {"url_query", {S("https://a.example/?a=1&b=?#c")}, R"("a=1&b=?")"},
      {"url_strip", {S("HTTPS://u@A.example:443/P?utm=1#x")}, R"("https://a.example/P")"},
      {"url_strip", {S("http://[::1]:8080?x")}, R"("http://[::1]:8080/")"},
      {"url_strip", {S("no url?")}, R"("no url")"},
      {"url_extract",
       {S("(https://a.example/x_(y)). HTTP://b.example, <http://c.example>… http://. https://a.example/x_(y)”")},
       R"x(["https://a.example/x_(y)", "HTTP://b.example", "http://c.example"])x"},
      {"url_is_valid", {S("https://a.example:8080/x?y#z")}, "true"},
      {"url_is_valid", {S("https://a.example:99999/")}, "false"},
      {"url_is_valid", {S("https://1.2.3.256/")}, "false"},
      {"url_is_valid", {S("https://-a.example/")}, "false"},
      {"url_is_valid", {S("ftp://a.example/")}, "false"},
      {"url_is_valid", {S("https://a.example/ x")}, "false"},
      {"url_is_valid", {S("https:///")}, "false"},
  });
}

}  // namespace
}  // namespace weir::value
