#include "runtime/bundle/bundle.h"

#include <gmock/gmock.h>

#include <random>

#include "compiler/driver/bundle.h"
#include "compiler/ir/binary.h"

namespace weir::bundle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Contents contents() {
  Contents c;
  c.name = "pack";
  c.weir = "0";
  c.rules = {{"R-1", "one", "live", "aa"}};
  c.files = {{"a.weir", Part::kRules, "rule"}, {"lists/empty.txt", Part::kList, ""}};
  return c;
}

crypto::SecretKey key() { return *crypto::make_key(); }

std::string message(const absl::StatusOr<Bundle>& b) { return std::string(b.status().message()); }

TEST(Bundle, ReadsBackAndIsTheSameBytes) {
  Bundle b = *Bundle::make(contents());
  auto again = Bundle::parse(b.serialize(), {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->serialize(), b.serialize());
  EXPECT_EQ(again->digest(), b.digest());
  EXPECT_EQ(again->contents().name, "pack");
  EXPECT_EQ(again->contents().rules, contents().rules);
  ASSERT_EQ(again->contents().files.size(), 2u);
  EXPECT_EQ(again->contents().files[0].content, "rule");
  EXPECT_EQ(again->contents().files[1].part, Part::kList);
  EXPECT_EQ(Bundle::make(contents())->serialize(), b.serialize());
}

TEST(Bundle, Trust) {
  const crypto::SecretKey ours = key(), other = key();
  Bundle b = *Bundle::make(contents());
  const Trust trust{{ours.public_key()}, 0};
  EXPECT_THAT(message(Bundle::parse(b.serialize(), trust)), HasSubstr("not signed"));
  b.sign(other);
  EXPECT_THAT(message(Bundle::parse(b.serialize(), trust)), HasSubstr("not trusted"));
  const std::string digest = b.digest();
  b.sign(ours);
  b.sign(ours);
  auto read = Bundle::parse(b.serialize(), trust);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->signers().size(), 2u);
  EXPECT_EQ(read->digest(), digest) << "a signature does not change what is signed";
  EXPECT_THAT(message(Bundle::parse(b.serialize(), {{ours.public_key()}, 2})), HasSubstr("older than release 2"));
}

// No byte can be changed, nor an end cut off, without a refusal.
TEST(Bundle, EveryByteCounts) {
  Bundle b = *Bundle::make(contents());
  b.sign(key());
  const std::string bytes = b.serialize();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(Bundle::parse(altered, {}).ok()) << i;
    EXPECT_FALSE(Bundle::parse(bytes.substr(0, i), {}).ok()) << i;
  }
  EXPECT_FALSE(Bundle::parse(bytes + "x", {}).ok());
  EXPECT_TRUE(absl::IsUnimplemented(Bundle::parse("WEIRBNDL\x02" + bytes.substr(9), {}).status()));
}

TEST(Bundle, PathsStayInside) {
  for (const char* path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", "a\\b", "a/", ".."}) {
    Contents c = contents();
    c.files.push_back({path, Part::kRules, ""});
    EXPECT_FALSE(Bundle::make(c).ok()) << path;
  }
  Contents twice = contents();
  twice.files.push_back(twice.files[0]);
  EXPECT_THAT(message(Bundle::make(twice)), HasSubstr("occurs twice"));
}

TEST(Bundle, Compare) {
  RuleChanges c = compare({{"a", "", "live", "1"}, {"b", "", "live", "1"}, {"c", "", "live", "1"}},
                          {{"b", "renamed", "live", "1"}, {"c", "", "shadow", "1"}, {"d", "", "live", "1"}});
  EXPECT_THAT(c.added, ElementsAre("d"));
  EXPECT_THAT(c.changed, ElementsAre("c"));
  EXPECT_THAT(c.removed, ElementsAre("a"));
}

// ---- from rule sets

driver::RuleSetSource rule_set(const std::string& threshold) {
  driver::RuleSetSource source;
  source.directory = "/somewhere/pack";
  source.manifest_text = "name: pack\nevents: {post: {lateness: 1h}}\n";
  source.manifest = *driver::parse_manifest("weir.yaml", source.manifest_text);
  source.sources = {{"/somewhere/pack/sub/a.weir",
                     "event post { n: int  host: string }\nlist bad: domain from \"../bad.txt\"\n"
                     "rule many on post { id \"R-1\" when post.n > " +
                         threshold + " && post.host in bad mode live }\n"}};
  source.read_file = [](base::FileId, const std::string& path) -> std::optional<std::string> {
    return path == "../bad.txt" ? std::optional<std::string>("evil.example\n") : std::nullopt;
  };
  return source;
}

