// The table of endpoints and the OpenAPI document say the same, in both directions. What answers look like is held
// against the document by tests/serve.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/serve/router.h"

namespace weir::serve {
namespace {

using Json = nlohmann::json;

struct Described {
  std::set<int> statuses;
  std::set<std::string> roles;
  bool body = false;
  friend bool operator==(const Described&, const Described&) = default;
};

std::ostream& operator<<(std::ostream& out, const Described& d) {
  out << "statuses";
  for (int s : d.statuses) out << ' ' << s;
  out << "; roles";
  for (const std::string& r : d.roles) out << ' ' << r;
  return out << "; body " << d.body;
}

std::map<std::string, Described> of_document() {
  std::ifstream in(WEIR_SOURCE_DIR "/tools/serve/openapi.json");
  const Json document = Json::parse(in);
  std::map<std::string, Described> out;
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      Described& d = out[(method == "get" ? "GET " : "POST ") + path];
      for (const auto& [status, unused] : operation["responses"].items()) d.statuses.insert(std::stoi(status));
      const std::string roles = operation.value("description", "");
      for (const Role r : {kHost, kReader, kAuthor, kApprover, kOperator})
        if (roles.find(role_name(r)) != std::string::npos) d.roles.emplace(role_name(r));
      EXPECT_EQ(operation.contains("security"), !d.roles.empty()) << path;
      d.body = operation.contains("requestBody");
    }
  }
  return out;
}

std::map<std::string, Described> of_table() {
  std::map<std::string, Described> out;
  for (const Endpoint& e : endpoints()) {
    Described& d = out[(e.method == Method::kGet ? "GET " : "POST ") + std::string(e.path)];
    for (int s : statuses_of(e)) d.statuses.insert(s);
    for (const Role r : {kHost, kReader, kAuthor, kApprover, kOperator})
      if ((e.roles & r) != 0) d.roles.emplace(role_name(r));
    d.body = e.body != Body::kNone;
  }
  return out;
}

TEST(OpenApi, AgreesWithTheTableOfEndpoints) {
  const auto document = of_document(), table = of_table();
  for (const auto& [name, d] : table) {
    ASSERT_TRUE(document.contains(name)) << name << " is not in the document";
    EXPECT_EQ(document.at(name), d) << name;
  }
  for (const auto& [name, unused] : document) EXPECT_TRUE(table.contains(name)) << name << " is not served";
}

// Whoever adds an endpoint that changes something cannot give it to those who only look or send.
TEST(OpenApi, ChangesNeedARoleThatMayChange) {
  for (const Endpoint& e : endpoints()) {
    if (!e.changes) continue;
    EXPECT_NE(e.roles, 0) << e.path;
    EXPECT_EQ(e.roles & (kHost | kReader), 0) << e.path;
    EXPECT_EQ(e.method, Method::kPost) << e.path;
  }
}

TEST(Router, FindsPathsAndTellsMethods) {
  EXPECT_EQ(find_route(Method::kPost, "/v1/evaluate").endpoint->path, "/v1/evaluate");
  EXPECT_EQ(find_route(Method::kHead, "/v1/status").endpoint->path, "/v1/status");
  const Route one = find_route(Method::kPost, "/v1/proposals/17/approve");
  ASSERT_NE(one.endpoint, nullptr);
  EXPECT_EQ(one.parameter, "17");
  EXPECT_EQ(find_route(Method::kPost, "/v1/proposals/17/approve/").endpoint, nullptr);
  EXPECT_EQ(find_route(Method::kPost, "/v1/proposals//approve").endpoint, nullptr);
  EXPECT_EQ(find_route(Method::kGet, "/v1/lists/").endpoint, nullptr);
  const Route other = find_route(Method::kGet, "/v1/evaluate");
  EXPECT_EQ(other.endpoint, nullptr);
  EXPECT_EQ(other.allow, "POST");
  EXPECT_EQ(find_route(Method::kOther, "/v1/snoozes").allow, "GET, HEAD, POST");
}

}  // namespace
}  // namespace weir::serve
