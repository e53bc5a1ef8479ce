#include "runtime/match/list_table.h"

#include <gtest/gtest.h>

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
  const ListSet& set(const ListVersion& version) const { return version.set() != nullptr ? *version.set() : *loaded; }
  bool has(const Value& v) const { return set(*table->current(0)).contains(v).is_true(); }
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
  EXPECT_TRUE(f.set(*before[0]).contains(Value::string("a")).is_true());
  EXPECT_TRUE(f.has("b"));
}

TEST(ListTable, ReadersSeeOneVersionOrTheOther) {
  Fixture f(ir::ListKind::kString, {"x", "0"});
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      const auto lists = f.table->snapshot();
      int versions = 0;
      for (const char* v : {"0", "1"}) versions += f.set(*lists[0]).contains(Value::string(v)).is_true();
      EXPECT_EQ(versions, 1);
      EXPECT_TRUE(f.set(*lists[0]).contains(Value::string("x")).is_true());
    }
  });
  for (int i = 0; i < 2000; ++i)
    ASSERT_TRUE(f.table->edit(0, Edit::kReplace, Strings{"x", std::to_string(i % 2)}).ok());
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace weir::match
