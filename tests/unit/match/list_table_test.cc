#include "runtime/match/list_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>
#include <thread>

namespace weir::match {
namespace {

using value::Value;

struct Fixture {
  Fixture(ir::ListKind kind, std::vector<std::string> values) {
    program.lists.push_back({"l", kind, std::move(values)});
    table = std::make_unique<ListTable>(program);
    loaded = *make_list_set(program.lists[0]);
  }
  bool has(const ListVersion& version, const Value& v) const { return version.contains(v, *loaded).is_true(); }
  bool has(const Value& v) const { return has(*table->current(0), v); }
  bool has(std::string_view text) const { return has(Value::string(text)); }
  std::unique_ptr<const ListSet> loaded;  // the rules'
  ir::Program program;
  std::unique_ptr<ListTable> table;
};

using Strings = std::vector<std::string>;
using Edit = ListTable::Edit;

TEST(ListTable, EveryKindIsEdited) {
  struct Case {
    ir::ListKind kind;
    const char *entry, *other;  // entries
    const char *in, *in_other;  // values they match, and only they
  };
  const Case cases[] = {
      {ir::ListKind::kString, "a", "b", "a", "b"},
      {ir::ListKind::kCidr, "10.0.0.0/8", "192.0.2.0/24", "10.1.2.3", "192.0.2.9"},
      {ir::ListKind::kDomain, "bad.test", "worse.test", "x.bad.test", "worse.test"},
      {ir::ListKind::kRegex, "^ab+$", "c.d", "abbb", "xc-dx"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.entry);
    Fixture f(c.kind, {c.entry});
    EXPECT_TRUE(f.has(c.in));
    EXPECT_FALSE(f.has(c.in_other));
    ASSERT_TRUE(f.table->edit(0, Edit::kAdd, Strings{c.other, c.other}).ok());
    EXPECT_TRUE(f.has(c.in) && f.has(c.in_other));
    ASSERT_TRUE(f.table->edit(0, Edit::kRemove, Strings{c.entry, "absent"}).ok());
    EXPECT_FALSE(f.has(c.in));
    EXPECT_TRUE(f.has(c.in_other));
    ASSERT_TRUE(f.table->edit(0, Edit::kReplace, Strings{c.entry}).ok());
    EXPECT_TRUE(f.has(c.in));
    EXPECT_FALSE(f.has(c.in_other));
    EXPECT_EQ(f.table->current(0)->number(), 4u);
    ASSERT_TRUE(f.table->edit(0, Edit::kReplace, Strings{}).ok());
    EXPECT_FALSE(f.has(c.in));
  }
  Fixture ints(ir::ListKind::kInt, {"1"});
  ASSERT_TRUE(ints.table->edit(0, Edit::kAdd, Strings{"-7"}).ok());
  for (int64_t i : {1, -7}) EXPECT_TRUE(ints.has(Value::integer(i)));
  EXPECT_FALSE(ints.has(Value::integer(7)));
}

// Against lists made anew from the same entries, over many changes: some are differences from a list that is shared,
// some too many for that.
TEST(ListTable, ManySmallChangesAreAsOneList) {
  const std::pair<ir::ListKind, std::function<std::string(int)>> kinds[] = {
      {ir::ListKind::kString, [](int i) { return fmt::format("v{}", i); }},
      {ir::ListKind::kInt, [](int i) { return std::to_string(i - 200); }},
      {ir::ListKind::kInt, [](int i) { return fmt::format("{}{}", i % 3 == 0 ? "0" : "", i / 2); }},  // 03 is 3
      {ir::ListKind::kDouble, [](int i) { return fmt::format("{}{}", i, i % 2 == 0 ? ".0" : ".5"); }},
      {ir::ListKind::kCidr, [](int i) { return fmt::format("10.0.{}.0/{}", i, i % 2 == 0 ? 24 : 22); }},
      {ir::ListKind::kDomain, [](int i) { return fmt::format("{}{}.test", i % 2 == 0 ? "" : "a.", i / 2); }},
  };
  std::mt19937 random(7);
  for (const auto& [kind, entry] : kinds) {
    Strings start;
    for (int i = 0; i < 100; ++i) start.push_back(entry(i));
    Fixture f(kind, start);
    std::set<std::string> now(start.begin(), start.end());
    std::shared_ptr<const ListVersion> early;
    for (int step = 0; step < 200; ++step) {
      SCOPED_TRACE(fmt::format("kind {}, step {}", static_cast<int>(kind), step));
      Strings some;
      for (size_t n = random() % 40 == 0 ? 150 : random() % 4; n > 0; --n) some.push_back(entry(random() % 250));
      const bool add = random() % 2 == 0;
      ASSERT_TRUE(f.table->edit(0, add ? Edit::kAdd : Edit::kRemove, some).ok());
      for (const std::string& s : some) add ? void(now.insert(s)) : void(now.erase(s));
      const auto version = f.table->current(0);
      const Strings entries(now.begin(), now.end());
      ASSERT_EQ(version->values(), entries);
      ASSERT_EQ(version->size(), entries.size());
      const Fixture anew(kind, entries);
      ASSERT_EQ(version->hash(), anew.table->current(0)->hash());
      for (int i = 0; i < 250; ++i) {
        std::string text = entry(i);
        Value v = Value::string(text);
        if (kind == ir::ListKind::kInt) v = Value::integer(std::stoll(text));
        if (kind == ir::ListKind::kDouble) v = Value::dbl(std::stod(text));
        if (kind == ir::ListKind::kCidr) v = Value::string(text = text.substr(0, text.find('/')));
        ASSERT_EQ(f.has(v), anew.has(v)) << text;
      }
      if (step == 20) early = version;
    }
    EXPECT_EQ(early->number(), 22u);
  }
}

TEST(ListTable, ABadEntryChangesNothing) {
  Fixture f(ir::ListKind::kCidr, {"10.0.0.0/8"});
  EXPECT_FALSE(f.table->edit(0, Edit::kAdd, Strings{"no network"}).ok());
  EXPECT_EQ(f.table->current(0)->number(), 1u);
  EXPECT_EQ(f.table->generation(), 1u);
  EXPECT_TRUE(f.has("10.0.0.1"));
}

TEST(ListTable, TheHashIsOfTheEntriesAndNotOfTheirHistory) {
  Fixture f(ir::ListKind::kString, {"b", "a", "b"});
  const std::string loaded = f.table->current(0)->hash();
  ASSERT_TRUE(f.table->edit(0, Edit::kAdd, Strings{"c"}).ok());
  EXPECT_NE(f.table->current(0)->hash(), loaded);
  ASSERT_TRUE(f.table->edit(0, Edit::kRemove, Strings{"c"}).ok());
  EXPECT_EQ(f.table->current(0)->hash(), loaded);
  EXPECT_EQ(f.table->current(0)->values(), (Strings{"a", "b"}));
  EXPECT_NE(Fixture(ir::ListKind::kString, {"ab", ""}).table->current(0)->hash(),
            Fixture(ir::ListKind::kString, {"a", "b"}).table->current(0)->hash());
}

TEST(ListTable, ASnapshotStaysWhatItWas) {
  Fixture f(ir::ListKind::kString, {"a"});
  uint64_t generation = 0;
  const ListTable::Snapshot before = f.table->snapshot(&generation);
  ASSERT_TRUE(f.table->edit(0, Edit::kReplace, Strings{"b"}).ok());
  EXPECT_NE(f.table->generation(), generation);
  EXPECT_TRUE(f.has(*before[0], Value::string("a")));
  EXPECT_TRUE(f.has("b"));
}

TEST(ListTable, ReadersSeeOneVersionOrTheOther) {
  Fixture f(ir::ListKind::kString, {"x", "0"});
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      const auto lists = f.table->snapshot();
      int versions = 0;
      for (const char* v : {"0", "1"}) versions += f.has(*lists[0], Value::string(v));
      EXPECT_EQ(versions, 1);
      EXPECT_TRUE(f.has(*lists[0], Value::string("x")));
    }
  });
  for (int i = 0; i < 2000; ++i)
    ASSERT_TRUE(f.table->edit(0, Edit::kReplace, Strings{"x", std::to_string(i % 2)}).ok());
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace weir::match
