#include "runtime/value/net_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "compiler/base/hex.h"
#include "runtime/value/text.h"

namespace weir::value {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number without leading zeros, at most `max`.
bool read_number(std::string_view text, int max, int* out) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  int n = 0;
  for (char c : text) {
    if (!is_digit(c)) return false;
    n = n * 10 + (c - '0');
  }
  *out = n;
  return n <= max;
}

bool read_ipv4(std::string_view text, uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) {
    size_t dot = i < 3 ? text.find('.') : text.size();
    int n;
    if (dot == std::string_view::npos || !read_number(text.substr(0, dot), 255, &n)) return false;
    bytes[i] = static_cast<uint8_t>(n);
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return true;
}

// RFC 4291, section 2.2. *dotted: the last 4 bytes were written as an IPv4 address.
bool read_ipv6(std::string_view text, uint8_t* bytes, bool* dotted) {
  std::memset(bytes, 0, 16);
  int n = 0;          // bytes read
  int ellipsis = -1;  // where :: stood
  if (text.substr(0, 2) == "::") {
    ellipsis = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    size_t digits = 0;
    int group = 0;
    while (digits < text.size() && digits < 5 && base::hex_digit(text[digits]) >= 0)
      group = group << 4 | base::hex_digit(text[digits++]);
    if (digits < text.size() && text[digits] == '.') {
      if (n > 12 || !read_ipv4(text, bytes + n)) return false;
      n += 4;
      *dotted = true;
      break;
    }
    if (digits == 0 || digits > 4 || n > 14) return false;
    bytes[n++] = static_cast<uint8_t>(group >> 8);
    bytes[n++] = static_cast<uint8_t>(group);
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text[0] != ':' || text.size() == 1) return false;
    text.remove_prefix(1);
    if (text[0] == ':') {
      if (ellipsis >= 0) return false;
      ellipsis = n;
      text.remove_prefix(1);
    }
  }
  if (ellipsis < 0) return n == 16;
  if (n == 16) return false;  // :: stands for at least one group
  std::memmove(bytes + 16 - (n - ellipsis), bytes + ellipsis, static_cast<size_t>(n - ellipsis));
  std::memset(bytes + ellipsis, 0, static_cast<size_t>(16 - n));
  return true;
}

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::optional<IpRep> parse_ip(std::string_view text, DottedMapped mapped) {
  IpRep ip{};
  if (text.find(':') == std::string_view::npos) {
    ip.family = 4;
    if (!read_ipv4(text, ip.bytes)) return std::nullopt;
    return ip;
  }
  ip.family = 6;
  bool dotted = false;
  if (!read_ipv6(text, ip.bytes, &dotted)) return std::nullopt;
  if (std::memcmp(ip.bytes, kMappedPrefix, sizeof kMappedPrefix) == 0) {
    if (dotted && mapped == DottedMapped::kReject) return std::nullopt;
    std::memmove(ip.bytes, ip.bytes + 12, 4);
    std::memset(ip.bytes + 4, 0, 12);
    ip.family = 4;
  }
  return ip;
}

std::optional<CidrRep> parse_cidr(std::string_view text, DottedMapped mapped) {
  size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view address = text.substr(0, slash);
  std::optional<IpRep> ip = parse_ip(address, mapped);
  int length;
  if (!ip || !read_number(text.substr(slash + 1), 128, &length)) return std::nullopt;
  // A mapped network's length counts the bits of the IPv6 form.
  if (ip->family == 4 && address.find(':') != std::string_view::npos) length -= 96;
  if (length < 0 || length > address_bits(*ip)) return std::nullopt;
  return CidrRep{*ip, static_cast<uint8_t>(length)};
}

IpRep masked(const IpRep& ip, int prefix) {
  IpRep result = ip;
  for (int i = 0; i < address_bits(ip) / 8; ++i) {
    int keep = std::clamp(prefix - 8 * i, 0, 8);
    result.bytes[i] = static_cast<uint8_t>(result.bytes[i] & (0xFF00 >> keep));
  }
  return result;
}

bool contains(const CidrRep& network, const IpRep& ip) {
  if (network.ip.family != ip.family) return false;
  IpRep a = masked(network.ip, network.prefix);
  IpRep b = masked(ip, network.prefix);
  return std::memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

std::string format_cidr(const CidrRep& network) { return fmt::format("{}/{}", format_ip(network.ip), network.prefix); }

}  // namespace weir::value
