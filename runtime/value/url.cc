#include "runtime/value/url.h"

#include <libpsl.h>

#include <algorithm>
#include <cstdio>

#include "compiler/base/hex.h"
#include "runtime/value/net_address.h"
#include "runtime/value/text.h"
#include "runtime/value/words.h"

namespace weir::value {
namespace {

constexpr char kPublicSuffixes[] =
#include "data/public_suffix_list.inc"
    ;

constexpr size_t kNpos = std::string_view::npos;
constexpr size_t kMaxHost = 253;
constexpr size_t kMaxLabel = 63;

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control_or_space(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }

std::string lower_ascii(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

// The length of `scheme:` at the start of a text, 0 if there is none.
size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_alpha(text[0])) return 0;
  size_t i = 1;
  while (i < text.size() &&
         (is_alpha(text[i]) || is_digit(text[i]) || text[i] == '+' || text[i] == '-' || text[i] == '.'))
    ++i;
  if (i == text.size() || text[i] != ':') return 0;
  return i + 1 < text.size() && is_digit(text[i + 1]) ? 0 : i + 1;  // host:8080
}

// %2e is a dot to a browser. False if what results cannot be a host.
bool decode_host(std::string_view text, std::string* out) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || base::hex_digit(text[i + 1]) < 0 || base::hex_digit(text[i + 2]) < 0) return false;
      plain += static_cast<char>(base::hex_digit(text[i + 1]) << 4 | base::hex_digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  std::string scratch;
  *out = fold(plain, scratch);
  constexpr std::string_view kIdeographicStop = "\u3002";  // a dot too (UTS 46)
  for (size_t at = out->find(kIdeographicStop); at != kNpos; at = out->find(kIdeographicStop, at)) {
    out->replace(at, kIdeographicStop.size(), ".");
  }
  if (!out->empty() && out->back() == '.') out->pop_back();
  constexpr std::string_view kForbidden = "#/:<>?@[\\]^|%\"`{}";
  return !out->empty() && out->front() != '.' && out->find("..") == std::string::npos &&
         std::none_of(out->begin(), out->end(),
                      [&](char c) { return is_control_or_space(c) || kForbidden.find(c) != kNpos; });
}

// Fills host, port and host_is_ip. The last @ ends the user information.
void read_authority(std::string_view text, Url* url) {
  size_t at = text.rfind('@');
  if (at != kNpos) text.remove_prefix(at + 1);
  if (!text.empty() && text[0] == '[') {
    size_t close = text.find(']');
    if (close == kNpos) return;
    auto ip = parse_ip(text.substr(1, close - 1), DottedMapped::kAccept);
    std::string_view rest = text.substr(close + 1);
    if (!ip || (!rest.empty() && rest[0] != ':')) return;
    url->host = format_ip(*ip);
    url->host_is_ip = true;
    if (!rest.empty()) url->port = rest.substr(1);
    return;
  }
  size_t colon = text.find(':');
  std::string host;
  if (!decode_host(text.substr(0, colon), &host)) return;
  if (colon != kNpos) url->port = text.substr(colon + 1);
  url->host_is_ip = parse_ip(host).has_value();
  url->host = std::move(host);
}

bool valid_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  });
}

bool valid_host(const Url& url) {
  if (url.host_is_ip) return true;
  if (url.host.empty() || url.host.size() > kMaxHost) return false;
  std::string_view rest = url.host;
  std::string_view label;
  while (true) {
    size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!valid_label(label)) return false;
    if (dot == kNpos) break;
    rest.remove_prefix(dot + 1);
  }
  return !std::all_of(label.begin(), label.end(), is_digit);  // would be an IPv4 address, and is a malformed one
}

bool valid_port(std::string_view port) {
  constexpr int kMaxPort = 65535;
  int n = 0;
  for (char c : port) {
    if (!is_digit(c)) return false;
    n = std::min(n * 10 + (c - '0'), kMaxPort + 1);
  }
  return n <= kMaxPort;
}

const psl_ctx_t* public_suffixes() {
  static const psl_ctx_t* list = [] {
    // fmemopen does not write to a stream opened for reading.
    std::FILE* file = fmemopen(const_cast<char*>(kPublicSuffixes), sizeof kPublicSuffixes - 1, "r");
    const psl_ctx_t* loaded = file != nullptr ? psl_load_fp(file) : nullptr;
    if (file != nullptr) std::fclose(file);
    return loaded;
  }();
  return list;
}

}  // namespace

Url parse_url(std::string_view text) {
  Url url;
  while (!text.empty() && is_control_or_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_control_or_space(text.back())) text.remove_suffix(1);
  text = text.substr(0, text.find('#'));

  size_t length = scheme_length(text);
  if (length > 0) {
    url.scheme = lower_ascii(text.substr(0, length - 1));
    text.remove_prefix(length);
  }
  bool web = url.scheme == "http" || url.scheme == "https";
  auto is_slash = [&](char c) { return c == '/' || (c == '\\' && (web || url.scheme.empty())); };
  size_t slashes = 0;
  while (slashes < text.size() && is_slash(text[slashes])) ++slashes;
  bool has_authority = web || slashes >= 2 || (url.scheme.empty() && slashes == 0);
  if (has_authority) {
    if (web || slashes >= 2) text.remove_prefix(web ? slashes : 2);
    size_t end = 0;
    while (end < text.size() && !is_slash(text[end]) && text[end] != '?') ++end;
    std::string_view authority = text.substr(0, end);
    read_authority(authority, &url);
    bool bare = url.scheme.empty() && slashes == 0;
    if (bare && (!valid_host(url) || (!url.host_is_ip && url.host.find('.') == std::string::npos))) {
      return Url{};
    }
    text.remove_prefix(end);
  }
  size_t question = text.find('?');
  url.path = text.substr(0, question);
  if (question != kNpos) url.query = text.substr(question + 1);
  return url;
}

bool is_valid_url(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    utf8::CodePoint c = utf8::decode(text, at);
    if (c.value <= 0x20 || c.value == 0x7F || utf8::is_space(c.value)) return false;
    at += c.size;
  }
  Url url = parse_url(text);
  if (url.scheme != "http" && url.scheme != "https") return false;
  return text.substr(url.scheme.size(), 3) == "://" && valid_host(url) && valid_port(url.port);
}

std::string registrable_domain(const Url& url) {
  if (url.host_is_ip) return url.host;
  const psl_ctx_t* list = public_suffixes();
  if (list == nullptr || url.host.empty()) return {};
  const char* domain = psl_registrable_domain(list, url.host.c_str());
  return domain == nullptr ? std::string() : domain;
}

}  // namespace weir::value
