#include "tools/serve/http.h"

#include <fmt/format.h>

#include "compiler/base/hex.h"

namespace weir::serve {

bool percent_decode(std::string_view text, bool form, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && form) {
      out->push_back(' ');
    } else if (text[i] != '%') {
      out->push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? base::hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? base::hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      out->push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return true;
}

std::string query_value(const Request& request, std::string_view name) {
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const size_t equals = part.find('=');
    if (part.substr(0, equals) != name) continue;
    std::string value;
    if (equals != std::string_view::npos && !percent_decode(part.substr(equals + 1), true, &value))
      return std::string(part.substr(equals + 1));
    return value;
  }
  return {};
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

void append_response(const Response& response, bool keep_alive, bool head, std::string_view date, std::string* out) {
  auto to = std::back_inserter(*out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", response.status,
                 reason_phrase(response.status), date, response.content_type, response.body.size());
  out->append("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
  out->append(response.headers);
  if (!keep_alive) out->append("Connection: close\r\n");
  out->append("\r\n");
  if (!head) out->append(response.body);
}

}  // namespace weir::serve
