// Snapshot and log files: what was written comes back, and nothing broken is taken for whole.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "runtime/durable/file.h"
#include "runtime/durable/log_file.h"
#include "runtime/durable/snapshot_file.h"

namespace weir::durable {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() : directory_(fs::temp_directory_path() / ("weir-files-" + std::to_string(::getpid()))) {
    fs::create_directories(directory_);
  }
  ~Files() override { fs::remove_all(directory_); }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  static void overwrite(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  static Snapshot sample() {
    Snapshot s;
    s.header = {77, 3, {1, 2}};
    s.sections.push_back({1, {10, 11}, std::string(300, 'a') + std::string(3, '\0')});
    s.sections.push_back({2, {12, 13}, ""});
    s.sections.push_back({9, {14, 15}, "of a later version"});
    return s;
  }

  fs::path directory_;
};

TEST_F(Files, ASnapshotComesBackAsItWasWritten) {
  ASSERT_TRUE(write_snapshot(path("s"), sample()).ok());
  EXPECT_FALSE(fs::exists(path("s.tmp")));
  const auto got = read_snapshot(path("s"));
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(got->header.sequence, 77u);
  EXPECT_EQ(got->header.generation, 3u);
  EXPECT_EQ(got->header.rules, (ir::Identity{1, 2}));
  ASSERT_EQ(got->sections.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(got->sections[i].kind, sample().sections[i].kind);
    EXPECT_EQ(got->sections[i].identity, sample().sections[i].identity);
    EXPECT_EQ(got->sections[i].payload, sample().sections[i].payload);
  }
}

TEST_F(Files, ASnapshotWithAnyByteChangedOrMissingIsRefused) {
  const std::string whole = snapshot_to_bytes(sample());
  ASSERT_TRUE(snapshot_from_bytes(whole).ok());
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x80}) {
      std::string broken = whole;
      broken[i] = static_cast<char>(broken[i] ^ flip);
      ASSERT_FALSE(snapshot_from_bytes(broken).ok()) << "byte " << i;
    }
    ASSERT_FALSE(snapshot_from_bytes(std::string_view(whole).substr(0, i)).ok()) << "cut at " << i;
  }
  ASSERT_FALSE(snapshot_from_bytes(whole + "x").ok());
  overwrite(path("s"), whole.substr(0, whole.size() / 2));
  const auto got = read_snapshot(path("s"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().message(),
            "cannot use snapshot `" + path("s") + "`: its end is missing: it was not written whole");
}

TEST_F(Files, WhatWasCommittedIsInTheSegment) {
  for (const Sync sync : {Sync::kEveryCommit, Sync::kInterval, Sync::kSystem}) {
    LogWriter writer({sync, std::chrono::milliseconds(1)});
    ASSERT_TRUE(writer.begin(path("a"), 5, "schema").ok());
    ASSERT_TRUE(writer.append(RecordKind::kEvent, "one").ok());
    ASSERT_TRUE(writer.append(RecordKind::kChange, "").ok());
    ASSERT_TRUE(writer.commit().ok());
    EXPECT_EQ(writer.next_sequence(), 7u);
    const std::string bytes = *read_file(path("a"));
    const auto got = parse_segment(bytes);
    ASSERT_TRUE(got.ok()) << got.status().message();
    EXPECT_EQ(got->first, 5u);
    EXPECT_EQ(got->schema, "schema");
    EXPECT_TRUE(got->whole);
    EXPECT_EQ(bytes.size(), writer.segment_bytes());
    ASSERT_EQ(got->records.size(), 2u);
    EXPECT_EQ(got->records[0].payload, "one");
    EXPECT_EQ(got->records[1].sequence, 6u);
    EXPECT_EQ(got->records[1].kind, RecordKind::kChange);
    ASSERT_TRUE(writer.begin(path("b"), 7, "other").ok());
    EXPECT_EQ(*read_file(path("a")), bytes);
  }
}

TEST_F(Files, ATornTailIsCutAndDamageInsideIsRefused) {
  {
    LogWriter writer({Sync::kSystem});
    ASSERT_TRUE(writer.begin(path("a"), 1, "schema").ok());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(writer.append(RecordKind::kEvent, std::string(i, 'x')).ok());
  }
  const std::string whole = *read_file(path("a"));
  const auto all = parse_segment(whole);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->records.size(), 20u);
  const size_t last = whole.size() - 17 - 19, header = all->records[0].payload.data() - whole.data() - 17;
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = parse_segment(std::string_view(whole).substr(0, size));
    if (size < header) {
      ASSERT_EQ(cut.status().code(), absl::StatusCode::kNotFound) << size;
      continue;
    }
    ASSERT_TRUE(cut.ok()) << size;
    ASSERT_EQ(cut->whole, cut->valid == size) << size;
    ASSERT_LT(cut->records.size(), 20u);
    for (size_t i = 0; i < cut->records.size(); ++i) ASSERT_EQ(cut->records[i].payload, std::string(i, 'x'));
  }
  std::mt19937 random(1);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ (1u << random() % 8));
    const auto got = parse_segment(broken);
    if (i < last) {
      ASSERT_FALSE(got.ok()) << i;
    } else {  // as if it had not been written whole
      ASSERT_TRUE(got.ok()) << i;
      ASSERT_EQ(got->records.size(), 19u);
      ASSERT_FALSE(got->whole);
    }
  }
}

}  // namespace
}  // namespace weir::durable
