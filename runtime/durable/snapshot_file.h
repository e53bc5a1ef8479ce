// A snapshot as a file: sections of state, each under the identity of what it belongs to.
//
// All numbers are little-endian; `hash` is XXH3-64.
//   header    "WEIRSNAP"  u32 version  u32 length of the rest  u64 sequence  u64 generation  u64[2] rules
//             u64 hash of all that
//   section   "SECT"  u32 kind  u64[2] identity  u64 length  u64 hash of the payload  u64 hash of the 44 bytes before
//             payload
//   trailer   "WEIREND."  u64 number of sections  u64 length of the file before the trailer  u64 hash of that
// A reader takes a file only if all of it is as it was written: whoever finds it broken goes back to the one before.
// A later version may add kinds of sections, which readers pass over, and lengthen the header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/ir/identity.h"
#include "runtime/engine/state_image.h"

namespace weir::durable {

inline constexpr uint32_t kSnapshotVersion = 2;

struct SnapshotHeader {
  uint64_t sequence = 0;    // number of the last input (log_file.h) that is in it
  uint64_t generation = 0;  // of the rules in their slot; 0 outside of one
  ir::Identity rules;       // which rules made it; its sections say which of them can use it
};

using Section = engine::StateSection;

struct Snapshot {
  SnapshotHeader header;
  std::vector<Section> sections;
  size_t bytes() const;
};

// Under a temporary name beside it, synced, then renamed: the file is there whole or not at all.
absl::Status write_snapshot(const std::string& path, const Snapshot& snapshot);
// DataLoss, with the path and what is wrong, unless the file is whole.
absl::StatusOr<Snapshot> read_snapshot(const std::string& path);
// The same of bytes; messages do not name a file.
std::string snapshot_to_bytes(const Snapshot& snapshot);
absl::StatusOr<Snapshot> snapshot_from_bytes(std::string_view bytes);

}  // namespace weir::durable
