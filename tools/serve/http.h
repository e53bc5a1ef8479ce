// A request and its answer, as far as Weir looks at them. Both are reused: clear() keeps the memory of the texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::serve {

enum class Method : uint8_t { kGet, kHead, kPost, kOther };

struct Request {
  Method method = Method::kOther;
  std::string path;           // percent-decoded once; '/' separates
  std::string query;          // after '?', as sent
  std::string authorization;  // the header's value
  std::string content_type;
  std::string accept;
  std::string timeout;  // Weir-Timeout
  std::string body;     // followed by io::kPadding bytes that are readable
  std::string peer;     // address of the client, without its port
  bool keep_alive = true;
  bool expects_continue = false;

  void clear() {
    method = Method::kOther;
    for (std::string* text : {&path, &query, &authorization, &content_type, &accept, &timeout, &body}) text->clear();
    keep_alive = true;
    expects_continue = false;
  }
};

// The parameter's value, percent-decoded; empty if it is not there.
std::string query_value(const Request& request, std::string_view name);
// "%41" to "A"; '+' stays unless `form`. False: not two hexadecimal digits after '%'.
bool percent_decode(std::string_view text, bool form, std::string* out);

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kJsonLines = "application/x-ndjson";
inline constexpr std::string_view kBundle = "application/octet-stream";
inline constexpr std::string_view kProblem = "application/problem+json";

struct Response {
  int status = 200;
  std::string_view content_type = kJson;  // of static text
  std::string headers;                    // further ones, each ended by "\r\n"
  std::string body;
  bool close = false;  // the connection, afterwards

  void clear() {
    status = 200;
    content_type = kJson;
    headers.clear();
    body.clear();
    close = false;
  }
  void add_header(std::string_view name, std::string_view value) {
    headers.append(name).append(": ").append(value).append("\r\n");
  }
};

std::string_view reason_phrase(int status);
// The answer as it goes over the wire. `date` is an IMF-fixdate. Without the body if it answers HEAD.
void append_response(const Response& response, bool keep_alive, bool head, std::string_view date, std::string* out);

}  // namespace weir::serve
