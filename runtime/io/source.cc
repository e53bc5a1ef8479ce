#include "runtime/io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "absl/status/status.h"

namespace weir::io {
namespace {

absl::Status data_loss(const std::string& text) { return absl::DataLossError(absl::string_view(text)); }

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, bool owned, std::string name) : fd_(fd), owned_(owned), name_(std::move(name)) {
    struct stat info;
    if (fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) size_ = static_cast<uint64_t>(info.st_size);
  }
  ~FileSource() override {
    if (owned_) close(fd_);
  }

  absl::StatusOr<size_t> read(char* buf, size_t n) override {
    if (begin_ < peeked_.size()) {
      size_t take = std::min(n, peeked_.size() - begin_);
      memcpy(buf, peeked_.data() + begin_, take);
      begin_ += take;
      return take;
    }
    return read_file(buf, n);
  }
  uint64_t raw_position() const override { return position_; }
  uint64_t raw_size() const override { return size_; }

  // The first bytes without taking them; fewer than n only if the file is shorter.
  absl::StatusOr<std::string_view> peek(size_t n) {
    while (peeked_.size() < n) {
      char buf[64];
      auto got = read_file(buf, std::min(sizeof buf, n - peeked_.size()));
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      peeked_.append(buf, *got);
    }
    return std::string_view(peeked_);
  }

 private:
  absl::StatusOr<size_t> read_file(char* buf, size_t n) {
    for (;;) {
      ssize_t got = ::read(fd_, buf, n);
      if (got >= 0) {
        position_ += static_cast<uint64_t>(got);
        return static_cast<size_t>(got);
      }
      if (errno == EINTR) continue;
      std::string text = fmt::format("cannot read {}: {}", name_, strerror(errno));
      return absl::UnavailableError(absl::string_view(text));
    }
  }

  int fd_;
  bool owned_;
  std::string name_;
  std::string peeked_;
  size_t begin_ = 0;
  uint64_t position_ = 0, size_ = 0;
};

// What the two decompressors share: a buffer of compressed bytes.
class CompressedSource : public ByteSource {
 public:
  explicit CompressedSource(std::unique_ptr<FileSource> file) : file_(std::move(file)), input_(size_t{128} << 10) {}
  uint64_t raw_position() const override { return file_->raw_position(); }
  uint64_t raw_size() const override { return file_->raw_size(); }

 protected:
  // False at the end of the file.
  absl::StatusOr<bool> refill() {
    auto got = file_->read(input_.data(), input_.size());
    if (!got.ok()) return got.status();
    begin_ = 0;
    end_ = *got;
    return *got > 0;
  }

  std::unique_ptr<FileSource> file_;
  std::vector<char> input_;
  size_t begin_ = 0, end_ = 0;
};

class ZstdSource final : public CompressedSource {
 public:
  explicit ZstdSource(std::unique_ptr<FileSource> file)
      : CompressedSource(std::move(file)), stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
    ZSTD_initDStream(stream_.get());
  }

  absl::StatusOr<size_t> read(char* buf, size_t n) override {
    ZSTD_outBuffer out{buf, n, 0};
    while (out.pos == 0) {
      // The decoder may hold output back that did not fit last time: ask it before the file.
      if (begin_ == end_ && !pending_) {
        auto more = refill();
        if (!more.ok()) return more.status();
        if (!*more) return in_frame_ ? data_loss("the .zst stream is truncated") : absl::StatusOr<size_t>(0);
      }
      ZSTD_inBuffer in{input_.data() + begin_, end_ - begin_, 0};
      size_t hint = ZSTD_decompressStream(stream_.get(), &out, &in);
      begin_ += in.pos;
      if (ZSTD_isError(hint)) return data_loss(fmt::format("the .zst stream is damaged: {}", ZSTD_getErrorName(hint)));
      in_frame_ = hint != 0;
      pending_ = out.pos == out.size && in_frame_;
    }
    return out.pos;
  }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  bool in_frame_ = false, pending_ = false;
};

class GzipSource final : public CompressedSource {
 public:
  explicit GzipSource(std::unique_ptr<FileSource> file) : CompressedSource(std::move(file)) {
    inflateInit2(&stream_, 15 + 16);
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  absl::StatusOr<size_t> read(char* buf, size_t n) override {
    n = std::min<size_t>(n, 1u << 30);
    stream_.next_out = reinterpret_cast<Bytef*>(buf);
    stream_.avail_out = static_cast<uInt>(n);
    while (stream_.avail_out == n) {
      if (begin_ == end_) {
        auto more = refill();
        if (!more.ok()) return more.status();
        if (!*more) return in_member_ ? data_loss("the .gz stream is truncated") : absl::StatusOr<size_t>(0);
      }
      if (!in_member_) {
        if (input_[begin_] == 0) {  // padding between members or after the last, as tar and tape write it
          ++begin_;
          continue;
        }
        inflateReset(&stream_);
        in_member_ = true;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data() + begin_);
      stream_.avail_in = static_cast<uInt>(end_ - begin_);
      int rc = inflate(&stream_, Z_NO_FLUSH);
      begin_ = end_ - stream_.avail_in;
      if (rc == Z_STREAM_END) {
        in_member_ = false;
      } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return data_loss(fmt::format("the .gz stream is damaged: {}", stream_.msg ? stream_.msg : "bad data"));
      }
    }
    return n - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool in_member_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  int fd = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    std::string text = fmt::format("cannot open {}: {}", path, strerror(errno));
    return absl::NotFoundError(absl::string_view(text));
  }
  auto file = std::make_unique<FileSource>(fd, path != "-", path);
  auto head = file->peek(4);
  if (!head.ok()) return head.status();
  if (head->substr(0, 4) == std::string_view("\x28\xB5\x2F\xFD", 4))
    return std::make_unique<ZstdSource>(std::move(file));
  if (head->substr(0, 2) == std::string_view("\x1F\x8B", 2)) return std::make_unique<GzipSource>(std::move(file));
  return file;
}

}  // namespace weir::io
