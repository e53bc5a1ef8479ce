// Objects of compiled units in a directory, from one process to the next.
//
// What lies there becomes code of this process, so the directory and its files must be this user's and closed to all
// others, and every entry carries its key and a checksum. Anything else (damaged, cut, of another key, a link, open to
// others) counts as not there and is written anew. Entries are written beside and renamed, so processes may share a
// directory. A file: "WEIROBJ1", key (16 bytes), size (8, little-endian), XXH3-128 of the object (16), the object.
#pragma once

#include <llvm/Support/MemoryBuffer.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace weir::jit {

// Thread-safe.
class ObjectCache {
 public:
  struct Key {
    uint64_t hi = 0, lo = 0;
  };
  static Key key_of(std::string_view bytes);  // XXH3-128

  // Makes the directory if it is not there (its parent must be). Errors: not a directory, another user's, open to
  // others.
  static absl::StatusOr<std::unique_ptr<ObjectCache>> open(const std::string& directory);
  ~ObjectCache();
  ObjectCache(const ObjectCache&) = delete;
  ObjectCache& operator=(const ObjectCache&) = delete;

  std::unique_ptr<llvm::MemoryBuffer> find(const Key& key);  // null if there is none
  // Nothing comes of it if the disk is full or read-only.
  void store(const Key& key, std::string_view object);
  // Removes what was used longest ago until the rest is not larger, and what others left half written an hour ago.
  void trim(uint64_t max_bytes);

 private:
  explicit ObjectCache(int directory) : directory_(directory) {}
  const int directory_;
  std::atomic<uint64_t> written_{0};
};

}  // namespace weir::jit
