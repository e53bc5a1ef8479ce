// One GET to a `weir serve`.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace weir::tools {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// `server`: http://HOST[:PORT] or https://…, whose certificate must be of `ca_file`, or of the system's authorities if
// that is empty. An empty token is not sent. Unavailable: it cannot be reached. InvalidArgument: no such address.
absl::StatusOr<HttpAnswer> http_get(const std::string& server, const std::string& path, const std::string& token,
                                    const std::string& ca_file);

}  // namespace weir::tools
