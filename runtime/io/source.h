// Streams of bytes: files and standard input, with .zst and .gz undone on the way. Memory does not grow with the
// stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace weir::io {

// One reader at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to n bytes into buf, as many as are there without waiting for more once there are some; 0 at the end. DataLoss:
  // compressed data that ends too early or is damaged (what came before it has been delivered). Unavailable: the system
  // could not read.
  virtual absl::StatusOr<size_t> read(char* buf, size_t n) = 0;
  // Bytes taken from the file so far, and its size if known (0 for pipes): for progress.
  virtual uint64_t raw_position() const = 0;
  virtual uint64_t raw_size() const = 0;
};

// "-" is standard input. Compression is told by the first bytes, not by the name: a renamed or piped .zst works too.
// Windows of zstd up to 128 MiB (--long=27) are taken.
absl::StatusOr<std::unique_ptr<ByteSource>> open_source(const std::string& path);

}  // namespace weir::io
