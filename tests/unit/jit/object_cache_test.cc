// What a cache gives back is what was stored, or nothing.
#include "runtime/jit/object_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weir::jit {
namespace {

namespace fs = std::filesystem;

class ObjectCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "weir_cache_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    cache_ = make(root_ / "cache");
    ASSERT_NE(cache_, nullptr);
  }
  void TearDown() override { fs::remove_all(root_); }

  static std::unique_ptr<ObjectCache> make(const fs::path& path) {
    auto cache = ObjectCache::open(path.string());
    return cache.ok() ? *std::move(cache) : nullptr;
  }
  static std::string refusal(const fs::path& path) {
    return std::string(ObjectCache::open(path.string()).status().message());
  }
  std::string found(const ObjectCache::Key& key) {
    auto object = cache_->find(key);
    return object == nullptr ? "nothing" : object->getBuffer().str();
  }
  // The one entry.
  fs::path entry() const {
    fs::path only;
    for (const auto& file : fs::directory_iterator(root_ / "cache")) {
      EXPECT_TRUE(only.empty());
      only = file.path();
    }
    return only;
  }
  static std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static void write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  fs::path root_;
  std::unique_ptr<ObjectCache> cache_;
  const ObjectCache::Key key_ = ObjectCache::key_of("a unit");
  const std::string object_ = "machine code, so to speak";
};

TEST_F(ObjectCacheTest, GivesBackWhatWasStored) {
  EXPECT_EQ(found(key_), "nothing");
  cache_->store(key_, object_);
  EXPECT_EQ(found(key_), object_);
  cache_ = make(root_ / "cache" / "");  // another process
  EXPECT_EQ(found(key_), object_);
  EXPECT_EQ(found(ObjectCache::key_of("another unit")), "nothing");
  struct stat status;
  ASSERT_EQ(stat(entry().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((root_ / "cache").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(ObjectCacheTest, EveryDamageIsNoticedAndRepaired) {
  cache_->store(key_, object_);
  const std::string whole = read(entry());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write(entry(), damaged);
    ASSERT_EQ(found(key_), "nothing") << "byte " << at;
    write(entry(), whole.substr(0, at));
    ASSERT_EQ(found(key_), "nothing") << "cut to " << at;
  }
  write(entry(), whole + "x");
  EXPECT_EQ(found(key_), "nothing");
  cache_->store(key_, object_);
  EXPECT_EQ(found(key_), object_);
}

TEST_F(ObjectCacheTest, AnEntryUnderAnotherNameIsNotThere) {
  const ObjectCache::Key other = ObjectCache::key_of("another unit");
  cache_->store(key_, object_);
  const fs::path first = entry();
  cache_->store(other, "other code");
  for (const auto& file : fs::directory_iterator(root_ / "cache"))
    if (file.path() != first) fs::copy_file(first, file.path(), fs::copy_options::overwrite_existing);
  EXPECT_EQ(found(other), "nothing");
  EXPECT_EQ(found(key_), object_);
}

TEST_F(ObjectCacheTest, WhatOthersCouldHaveWrittenIsNotRead) {
  cache_->store(key_, object_);
  const fs::path path = entry();
  for (const mode_t mode : {0644, 0660, 0602}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_EQ(found(key_), "nothing") << mode;
  }
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(found(key_), object_);
  fs::rename(path, root_ / "elsewhere");
  fs::create_symlink(root_ / "elsewhere", path);
  EXPECT_EQ(found(key_), "nothing");
  cache_->store(key_, object_);  // in place of the link
  EXPECT_EQ(found(key_), object_);
  fs::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(found(key_), "nothing");
  if (geteuid() == 0) {
    fs::remove(path);
    cache_->store(key_, object_);
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    EXPECT_EQ(found(key_), "nothing");
  }
}

TEST_F(ObjectCacheTest, ADirectoryThatOthersMayUseIsRefused) {
  const fs::path open = root_ / "open";
  fs::create_directory(open);
  ASSERT_EQ(chmod(open.c_str(), 0755), 0);
  EXPECT_NE(refusal(open).find("chmod 700"), std::string::npos);
  fs::create_directory_symlink(root_ / "cache", root_ / "link");
  EXPECT_NE(refusal(root_ / "link"), "");
  EXPECT_NE(refusal(root_ / "link" / ""), "");
  write(root_ / "file", "");
  EXPECT_NE(refusal(root_ / "file"), "");
  EXPECT_NE(refusal(root_ / "no" / "parent"), "");
}

TEST_F(ObjectCacheTest, TheOldestGoFirst) {
  std::vector<ObjectCache::Key> keys;
  for (int i = 0; i < 5; ++i) {
    keys.push_back(ObjectCache::key_of(std::string(1, static_cast<char>('a' + i))));
    cache_->store(keys.back(), std::string(1000, 'x'));
    usleep(5000);
  }
  EXPECT_NE(found(keys[0]), "nothing");  // used: the youngest now
  write(root_ / "cache" / "half.tmp", "x");
  write(root_ / "cache" / "notes", std::string(10000, 'x'));  // not ours to remove
  cache_->trim(3200);
  EXPECT_NE(found(keys[0]), "nothing");
  EXPECT_EQ(found(keys[1]), "nothing");
  EXPECT_EQ(found(keys[2]), "nothing");
  EXPECT_NE(found(keys[4]), "nothing");
  EXPECT_TRUE(fs::exists(root_ / "cache" / "half.tmp"));
  EXPECT_TRUE(fs::exists(root_ / "cache" / "notes"));
  const timespec old[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (root_ / "cache" / "half.tmp").c_str(), old, 0), 0);
  cache_->trim(3200);
  EXPECT_FALSE(fs::exists(root_ / "cache" / "half.tmp"));
}

TEST_F(ObjectCacheTest, ADirectoryThatIsGoneIsNoHarm) {
  fs::remove_all(root_ / "cache");
  cache_->store(key_, object_);
  EXPECT_EQ(found(key_), "nothing");
  cache_->trim(0);
}

}  // namespace
}  // namespace weir::jit
