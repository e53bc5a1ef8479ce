// The JSON manifest of a bundle (bundle.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/bundle/bundle.h"

namespace weir::bundle {

// A file as the manifest names it.
struct FileEntry {
  std::string path;
  Part part = Part::kRules;
  uint64_t size = 0;
  std::string sha256;
};

std::string write_manifest(const Contents& contents);

// Fills everything but the files' contents. DataLoss: not a manifest. InvalidArgument: paths (check_paths).
absl::StatusOr<Contents> read_manifest(std::string_view text, std::vector<FileEntry>* files);

// Every path is relative, stays inside and occurs once.
absl::Status check_paths(const std::vector<std::string>& paths);

}  // namespace weir::bundle
