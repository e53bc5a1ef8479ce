// The stage plan, from rule text through the whole compiler.
#include <gtest/gtest.h>

#include "compiler/base/diagnostics.h"
#include "compiler/driver/compile.h"
#include "compiler/opt/stage_plan.h"

namespace weir::opt {
namespace {

std::shared_ptr<const ir::Program> compile(const std::string& rules) {
  std::string text = "entity Account: string\nevent post { author: Account text: string tags: list<string> }\n" + rules;
  driver::Compilation c = driver::compile({{"a.weir", text}}, {});
  EXPECT_NE(c.program, nullptr) << base::render_all(c.diagnostics, *c.sources);
  return c.program;
}

TEST(Plan, StateComesBeforeTheRulesThatReadIt) {
  auto program = compile(R"(
feature posts = count() from post by post.author over 1h
feature texts = count() from post by post.text over 1h
label seen on Account max 7d
rule plain on post { id "P" when post.text == "x" }
rule busy on post { id "B" when posts > 3 && texts > 3 then { label post.author as seen } }
rule again on post { id "A" when "seen" in labels(post.author) }
)");
  std::vector<Stage> plan = stage_plan(*program);
  ASSERT_EQ(plan.size(), 6u);
  EXPECT_EQ(plan[0].kind, StageKind::kFeatures);
  EXPECT_EQ(plan[0].level, 0u);
  EXPECT_EQ(plan[1].kind, StageKind::kFeatures);  // another key: another partition
  EXPECT_EQ(plan[2].kind, StageKind::kRules);
  EXPECT_EQ(plan[2].rules, std::vector<uint32_t>{0});
  EXPECT_EQ(plan[3].level, 1u);
  EXPECT_EQ(plan[3].rules, std::vector<uint32_t>{1});
  EXPECT_EQ(plan[4].kind, StageKind::kLabels);
  EXPECT_EQ(plan[5].rules, std::vector<uint32_t>{2});
  EXPECT_EQ(plan[5].level, 3u);
}

TEST(Plan, CirclesAreKeptInAKeyIfTheyCan) {
  auto inside = compile(R"(
label seen on Account max 7d
rule again on post { id "A" when "seen" in labels(post.author) || post.text == "x" then { label post.author as seen } }
)");
  std::vector<Stage> plan = stage_plan(*inside);
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].kind, StageKind::kKeyCycle);
  EXPECT_EQ(plan[0].key, "post.author");
  auto across = compile(R"(
event share { from: Account to: Account }
label seen on Account max 7d
rule spread on share { id "S" when "seen" in labels(share.from) then { label share.to as seen } }
)");
  plan = stage_plan(*across);
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].kind, StageKind::kOrdered);
}

}  // namespace
}  // namespace weir::opt
