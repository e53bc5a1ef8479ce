// A program as bytes, so that a rule set can be loaded without its sources being compiled again.
//
// Format: "WEIRIR1\n", 16 bytes of vocabulary, 8 bytes of checksum, the body (base/bytes.h). The vocabulary is a hash
// of the operations, builtins and their signatures that this library has and of kRevision: what another library wrote
// is not read, as numbers would mean other things. The same program gives the same bytes on every machine.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "compiler/ir/program.h"

namespace weir::ir {

inline constexpr size_t kIrHeaderBytes = 32;
std::string ir_header(std::string_view body);

std::string serialize(const Program& program);

// Types and sources are new: `sources` are those the program was compiled from, for its spans. Memory is bounded by the
// input's size. What comes back holds no reference out of range, has flags and memos that follow from its operations,
// and verifies; that operands are of the types that operations take, only its origin vouches for: read what a trusted
// key has signed.
// Unimplemented: of another version. DataLoss: damaged.
absl::StatusOr<Program> deserialize(std::string_view bytes, std::shared_ptr<base::SourceMap> sources);

}  // namespace weir::ir
