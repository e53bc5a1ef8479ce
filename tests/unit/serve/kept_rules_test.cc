// What a server keeps of its publications: whole, or said to be broken.
#include "tools/serve/kept_rules.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "runtime/durable/file.h"

namespace weir::serve {
namespace {

Publication publication(uint64_t number) {
  Publication out;
  out.account = {number, 17, "publish", "ann", "bob", "a \"reason\"\n"};
  out.bundle = std::string("bundle\0of", 9) + std::to_string(number);
  return out;
}

TEST(KeptRules, ComeBackAsTheyWere) {
  const Publication p = publication(3);
  const auto read = publication_from_bytes(to_bytes(p));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->bundle, p.bundle);
  EXPECT_EQ(read->account.number, 3u);
  EXPECT_EQ(read->account.wall_nanos, 17);
  EXPECT_EQ(read->account.step, "publish");
  EXPECT_EQ(read->account.proposed_by, "ann");
  EXPECT_EQ(read->account.by, "bob");
  EXPECT_EQ(read->account.reason, p.account.reason);
}

TEST(KeptRules, AnyAlterationIsSeen) {
  const std::string whole = to_bytes(publication(3));
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    EXPECT_FALSE(publication_from_bytes(bad).ok()) << i;
    EXPECT_FALSE(publication_from_bytes(whole.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(publication_from_bytes(whole + "x").ok());
}

class KeptRulesDirectory : public testing::Test {
 protected:
  KeptRulesDirectory() : folder_(testing::TempDir() + "kept_rules_" + std::to_string(getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~KeptRulesDirectory() override { std::filesystem::remove_all(folder_); }

  void spoil(const std::string& name, const std::string& text) {
    ASSERT_TRUE(durable::replace_file(folder_ + "/" + name, [&](durable::File& file, const std::string& path) {
                  return file.write(text, path);
                }).ok());
  }

  const std::string folder_;
};

TEST_F(KeptRulesDirectory, HasTheLastOnesNewestFirst) {
  KeptRules kept(folder_);
  EXPECT_EQ(kept.read()->newest, 0u);
  for (uint64_t n = 1; n <= KeptRules::kMost + 5; ++n) ASSERT_TRUE(kept.keep(publication(n)).ok());
  const auto found = kept.read();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->newest, KeptRules::kMost + 5);
  ASSERT_EQ(found->publications.size(), KeptRules::kMost);
  EXPECT_EQ(found->publications.front().account.number, KeptRules::kMost + 5);
  EXPECT_EQ(found->publications.back().account.number, 6u);
  EXPECT_TRUE(found->broken.empty());
}

TEST_F(KeptRulesDirectory, PassesOverWhatIsBroken) {
  KeptRules kept(folder_);
  for (uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(kept.keep(publication(n)).ok());
  spoil("published-00000000000000000003.rules", "");
  spoil("published-00000000000000000002.rules", to_bytes(publication(1)));  // of another
  spoil("published-x.rules", "no number: not ours");
  const auto found = kept.read();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->newest, 3u);
  ASSERT_EQ(found->publications.size(), 1u);
  EXPECT_EQ(found->publications[0].account.number, 1u);
  EXPECT_EQ(found->broken.size(), 2u);
}

}  // namespace
}  // namespace weir::serve
