#include "compiler/check/cost.h"

#include <gtest/gtest.h>

#include "compiler/syntax/parse.h"

namespace weir::check {
namespace {

// Cost of `when` of each rule over the declarations below.
std::vector<uint64_t> costs(const std::vector<std::string>& conditions) {
  std::string text = R"(
event post { n: int  text: string  tags: list<string> }
let twice = post.n + post.n
let four = twice + twice
list words: string = ["a"]
list patterns: regex = ["a+"]
)";
  for (size_t i = 0; i < conditions.size(); ++i)
    text += "rule r" + std::to_string(i) + " on post { when " + conditions[i] + " }\n";
  base::SourceMap sources;
  base::DiagnosticSink sink;
  auto arena = std::make_shared<syntax::AstArena>();
  std::vector<syntax::FileAst> files;
  files.push_back(syntax::parse_file(sources.add("test.weir", text), sources, *arena, sink));
  auto module = check_module(std::move(files), arena, sources, {}, sink);
  EXPECT_FALSE(sink.has_errors()) << base::render_all(sink.sorted(), sources);
  std::vector<uint64_t> result;
  for (const Rule& rule : module->rules) result.push_back(rule_cost(rule, *module).when);
  return result;
}

TEST(Cost, IsWhatTheUnitsSay) {
  std::vector<uint64_t> c =
      costs({"post.n > 1", "post.text.contains('a')", "post.text.matches('a')", "post.text in words"});
  EXPECT_EQ(c[0], 1u + 1u);              // the comparison and the field
  EXPECT_EQ(c[1], 1u + 1u + 281u / 16);  // text and pattern are read
  EXPECT_EQ(c[2], 1u + 1u + 281u / 4);
  EXPECT_EQ(c[3], 1u + 1u + 2u);
}

TEST(Cost, LoopsMultiply) {
  std::vector<uint64_t> c = costs({"post.tags.exists(t, t == 'a')", "post.tags.exists(t, post.tags.exists(u, t == u))",
                                   "post.text in patterns", "four > 1", "[1, 2].map(x, [x]).size() > 1"});
  EXPECT_GT(c[0], 32u * 10);
  EXPECT_LT(c[0], 32u * 60);
  EXPECT_GT(c[1], 32u * 32 * 10);
  EXPECT_GT(c[2], 70u);
  EXPECT_LT(c[3], 20u);
  EXPECT_LT(c[4], 60u);
}

TEST(Cost, Saturates) {
  std::string condition = "true";
  for (int i = 0; i < 20; ++i) condition = "post.tags.all(x" + std::to_string(i) + ", " + condition + ")";
  EXPECT_EQ(costs({condition})[0], kUnbounded);
}

}  // namespace
}  // namespace weir::check
