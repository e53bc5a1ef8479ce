// What was published, kept over restarts: one file in the state directory for each of the last generations.
//
//   published-NUMBER.rules   "WEIRPUBL"  u32 version  u32 bytes of the account  u64 bytes of the bundle  u64 hash of
//                            what follows; the account: who let it decide, when and why, as JSON; the bundle
// Numbers are little-endian; `hash` is XXH3-64. A file is there whole or not at all; one that was damaged since is
// found by its hash, and the generation before it is taken.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace weir::serve {

// How a generation came to decide.
struct Account {
  uint64_t number = 0;
  int64_t wall_nanos = 0;
  std::string step;             // "publish", "roll_back", "reload", "rollout", …
  std::string proposed_by, by;  // by: who let it decide
  std::string reason;
};

struct Publication {
  Account account;
  std::string bundle;  // its bytes
};

// One caller at a time.
class KeptRules {
 public:
  static constexpr size_t kMost = 20;  // generations; older ones go

  explicit KeptRules(std::string directory) : directory_(std::move(directory)) {}

  struct Found {
    std::vector<Publication> publications;  // that are whole, newest first
    std::vector<std::string> broken;        // what is wrong with the others
    uint64_t newest = 0;                    // number, whether or not it is whole; 0: nothing is kept
  };
  absl::StatusOr<Found> read() const;
  // On the disk when it returns.
  absl::Status keep(const Publication& publication);
  // It did not come to decide after all.
  absl::Status forget(uint64_t number);

 private:
  absl::StatusOr<std::vector<uint64_t>> numbers() const;  // ascending
  std::string path(uint64_t number) const;
  const std::string directory_;
};

std::string to_bytes(const Publication& publication);
absl::StatusOr<Publication> publication_from_bytes(std::string_view bytes);

}  // namespace weir::serve
