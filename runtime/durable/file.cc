#include "runtime/durable/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace weir::durable {

absl::Status system_error(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string text = fmt::format("cannot {} `{}`: {}", what, path, std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(text) : absl::UnavailableError(text);
}

absl::Status data_loss(const std::string& text) { return absl::DataLossError(text); }

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status File::write(std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return system_error("write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status File::sync(const std::string& path) {
  return ::fsync(fd_) == 0 ? absl::OkStatus() : system_error("sync", path);
}

absl::StatusOr<File> create_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return system_error("create", path);
  return File(fd);
}

absl::Status replace_file(const std::string& path, const std::function<absl::Status(File&, const std::string&)>& fill) {
  const std::string temporary = path + ".tmp";
  absl::StatusOr<File> file = create_file(temporary);
  if (!file.ok()) return file.status();
  absl::Status status = fill(*file, temporary);
  if (status.ok()) status = file->sync(temporary);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) status = system_error("rename", temporary);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_parent(path);
}

absl::StatusOr<std::string> read_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return system_error("open", path);
  struct stat info;
  if (::fstat(file.fd(), &info) != 0) return system_error("read", path);
  std::string out;
  out.resize(info.st_size > 0 ? static_cast<size_t>(info.st_size) : 0);
  size_t have = 0;
  while (have < out.size()) {
    const ssize_t n = ::read(file.fd(), out.data() + have, out.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", path);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  out.resize(have);
  return out;
}

absl::Status truncate_file(const std::string& path, uint64_t size) {
  const File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.is_open() || ::ftruncate(file.fd(), static_cast<off_t>(size)) != 0 || ::fsync(file.fd()) != 0) {
    return system_error("cut", path);
  }
  return absl::OkStatus();
}

absl::Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path);
  return absl::OkStatus();
}

absl::Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return sync_parent(path);
  struct stat info;
  if (errno == EEXIST && ::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    errno = ENOTDIR;
  }
  return system_error("create directory", path);
}

absl::Status sync_directory(const std::string& path) {
  File directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return system_error("open", path);
  return directory.sync(path);
}

absl::Status sync_parent(const std::string& path) {
  const size_t slash = path.find_last_of('/', path.size() - 2);  // one at the end is the path's own
  return sync_directory(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

absl::StatusOr<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return system_error("read directory", path);
  std::vector<std::string> out;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") out.push_back(name);
  }
  ::closedir(directory);
  return out;
}

}  // namespace weir::durable
