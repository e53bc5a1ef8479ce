// Native code from the cache: which units an edit compiles anew, by counting, and that results stay.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/engine/rule_text.h"

#ifdef WEIR_HAVE_JIT

namespace weir::engine {
namespace {

namespace fs = std::filesystem;

class NativeCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "weir_cache_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    for (int i = 0; i < kRules; ++i) conditions_.emplace_back(std::to_string(i), condition(i));
  }
  void TearDown() override { fs::remove_all(directory_); }

  static constexpr int kRules = 900;  // enough for an index, and for units by rule

  static std::string condition(int i) {
    switch (i % 4) {
      case 0:
        return fmt::format("e.a > {} && e.name == \"n{}\"", i % 97, i % 130);
      case 1:
        return fmt::format("e.b < {} || e.name.contains(\"{}\")", i % 50, i % 100);
      case 2:
        return fmt::format("e.name in [\"n{}\", \"n{}\"] && e.words.exists(w, w == \"w{}\")", i % 130, i % 113, i % 90);
      default:
        return fmt::format("e.a / (e.a - {}) > 1 && e.name.startsWith(\"n{}\")", i % 40, i % 7);
    }
  }

  std::shared_ptr<const Rules> compile() {
    std::string text = "event e { a: int  b: int  name: string  words: list<string> }\n";
    for (const auto& [id, when] : conditions_)
      text += fmt::format("rule r{0} on e {{ id \"R-{0}\" when {1} score 1 mode live }}\n", id, when);
    driver::Compilation compiled = driver::compile({{"rules.weir", text}}, {});
    EXPECT_NE(compiled.program, nullptr);
    RulesOptions options;
    options.tier = Tier::kNative;
    options.opt_level = 0;
    options.cache_directory = directory_.string();
    auto rules = Rules::create(compiled.program, options);
    EXPECT_TRUE(rules.ok()) << rules.status();
    status_ = (*rules)->tier_status();
    return *rules;
  }
  uint32_t compiled_anew() const { return status_.units - status_.units_cached; }

  // The same events through the interpreter and through these.
  void expect_right(const std::shared_ptr<const Rules>& rules) {
    auto interpreted = Rules::create(rules->program_ptr(), {.tier = Tier::kInterpreter});
    Session a(rules, {}), b(*interpreted, {});
    Sender native(a), reference(b);
    for (int i = 0; i < 150; ++i) {
      const Sender::Fields fields{i, "", {{"name", fmt::format("n{}", i)}}, {{"a", i % 101}, {"b", i % 53}}};
      ASSERT_EQ(native.hits("e", fields), reference.hits("e", fields)) << i;
    }
  }

  fs::path directory_;
  std::vector<std::pair<std::string, std::string>> conditions_;  // by id
  TierStatus status_;
};

TEST_F(NativeCacheTest, TheSameRulesAreNotCompiledTwice) {
  expect_right(compile());
  EXPECT_EQ(status_.units_cached, 0u);
  EXPECT_GE(status_.units, 9u);
  expect_right(compile());
  EXPECT_EQ(compiled_anew(), 0u);
}

TEST_F(NativeCacheTest, AnEditCompilesOneUnit) {
  compile();
  for (const int rule : {0, 444, kRules - 1}) {
    // Another threshold and another text: constants, memos and codes of all rules after it are numbered anew.
    conditions_[static_cast<size_t>(rule)].second = fmt::format("e.a > 1000{} && e.name != \"new{}\"", rule, rule);
    expect_right(compile());
    EXPECT_EQ(compiled_anew(), 1u) << rule;
  }
}

TEST_F(NativeCacheTest, AnInsertionCompilesOneUnit) {
  compile();
  conditions_.insert(conditions_.begin() + 300, {"new", "e.name == \"somebody new\" && e.b > 777777"});
  expect_right(compile());
  EXPECT_EQ(compiled_anew(), 1u);
  conditions_.erase(conditions_.begin() + 300);
  expect_right(compile());
  EXPECT_EQ(compiled_anew(), 0u);  // its unit without it is still there
}

TEST_F(NativeCacheTest, DamagedEntriesAreCompiledAnew) {
  compile();
  uint32_t damaged = 0;
  for (const auto& file : fs::directory_iterator(directory_)) {
    if (damaged == 3) break;
    std::fstream entry(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    entry.seekp(200);
    entry.put('\xCC');
    entry.put('\xCC');
    ++damaged;
  }
  expect_right(compile());
  EXPECT_EQ(compiled_anew(), 3u);
  compile();
  EXPECT_EQ(compiled_anew(), 0u);
}

TEST_F(NativeCacheTest, ACacheThatCannotBeUsedIsNoHarm) {
  ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
  expect_right(compile());
  EXPECT_EQ(status_.units_cached, 0u);
  EXPECT_NE(status_.note.find("chmod 700"), std::string::npos);
}

}  // namespace
}  // namespace weir::engine

#endif
