#include "tools/serve/problem.h"

namespace weir::serve {

void answer(int status, const tools::Json& json, Response* response) {
  response->status = status;
  response->body = tools::json_text(json) + "\n";
}

void set_problem(Response* response, int status, std::string_view detail, const tools::Json& members) {
  response->status = status;
  response->content_type = kProblem;
  tools::Json problem = {{"title", reason_phrase(status)}, {"status", status}, {"detail", detail}};
  if (members.is_object()) problem.update(members);
  response->body = tools::json_text(problem) + "\n";
}

int http_status(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return 409;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnimplemented:
      return 422;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

void set_problem(Response* response, const absl::Status& status) {
  set_problem(response, http_status(status), std::string(status.message()));
}

}  // namespace weir::serve
