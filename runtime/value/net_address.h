// Reading IP addresses and networks, and the arithmetic on them. Writing them: format_ip in text.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/value/value.h"

namespace weir::value {

// What to do with an IPv6 address that stands for an IPv4 one and is written with dots (::ffff:192.168.0.1). In hex
// (::ffff:c0a8:1) it is always read as the IPv4 address it stands for.
enum class DottedMapped : uint8_t { kReject, kAccept };

// Strict, as Go's netip: no leading zeros, no zone, no spaces. Null if malformed.
std::optional<IpRep> parse_ip(std::string_view text, DottedMapped mapped = DottedMapped::kReject);
// ADDRESS/LENGTH; the bits after the prefix are kept.
std::optional<CidrRep> parse_cidr(std::string_view text, DottedMapped mapped = DottedMapped::kReject);

inline int address_bits(const IpRep& ip) { return ip.family == 4 ? 32 : 128; }
// The address with all bits after the first `prefix` cleared; 0 <= prefix <= address_bits(ip).
IpRep masked(const IpRep& ip, int prefix);
bool contains(const CidrRep& network, const IpRep& ip);
std::string format_cidr(const CidrRep& network);

}  // namespace weir::value
