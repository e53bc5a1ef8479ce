#include "tools/serve/router.h"

#include <algorithm>

#include "tools/serve/endpoints.h"

namespace weir::serve {
namespace {

constexpr uint8_t kAnyRole = kHost | kReader | kAuthor | kApprover | kOperator;
constexpr uint8_t kLooks = kReader | kAuthor | kApprover | kOperator;
constexpr Method kGet = Method::kGet, kPost = Method::kPost;

// Those that are asked most come first.
constexpr Endpoint kEndpoints[] = {
    {kPost, "/v1/evaluate", kHost, false, Body::kJson, "200 404 422", evaluate},
    {kPost, "/v1/evaluate/batch", kHost, false, Body::kEvents, "200 404", evaluate_batch},
    {kPost, "/v1/explain", kLooks, false, Body::kJson, "200 404 422", explain_event},
    {kGet, "/v1/health/live", 0, false, Body::kNone, "200", live},
    {kGet, "/v1/health/ready", 0, false, Body::kNone, "200", ready},
    {kGet, "/metrics", kAnyRole, false, Body::kNone, "200", metrics},
    {kGet, "/openapi.json", 0, false, Body::kNone, "200", openapi},
    {kGet, "/v1/status", kLooks, false, Body::kNone, "200", server_status},
    {kGet, "/v1/rules", kLooks, false, Body::kNone, "200", rules},
    {kGet, "/v1/generations", kLooks, false, Body::kNone, "200", generations},
    {kGet, "/v1/proposals", kLooks, false, Body::kNone, "200", proposals},
    {kPost, "/v1/proposals", kAuthor, true, Body::kRules, "201 409 422", propose},
    {kGet, "/v1/proposals/{id}", kLooks, false, Body::kNone, "200 404", proposal},
    {kPost, "/v1/proposals/{id}/approve", kApprover, true, Body::kJson, "200 404 409 422", approve},
    {kPost, "/v1/proposals/{id}/reject", kApprover | kAuthor, true, Body::kJson, "200 404 409 422", reject},
    {kPost, "/v1/proposals/{id}/rollout", kApprover, true, Body::kJson, "200 404 409 422", start_rollout},
    {kGet, "/v1/rollout", kLooks, false, Body::kNone, "200 404", rollout},
    {kPost, "/v1/rollout/promote", kApprover, true, Body::kJson, "200 409 422", promote_rollout},
    {kPost, "/v1/rollout/rollback", kOperator | kApprover, true, Body::kJson, "200 409 422", roll_back_rollout},
    {kPost, "/v1/rollout/labels", kOperator, true, Body::kJson, "200 409 422", label_rollout},
    {kPost, "/v1/rollback", kOperator | kApprover, true, Body::kJson, "200 404 409 422", roll_back},
    {kGet, "/v1/labels", kLooks, false, Body::kNone, "200 404 422", labels},
    {kPost, "/v1/labels/set", kOperator, true, Body::kJson, "200 404 422", set_label},
    {kPost, "/v1/labels/unset", kOperator, true, Body::kJson, "200 404 422", unset_label},
    {kGet, "/v1/lists", kLooks, false, Body::kNone, "200", lists},
    {kGet, "/v1/lists/{name}", kLooks, false, Body::kNone, "200 404", list},
    {kPost, "/v1/lists/{name}/add", kOperator, true, Body::kJson, "200 404 422", add_to_list},
    {kPost, "/v1/lists/{name}/remove", kOperator, true, Body::kJson, "200 404 422", remove_from_list},
    {kPost, "/v1/lists/{name}/replace", kOperator, true, Body::kJson, "200 404 422", replace_list},
    {kGet, "/v1/snoozes", kLooks, false, Body::kNone, "200", snoozes},
    {kPost, "/v1/snoozes", kOperator, true, Body::kJson, "200 404 422", snooze},
    {kPost, "/v1/snoozes/end", kOperator, true, Body::kJson, "200 404 422", end_snooze},
    {kPost, "/v1/limits/reset", kOperator, true, Body::kJson, "200 404 422", reset_limit},
    {kPost, "/v1/snapshot", kOperator, true, Body::kNone, "200 422", snapshot},
};

// Part by part; `{…}` takes any part that is not empty.
bool matches(std::string_view pattern, std::string_view path, std::string_view* parameter) {
  for (;;) {
    const size_t brace = pattern.find('{');
    if (brace == std::string_view::npos) return pattern == path;
    if (path.substr(0, brace) != pattern.substr(0, brace)) return false;
    path.remove_prefix(brace);
    pattern.remove_prefix(pattern.find('}') + 1);
    const size_t end = std::min(path.find('/'), path.size());
    if (end == 0) return false;
    *parameter = path.substr(0, end);
    path.remove_prefix(end);
  }
}

void add_statuses(std::string_view text, std::vector<int>* out) {
  while (text.size() >= 3) {
    out->push_back((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
    text.remove_prefix(std::min<size_t>(4, text.size()));
  }
}

}  // namespace

std::span<const Endpoint> endpoints() { return kEndpoints; }

std::vector<int> statuses_of(const Endpoint& endpoint) {
  std::vector<int> out;
  add_statuses(endpoint.statuses, &out);
  add_statuses(kAlways, &out);
  if (endpoint.roles != 0) add_statuses(kWithRoles, &out);
  if (endpoint.body != Body::kNone) add_statuses(kWithBody, &out);
  std::sort(out.begin(), out.end());
  return out;
}

Route find_route(Method method, std::string_view path) {
  Route route;
  if (method == Method::kHead) method = Method::kGet;
  for (const Endpoint& e : kEndpoints) {
    std::string_view parameter;
    if (!matches(e.path, path, &parameter)) continue;
    if (e.method == method) {
      route.endpoint = &e;
      route.parameter = parameter;
      return route;
    }
    const bool gets = e.method == Method::kGet;
    route.allow = route.other_method ? "GET, HEAD, POST" : gets ? "GET, HEAD" : "POST";
    route.other_method = true;
  }
  return route;
}

}  // namespace weir::serve
