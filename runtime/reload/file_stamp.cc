#include "runtime/reload/file_stamp.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <utility>

namespace weir::reload {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFiles = 100'000;
constexpr int kMaxLinks = 40;  // as the kernel follows

std::string parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? "." : parent.string();
}

class Stamper {
 public:
  explicit Stamper(FileStamp* out) : out_(*out) {}

  void add(fs::path path) {
    if (path.filename().empty() && path.has_parent_path()) path = path.parent_path();  // "rules/"
    follow(path);
    visit(path);
  }

 private:
  // The directories in which the path, and what it and those above it link to, are entries.
  void follow(const fs::path& path, int links = 0) {
    if (links > kMaxLinks) return;
    out_.directories.insert(parent_of(path));
    for (fs::path part = path; part.has_relative_path(); part = part.parent_path()) {
      std::error_code error;
      const fs::path target = fs::read_symlink(part, error);
      if (error) continue;
      out_.directories.insert(parent_of(part));
      follow(target.is_absolute() ? target : part.parent_path() / target, links + 1);
    }
  }

  void visit(const fs::path& path) {
    if (files_++ >= kMaxFiles) return;
    struct stat s = {};
    if (stat(path.c_str(), &s) != 0) {
      fmt::format_to(std::back_inserter(out_.seen), "! {} {}\n", errno, path.string());
      return;
    }
    const bool directory = S_ISDIR(s.st_mode);
    // Times of a directory change with hidden entries too; its own entries are seen one by one.
    fmt::format_to(std::back_inserter(out_.seen), "{} {} {} {}.{} {}.{} {}\n", s.st_dev, s.st_ino,
                   directory ? 0 : s.st_size, directory ? 0 : s.st_mtim.tv_sec, directory ? 0 : s.st_mtim.tv_nsec,
                   directory ? 0 : s.st_ctim.tv_sec, directory ? 0 : s.st_ctim.tv_nsec, path.string());
    if (!directory || !inside_.insert({s.st_dev, s.st_ino}).second) return;
    out_.directories.insert(path.string());
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      if (!it->path().filename().string().starts_with('.')) entries.push_back(it->path());
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      if (fs::is_symlink(entry, error)) follow(entry);
      visit(entry);
    }
  }

  FileStamp& out_;
  size_t files_ = 0;
  std::set<std::pair<dev_t, ino_t>> inside_;  // directories seen: links may lead round in circles
};

}  // namespace

FileStamp stamp_files(const std::vector<std::string>& paths) {
  FileStamp out;
  Stamper stamper(&out);
  for (const std::string& path : paths) stamper.add(path);
  return out;
}

}  // namespace weir::reload
