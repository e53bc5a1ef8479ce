// Identities follow what a definition means, from rule text through the whole compiler.
#include "compiler/ir/identity.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "compiler/base/diagnostics.h"
#include "compiler/driver/compile.h"

namespace weir::driver {
namespace {

constexpr std::string_view kRules = R"(
entity Account: string
event login { account: Account ok: bool ip: string? tags: list<string> tries: int }
event post { author: Account text: string }
list bad: string = ["a", "b"]
label seen on Account max 30d
let failed = !login.ok
feature other = count() from post by post.author over 1h
feature f = sum(login.tries) from login where failed && login.account in bad && login.tries < 20 * 3
  by login.account over 10m
rule r on login { id "R-1" when f > 3 && other[login.account] > 1
  then { label login.account as seen }
  once per login.account every 1h
  limit 5 per 1h
}
)";

std::string edited(std::string_view from, std::string_view to) {
  std::string text(kRules);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::shared_ptr<const ir::Program> compiled(const std::string& rules) {
  Compilation c = compile({{"a.weir", rules}}, {});
  EXPECT_NE(c.program, nullptr) << base::render_all(c.diagnostics, *c.sources) << rules;
  return c.program;
}

struct Identities {
  ir::Identity feature, label, once, limit;
};
Identities identities(const std::string& rules) {
  Identities out;
  const auto program = compiled(rules);
  if (program == nullptr) return out;
  for (const ir::Feature& f : program->features)
    if (f.name == "f" || f.name == "g") out.feature = f.identity;
  out.label = ir::label_identity(*program, static_cast<uint32_t>(program->find_label("seen")));
  const auto rule = static_cast<uint32_t>(program->find_rule("R-1"));
  if (rule < program->rules.size()) {
    out.once = ir::once_identity(*program, rule);
    out.limit = ir::limit_identity(*program, rule);
  }
  return out;
}

struct Edit {
  std::string_view from, to;
  std::string_view changes;  // of "flol": feature, label, once, limit
};

TEST(Identity, ChangesExactlyWithTheMeaning) {
  const Identities before = identities(std::string(kRules));
  const Edit edits[] = {
      // Unrelated, or another way to say the same.
      {"event post { author: Account text: string }", "event post { text: string author: Account }", ""},
      {"event login { account: Account ok", "event login { more: int? ok2: bool account: Account ok", ""},
      {"tries: int }", "tries: int? }", ""},
      {"[\"a\", \"b\"]", "[\"a\", \"c\", \"d\"]", ""},
      {"feature other", "feature before = distinct(post.text) from post by post.author over 7d\nfeature other", ""},
      {"rule r", "rule earlier on post { id \"R-0\" when post.text == \"x\" score 5 }\nrule r", ""},
      {"where failed", "where !login.ok", ""},
      {"20 * 3", "60", ""},
      {"over 10m", "over 600s every 10s", ""},
      {"rule r on", "rule renamed on", ""},
      {"max 30d", "max 7d", ""},
      {"f > 3", "f > 4", ""},
      // The feature.
      {"sum(login.tries)", "max(login.tries)", "f"},
      {"sum(login.tries)", "quantile(login.tries, 0.5)", "f"},
      {"sum(login.tries)", "sum(login.tries + 1)", "f"},
      {"sum(login.tries)", "sum(double(login.tries))", "f"},
      {"let failed = !login.ok", "let failed = login.ok", "f"},
      {"< 20 * 3", "< 20 * 4", "f"},
      {"login.tries < 20", "login.tries <= 20", "f"},
      {"by login.account over", "by login.account, login.ok over", "f"},
      {"by login.account over", "each t in login.tags by t over", "f"},
      {"over 10m", "over 20m", "f"},
      {"over 10m", "over 10m every 1m", "f"},
      {"over 10m", "over 10m exact", "f"},
      {"over 10m", "over session 10m", "f"},
      {"over 10m", "over last 10", "f"},
      {"over 10m", "over all", "f"},
      {"where failed", "where other[login.account] > 1 && failed", "f"},
      // Label and guards.
      {"entity Account: string", "entity Account: int", "flo"},
      {"id \"R-1\"", "id \"R-1\" score 1", ""},
      {"every 1h", "every 2h", "o"},
      {"once per login.account", "once per login.tries", "o"},
      {"limit 5 per 1h", "limit 6 per 1h", "L"},
      {"limit 5 per 1h", "limit 5 per 2h", "L"},
  };
  for (const Edit& edit : edits) {
    SCOPED_TRACE(std::string(edit.from) + " -> " + std::string(edit.to));
    std::string text = edited(edit.from, edit.to);
    if (edit.to.find("each") != edit.to.npos) text.replace(text.find("f > 3"), 5, "f[\"x\"] > 3");
    if (edit.to == "entity Account: int") {
      text.replace(text.find("[\"a\", \"b\"]"), 10, "[1, 2]");
      text.replace(text.find("bad: string"), 11, "bad: int");
    }
    const Identities after = identities(text);
    const auto says = [&](char c) { return edit.changes.find(c) != edit.changes.npos; };
    EXPECT_EQ(after.feature != before.feature, says('f'));
    EXPECT_EQ(after.label != before.label, says('l'));
    EXPECT_EQ(after.once != before.once, says('o'));
    EXPECT_EQ(after.limit != before.limit, says('L'));
  }
}

TEST(Identity, TheNameOfAFeatureIsNoPartOfItAndTheIdOfARuleIs) {
  const Identities before = identities(std::string(kRules));
  std::string renamed = edited("feature f =", "feature g =");
  renamed.replace(renamed.find("f > 3"), 1, "g");
  EXPECT_EQ(identities(renamed).feature, before.feature);
  const auto other_id = compiled(edited("R-1", "R-2"));
  EXPECT_NE(ir::once_identity(*other_id, 0), before.once);
  EXPECT_NE(ir::limit_identity(*other_id, 0), before.limit);
}

// A snapshot of yesterday's build is worth nothing if this changes. If it has to, say so in the release notes.
TEST(Identity, IsTheSameInEveryBuild) {
  const Identities got = identities(std::string(kRules));
  EXPECT_EQ(ir::to_string(got.feature), "2e373ab356b812804c7fbad38829cde8");
  EXPECT_EQ(ir::to_string(got.label), "02f0a9e3bc542ee0d5d902a5a9eb3aa5");
  EXPECT_EQ(ir::to_string(got.once), "12fb940a94690e8ba7fc3017d9bd7c1e");
  EXPECT_EQ(ir::to_string(got.limit), "09794c960dcba65aa549482642180126");
}

}  // namespace
}  // namespace weir::driver
