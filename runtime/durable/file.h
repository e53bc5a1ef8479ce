// Files that must survive a crash: whole writes, fsync, atomic replacement.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace weir::durable {

// Closes what it holds.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.release()) {}
  File& operator=(File&& other) noexcept;
  ~File();

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

  // The path is for the message only.
  absl::Status write(std::string_view bytes, const std::string& path);
  absl::Status sync(const std::string& path);

 private:
  int fd_ = -1;
};

// A new, empty file.
absl::StatusOr<File> create_file(const std::string& path);
// The file with what `fill` writes to another one beside it, which then takes its place: it is there whole, and on the
// disk, or as it was before. `fill` is given that file and its path.
absl::Status replace_file(const std::string& path, const std::function<absl::Status(File&, const std::string&)>& fill);
// NotFound if there is none.
absl::StatusOr<std::string> read_file(const std::string& path);
absl::Status truncate_file(const std::string& path, uint64_t size);
absl::Status remove_file(const std::string& path);
absl::Status make_directory(const std::string& path);
absl::Status sync_directory(const std::string& path);
// The directory that the file, or directory, is in.
absl::Status sync_parent(const std::string& path);
// Everything in it that is a file, in no order.
absl::StatusOr<std::vector<std::string>> list_directory(const std::string& path);

// XXH3-64, as both kinds of files check their contents by.
uint64_t checksum(std::string_view bytes);

// "cannot write `path`: no space left on device", with the code that fits errno.
absl::Status system_error(std::string_view what, const std::string& path);
absl::Status data_loss(const std::string& text);

}  // namespace weir::durable
