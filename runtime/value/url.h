// Taking URLs apart the way browsers do (after the WHATWG URL standard, for http and https), so that what a reader
// would visit is what a rule sees: user names before the host, backslashes and full-width dots do not hide it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::value {

struct Url {
  std::string scheme;      // lower case; empty if the text has none
  std::string host;        // lower case, without brackets and a final dot; empty if there is none or it is malformed
  std::string_view port;   // digits as written
  std::string_view path;   // as written; empty if there is none
  std::string_view query;  // without ?
  bool host_is_ip = false;
};

// Never fails: a text that is no URL has no host. Without a scheme a host needs a dot (www.example.com/x) or brackets.
// The views point into `text`.
Url parse_url(std::string_view text);

// Whether a text is an http or https URL with a well-formed host and port, without white space and control characters.
bool is_valid_url(std::string_view text);

// The domain under a public suffix that a host belongs to (Public Suffix List, compiled in); the host itself if it is
// an IP address; empty for a public suffix.
std::string registrable_domain(const Url& url);

}  // namespace weir::value
