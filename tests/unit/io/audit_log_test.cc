#include "runtime/io/audit_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/crypto/digest.h"
#include "runtime/io/change_json.h"

namespace weir::io {
namespace {

using engine::ChangeKind;
using engine::StateChange;

TEST(Sha256, StandardVectors) {
  EXPECT_EQ(crypto::sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(crypto::sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(crypto::sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(crypto::sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

StateChange snooze() {
  StateChange c;
  c.kind = ChangeKind::kSnooze;
  c.name = "R-1";
  c.has_key = true;
  c.key = "a\"b";
  c.time_nanos = 1'000'000'000;
  c.until_nanos = 2'500'000'000;
  c.by = "ann";
  c.reason = "ours";
  return c;
}

TEST(ChangeJson, EveryKindComesBack) {
  for (uint8_t k = 0; k < engine::kChangeKindCount; ++k) {
    StateChange c = snooze();
    c.kind = static_cast<ChangeKind>(k);
    const bool list = c.kind >= ChangeKind::kReplaceList, ends = k == 0 || c.kind == ChangeKind::kSnooze;
    if (list) c.values = {"x", "y\n"};
    if (list || c.kind == ChangeKind::kResetLimit) {
      c.has_key = false;
      c.key.clear();
    }
    if (!ends) c.until_nanos = INT64_MAX;
    std::string text = "{";
    append_change_members(c, &text);
    auto back = parse_change(text + "}");
    ASSERT_TRUE(back.ok()) << text << back.status();
    EXPECT_EQ(back->change, c) << text;
    EXPECT_FALSE(back->after_events);
  }
}

TEST(ChangeJson, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "not one JSON object"},
      {"{}", "`change` is absent"},
      {R"({"change":"explode"})", "there is no change `explode`"},
      {R"({"change":"snooze"})", "`snooze` needs `rule`"},
      {R"({"change":"set_label","label":"l"})", "`set_label` needs `key`"},
      {R"({"change":"replace_list","list":"l"})", "`replace_list` needs `values`"},
      {R"({"change":"replace_list","list":"l","values":[{}]})", "`values` is not a list of texts"},
      {R"({"change":"snooze","rule":"r","until":"soon"})", "`until` is not a time such as 2026-03-01T10:00:00Z"},
      {R"({"change":"snooze","rule":"r","after_events":"x"})", "`after_events` is not a number of events"},
  };
  for (auto [text, want] : cases) EXPECT_EQ(std::string(parse_change(text).status().message()), want) << text;
  auto placed = parse_change(R"({"change":"set_label","label":"l","key":7,"after_events":3})");
  ASSERT_TRUE(placed.ok());
  EXPECT_EQ(placed->change.key, "7");
  EXPECT_EQ(placed->after_events, 3u);
}

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() : path_(testing::TempDir() + "audit" + std::to_string(getpid()) + ".jsonl") {
    std::filesystem::remove(path_);
  }
  ~AuditLogTest() override { std::filesystem::remove(path_); }
  void write_three() {
    auto log = AuditLog::open(path_);
    ASSERT_TRUE(log.ok()) << log.status();
    for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE((*log)->append(snooze(), 5, 10 * i, "nothing", "until \"then\"").ok());
  }
  std::string text() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void set_text(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  std::string path_;
};

TEST_F(AuditLogTest, GoesOnWhereItEndedAndReplays) {
  write_three();
  auto summary = verify_audit_log(path_);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->records, 3u);
  write_three();
  summary = verify_audit_log(path_);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->records, 6u);
  const std::string all = text();
  auto placed = parse_change(all.substr(0, all.find('\n')));
  ASSERT_TRUE(placed.ok()) << placed.status();
  EXPECT_EQ(placed->change, snooze());
  EXPECT_EQ(placed->after_events, 0u);
}

TEST_F(AuditLogTest, StepsAreInTheChainAndAreNoChanges) {
  write_three();
  {
    auto log = AuditLog::open(path_);
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE((*log)->append_step({"trip", "R-1", "out of \"service\""}, 7, 40).ok());
  }
  auto summary = verify_audit_log(path_);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->records, 4u);
  const std::string all = text();
  const std::string change = all.substr(0, all.find('\n'));
  const std::string step = all.substr(all.rfind("{\"seq\":4"));
  EXPECT_TRUE(is_step(step));
  EXPECT_FALSE(parse_change(step).ok());
  EXPECT_FALSE(is_step(change));
  EXPECT_FALSE(is_step("[1]"));
}

TEST_F(AuditLogTest, AnyAlterationIsSeen) {
  write_three();
  const std::string whole = text();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = bad[i] == 'x' ? 'y' : 'x';
    set_text(bad);
    const auto summary = verify_audit_log(path_);
    ASSERT_TRUE(!summary.ok() || summary->records != 3 || summary->broken_off) << "byte " << i;
  }
  const size_t first = whole.find('\n') + 1, second = whole.find('\n', first) + 1;
  for (const std::string& bad : {whole.substr(first),                               // the first is gone
                                 whole.substr(0, first) + whole.substr(second),     // the second
                                 whole.substr(0, second) + whole.substr(first)}) {  // it is there twice
    set_text(bad);
    EXPECT_TRUE(absl::IsDataLoss(verify_audit_log(path_).status())) << bad;
    EXPECT_FALSE(AuditLog::open(path_).ok());
  }
}

TEST_F(AuditLogTest, AWriteThatBrokeOffIsCutOff) {
  write_three();
  const std::string whole = text();
  set_text(whole.substr(0, whole.size() - 10));
  auto summary = verify_audit_log(path_);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_TRUE(summary->broken_off);
  EXPECT_EQ(summary->records, 2u);
  write_three();
  summary = verify_audit_log(path_);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->records, 5u);
}

TEST_F(AuditLogTest, OneWriterAtATime) {
  auto log = AuditLog::open(path_);
  ASSERT_TRUE(log.ok());
  EXPECT_FALSE(AuditLog::open(path_).ok());
}

}  // namespace
}  // namespace weir::io