TEST(RuleSets, ThereAndBack) {
  driver::Compilation compilation;
  auto built = driver::build_bundle(rule_set("3"), "0.1", nullptr, &compilation);
  ASSERT_TRUE(built.ok()) << built.status() << base::render_all(compilation.diagnostics, *compilation.sources);
  auto read = Bundle::parse(built->serialize(), {});
  ASSERT_TRUE(read.ok()) << read.status();
  auto source = driver::rule_set_of(*read);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->manifest.events.size(), 1u);
  EXPECT_EQ(source->sources[0].name, "sub/a.weir");
  EXPECT_EQ(source->read_file(0, "../bad.txt"), "evil.example\n");
  EXPECT_TRUE(driver::check_reproduces(*read).ok()) << driver::check_reproduces(*read);
}

TEST(RuleSets, IrIsTakenWhereTheKeyIsTrusted) {
  driver::Compilation compilation;
  Bundle built = *driver::build_bundle(rule_set("3"), "0.1", nullptr, &compilation);
  const crypto::SecretKey key = *crypto::make_key();
  built.sign(key);
  auto untrusted = driver::rule_set_of(*Bundle::parse(built.serialize(), {}));
  ASSERT_TRUE(untrusted.ok());
  EXPECT_EQ(untrusted->ir, "");
  auto trusted = driver::rule_set_of(*Bundle::parse(built.serialize(), {{key.public_key()}}));
  ASSERT_TRUE(trusted.ok());
  driver::CompileOptions options;
  options.read_file = trusted->read_file;
  const auto of_ir = driver::compile_rule_set(trusted->sources, trusted->ir, options);
  const auto of_sources = driver::compile_rule_set(trusted->sources, "", options);
  EXPECT_EQ(of_ir.checked, nullptr);
  EXPECT_NE(of_sources.checked, nullptr);
  EXPECT_EQ(ir::serialize(*of_ir.program), ir::serialize(*of_sources.program));
  std::string other = trusted->ir;
  other[8] ^= 1;  // another library's
  EXPECT_NE(driver::compile_rule_set(trusted->sources, other, options).checked, nullptr);
  options.max_rules = 0;
  EXPECT_EQ(driver::compile_rule_set(trusted->sources, trusted->ir, options).program, nullptr);
}

TEST(RuleSets, ReleasesFollowEachOther) {
  driver::Compilation compilation;
  Bundle first = *driver::build_bundle(rule_set("3"), "0.1", nullptr, &compilation);
  Bundle same = *driver::build_bundle(rule_set("3"), "0.1", &first, &compilation);
  Bundle second = *driver::build_bundle(rule_set("4"), "0.1", &first, &compilation);
  EXPECT_EQ(second.contents().sequence, 2u);
  ASSERT_EQ(second.contents().lineage.size(), 1u);
  EXPECT_EQ(second.contents().lineage[0].digest, first.digest());
  EXPECT_THAT(second.contents().lineage[0].changes.changed, ElementsAre("R-1"));
  EXPECT_THAT(same.contents().lineage[0].changes.changed, IsEmpty());
  driver::RuleSetSource other = rule_set("3");
  other.manifest.name = "other";
  EXPECT_THAT(message(driver::build_bundle(other, "0.1", &first, &compilation)), HasSubstr("bundle of `pack`"));
}

TEST(RuleSets, IrThatIsNotThatOfTheSources) {
  driver::Compilation compilation;
  Bundle built = *driver::build_bundle(rule_set("3"), "0.1", nullptr, &compilation);
  Contents forged = built.contents();
  for (File& f : forged.files)
    if (f.part == Part::kRules) f.content.replace(f.content.find("> 3"), 3, "> 9");
  EXPECT_THAT(std::string(driver::check_reproduces(*Bundle::make(forged)).message()),
              HasSubstr("not what its sources"));
}

}  // namespace
}  // namespace weir::bundle
