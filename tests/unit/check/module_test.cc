#include "compiler/check/module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "compiler/check/list_file.h"
#include "compiler/syntax/parse.h"

namespace weir::check {
namespace {

struct CheckedModule {
  base::SourceMap sources;
  base::DiagnosticSink sink;
  std::shared_ptr<syntax::AstArena> arena = std::make_shared<syntax::AstArena>();
  std::unique_ptr<Module> module;

  std::string messages() const { return base::render_all(sink.sorted(), sources); }
  const Annotation& at(const syntax::Expr* e) const { return module->annotations.at(*e); }
};

std::unique_ptr<CheckedModule> check(const std::string& text) {
  auto c = std::make_unique<CheckedModule>();
  std::vector<syntax::FileAst> files;
  files.push_back(syntax::parse_file(c->sources.add("test.weir", text), c->sources, *c->arena, c->sink));
  CheckOptions options;
  options.lint = false;
  options.read_file = [](base::FileId, const std::string& path) -> std::optional<std::string> {
    if (path == "hosts.csv") return "\xEF\xBB\xBFshort,\"long, too\"\r\nbit.ly,\"a\"\"b\"\r\n,c\r\nbit.ly,\r\n";
    if (path == "plain.txt") return "# hosts\n\n bit.ly \nt.co\n";
    return std::nullopt;
  };
  c->module = check_module(std::move(files), c->arena, c->sources, options, c->sink);
  return c;
}

constexpr std::string_view kDeclarations = R"(
import std.text
entity Account: string
event post { author: Account  text: string  ip: string?  amount: double  tags: list<string> }
event login { account: Account }
label spam, trusted on Account
list words: string = ["a", "b", "a"]
list nets: cidr = ["10.0.0.0/8"]
)";

TEST(Module, FeaturesComeAfterThoseTheyRead) {
  auto c = check(std::string(kDeclarations) + R"(
feature third = count() from post where busy && second > 1 by post.author over 1h
let busy = first_one > 3
feature second = count() from post where first_one > 1 by post.author over 1h
feature first_one = sum(post.amount) from post by post.author over 1h
)");
  ASSERT_FALSE(c->sink.has_errors()) << c->messages();
  std::vector<std::string> names;
  for (const Feature& feature : c->module->features) names.push_back(feature.name);
  EXPECT_THAT(names, testing::ElementsAre("first_one", "second", "third"));
  EXPECT_EQ(c->module->features[0].type, c->module->types->dbl());
  EXPECT_EQ(c->module->features[1].type, c->module->types->integer());
  EXPECT_EQ(c->module->lets[0].event, 0);
}

TEST(Module, NamesAreAnnotated) {
  auto c = check(std::string(kDeclarations) + R"(
let loud = post.text != ""
feature posts = count() from post by post.author over 1h
feature pairs = count() from post each t in post.tags by post.author, t over 1h
rule a on post { when loud }
rule b on post { when posts > 1 }
rule c on post { when posts["x"] > 1 }
rule d on post { when pairs[[post.author, "t"]] > 1 }
rule e on post { when post.text in words }
rule f on post { when "spam" in labels(post.author) }
rule g on post { when post.text in labels(post.author) }
rule h on post { when has(post.ip) }
rule i on post { when post.?ip.hasValue() }
rule j on post { when ["words"].exists(words, words in ["x"]) }
)");
  ASSERT_FALSE(c->sink.has_errors()) << c->messages();
  auto when = [&](size_t rule) { return c->module->rules[rule].ast->when; };
  EXPECT_EQ(c->at(when(0)).ref.kind, RefKind::kLet);
  EXPECT_EQ(c->at(when(1)->args[0]).ref.kind, RefKind::kFeature);
  EXPECT_EQ(c->at(when(2)->args[0]).ref.kind, RefKind::kFeatureAt);
  EXPECT_EQ(c->at(when(3)->args[0]).ref.index, 1);
  EXPECT_EQ(c->at(when(4)).ref.kind, RefKind::kListMember);
  EXPECT_EQ(c->at(when(5)).ref.kind, RefKind::kHasLabel);
  EXPECT_EQ(c->at(when(5)).ref.index, 0);
  EXPECT_EQ(c->at(when(6)).ref.index, -1);
  EXPECT_EQ(c->at(when(6)->args[1]).ref.kind, RefKind::kLabels);
  EXPECT_EQ(c->at(when(7)).ref.kind, RefKind::kSlot);
  EXPECT_EQ(c->at(when(7)).type, c->module->types->boolean());
  EXPECT_EQ(c->at(when(8)->operand).ref.kind, RefKind::kSlot);
  EXPECT_EQ(c->at(when(9)->comprehension->loop_step->args[1]->args[0]).ref.kind, RefKind::kLocal);
}

TEST(Module, PanesAreFilledIn) {
  struct Case {
    std::string window;
    int64_t pane_ms;
  };
  for (const Case& c :
       {Case{"10m", 10'000}, Case{"1h every 1s", 1000}, Case{"1s", 20}, Case{"7ms", 1}, Case{"90d", 129'600'000}}) {
    auto m = check(std::string(kDeclarations) + "feature f = count() from post by post.author over " + c.window);
    ASSERT_FALSE(m->sink.has_errors()) << m->messages();
    EXPECT_EQ(m->module->features[0].window.pane->nanos, c.pane_ms * 1'000'000) << c.window;
  }
}

TEST(Module, ListsAreRead) {
  auto c = check(R"(
list short: string from "hosts.csv"
list plain: domain from "plain.txt"
list numbers: int = [1, -2, 1]
)");
  ASSERT_FALSE(c->sink.has_errors()) << c->messages();
  EXPECT_THAT(c->module->lists[0].values, testing::ElementsAre("bit.ly"));
  EXPECT_THAT(c->module->lists[1].values, testing::ElementsAre("bit.ly", "t.co"));
  EXPECT_THAT(c->module->lists[2].values, testing::ElementsAre("1", "-2"));
}

TEST(Module, ExpressionsOnAnEventAreCheckedLater) {
  auto c = check(std::string(kDeclarations) + "feature posts = count() from post by post.author over 1h");
  ASSERT_FALSE(c->sink.has_errors()) << c->messages();
  for (const auto& [text, good] : {std::pair("posts > 1 && text.normalize(post.text) in words", true),
                                   std::pair("login.account == 'x'", false), std::pair("post.text + 1", false)}) {
    base::FileId file = c->sources.add("where", text);
    base::DiagnosticSink sink;
    syntax::Expr* e = syntax::parse_expression(file, c->sources, *c->arena, sink);
    ASSERT_NE(e, nullptr);
    Annotations annotations = c->module->annotations;
    EXPECT_EQ(check_on_event(*e, *c->module, 0, annotations, sink) != nullptr, good) << text;
    EXPECT_EQ(sink.has_errors(), !good);
  }
}

TEST(Module, TenThousandLetsInARowNeedNoStack) {
  std::string text = "event post { n: int }\nlet a0 = post.n\n";
  for (int i = 1; i < 10'000; ++i) text += "let a" + std::to_string(i) + " = a" + std::to_string(i - 1) + " + 1\n";
  auto c = check(text);
  EXPECT_FALSE(c->sink.has_errors()) << c->messages();
}

TEST(ListFile, Entries) {
  EXPECT_TRUE(is_network("10.0.0.0/8"));
  EXPECT_TRUE(is_network("::ffff:1.2.3.4"));
  for (std::string_view bad : {"", "10.0.0.0/33", "10.0.0", "10.0.0.0/", "10.0.0.0/8x", "::1/129"})
    EXPECT_FALSE(is_network(bad)) << bad;
  EXPECT_TRUE(is_domain("*.example.org"));
  for (std::string_view bad : {"", ".", "a..b", "a b", "example.org."}) EXPECT_FALSE(is_domain(bad)) << bad;
  EXPECT_TRUE(is_utf8("h\xC3\xA9"));
  for (std::string_view bad : {"\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace weir::check
