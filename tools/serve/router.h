// What the server answers to: one table of endpoints, which the OpenAPI document must agree with.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tools/serve/auth.h"
#include "tools/serve/http.h"

namespace weir::serve {

class Service;
struct Worker;
struct Endpoint;

// One request on its way.
struct Exchange {
  Service& service;
  Worker& worker;
  const Request& request;
  const Endpoint* endpoint = nullptr;
  std::shared_ptr<const Principal> principal;  // null where anybody may ask
  std::string_view parameter;                  // the part of the path that stands for `{…}`; borrows from the request
};

enum class Body : uint8_t { kNone, kJson, kEvents /* JSON or JSON lines */, kRules /* JSON or a bundle */ };

struct Endpoint {
  Method method;
  std::string_view path;  // at most one part is `{…}`
  uint8_t roles;          // any of them may; 0: whoever asks
  bool changes;           // something that others see: on the change thread, with an audit log
  Body body;
  std::string_view statuses;  // it answers with, beside those every endpoint may (kAlways, kWithRoles, kWithBody)
  void (*handle)(Exchange&, Response*);
};
inline constexpr std::string_view kAlways = "400 408 431 500 503 505";
inline constexpr std::string_view kWithRoles = "401 403 429";
inline constexpr std::string_view kWithBody = "413 415";

std::span<const Endpoint> endpoints();
// All statuses of an endpoint, ascending.
std::vector<int> statuses_of(const Endpoint& endpoint);

struct Route {
  const Endpoint* endpoint = nullptr;
  std::string_view parameter;
  bool other_method = false;  // the path is there, for `allow`
  std::string_view allow;
};
Route find_route(Method method, std::string_view path);

}  // namespace weir::serve
