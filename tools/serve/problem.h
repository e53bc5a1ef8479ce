// Answers, and those that say what went wrong: application/problem+json (RFC 9457).
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "tools/serve/http.h"
#include "tools/weir/json.h"

namespace weir::serve {

void answer(int status, const tools::Json& json, Response* response);

// {"title","status","detail"} and the further members. Replaces what the response had.
void set_problem(Response* response, int status, std::string_view detail, const tools::Json& members = nullptr);

// The HTTP status of what an engine call says; nothing of Weir's own failures is the client's.
int http_status(const absl::Status& status);
void set_problem(Response* response, const absl::Status& status);

}  // namespace weir::serve
