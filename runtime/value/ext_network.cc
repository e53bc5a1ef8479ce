// net.IP and net.CIDR (after cel-go ext/network and Kubernetes), and Weir's ip.* on addresses that are texts.
#include <fmt/format.h>

#include <cstring>

#include "runtime/value/ext_support.h"
#include "runtime/value/net_address.h"
#include "runtime/value/text.h"

namespace weir::value {
namespace {

Value not_an_ip(EvalContext& ctx, std::string_view text) {
  return ext::invalid(ctx, fmt::format("IP Address '{}' parse error during conversion from string", text));
}
Value not_a_cidr(EvalContext& ctx, std::string_view text) {
  return ext::invalid(ctx, fmt::format("network address parse error during conversion from string: '{}'", text));
}

Value make_ip(EvalContext& ctx, const IpRep& ip) {
  auto* rep = ctx.arena->allocate_array<IpRep>(1);
  if (rep == nullptr) return budget_error();
  *rep = ip;
  return Value::of(rep);
}

Value make_cidr(EvalContext& ctx, const CidrRep& cidr) {
  auto* rep = ctx.arena->allocate_array<CidrRep>(1);
  if (rep == nullptr) return budget_error();
  *rep = cidr;
  return Value::of(rep);
}

Value ip_from(EvalContext& ctx, std::string_view text) {
  auto ip = parse_ip(text);
  return ip ? make_ip(ctx, *ip) : not_an_ip(ctx, text);
}

Value cidr_from(EvalContext& ctx, std::string_view text) {
  auto cidr = parse_cidr(text);
  return cidr ? make_cidr(ctx, *cidr) : not_a_cidr(ctx, text);
}

Value is_canonical(EvalContext& ctx, std::string_view text) {
  auto ip = parse_ip(text);
  return ip ? Value::boolean(format_ip(*ip) == text) : not_an_ip(ctx, text);
}

bool is_unspecified(const IpRep& ip) {
  static constexpr uint8_t kZero[16] = {};
  return std::memcmp(ip.bytes, kZero, ip.family == 4 ? 4 : 16) == 0;
}

bool is_loopback(const IpRep& ip) {
  static constexpr uint8_t kOne[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return ip.family == 4 ? ip.bytes[0] == 127 : std::memcmp(ip.bytes, kOne, 16) == 0;
}

bool is_multicast(const IpRep& ip) { return ip.family == 4 ? (ip.bytes[0] & 0xF0) == 0xE0 : ip.bytes[0] == 0xFF; }

bool is_link_local_multicast(const IpRep& ip) {
  if (ip.family == 4) return ip.bytes[0] == 224 && ip.bytes[1] == 0 && ip.bytes[2] == 0;
  return ip.bytes[0] == 0xFF && (ip.bytes[1] & 0x0F) == 0x02;
}

bool is_link_local_unicast(const IpRep& ip) {
  if (ip.family == 4) return ip.bytes[0] == 169 && ip.bytes[1] == 254;
  return ip.bytes[0] == 0xFE && (ip.bytes[1] & 0xC0) == 0x80;
}

bool is_global_unicast(const IpRep& ip) {
  bool broadcast = ip.family == 4 && (ip.bytes[0] & ip.bytes[1] & ip.bytes[2] & ip.bytes[3]) == 0xFF;
  return !is_unspecified(ip) && !broadcast && !is_loopback(ip) && !is_multicast(ip) && !is_link_local_unicast(ip);
}

bool is_private(const IpRep& ip) {
  const uint8_t* b = ip.bytes;
  if (ip.family == 6) return (b[0] & 0xFE) == 0xFC;
  return b[0] == 10 || (b[0] == 172 && (b[1] & 0xF0) == 16) || (b[0] == 192 && b[1] == 168);
}

bool contains(const CidrRep& network, const CidrRep& part) {
  return network.prefix <= part.prefix && contains(network, part.ip);
}

Value contains_ip_text(EvalContext& ctx, const CidrRep& network, std::string_view text) {
  auto ip = parse_ip(text);
  return ip ? Value::boolean(contains(network, *ip)) : not_an_ip(ctx, text);
}

Value contains_cidr_text(EvalContext& ctx, const CidrRep& network, std::string_view text) {
  auto part = parse_cidr(text);
  return part ? Value::boolean(contains(network, *part)) : not_a_cidr(ctx, text);
}

Value prefix_of(EvalContext& ctx, std::string_view text, int64_t length) {
  auto ip = parse_ip(text, DottedMapped::kAccept);
  if (!ip) return not_an_ip(ctx, text);
  if (length < 0 || length > address_bits(*ip)) {
    return ext::invalid(ctx, fmt::format("prefix length {} is not from 0 to {}", length, address_bits(*ip)));
  }
  auto n = static_cast<uint8_t>(length);
  return new_string(ctx, format_cidr(CidrRep{masked(*ip, n), n}));
}

Value in_cidr(EvalContext& ctx, std::string_view text, std::string_view network_text) {
  auto ip = parse_ip(text, DottedMapped::kAccept);
  if (!ip) return not_an_ip(ctx, text);
  auto network = parse_cidr(network_text, DottedMapped::kAccept);
  return network ? Value::boolean(contains(*network, *ip)) : not_a_cidr(ctx, network_text);
}

Value is_private_text(EvalContext& ctx, std::string_view text) {
  auto ip = parse_ip(text, DottedMapped::kAccept);
  return ip ? Value::boolean(is_private(*ip)) : not_an_ip(ctx, text);
}

int64_t version(std::string_view text) {
  auto ip = parse_ip(text, DottedMapped::kAccept);
  return ip ? ip->family : 0;
}

}  // namespace

WEIR_BODY_CONST(ip_from_string, ip_from(ctx, args[0].str()))
WEIR_BODY_CONST(cidr_from_string, cidr_from(ctx, args[0].str()))
WEIR_BODY_CONST(is_ip, Value::boolean(parse_ip(args[0].str()).has_value()))
WEIR_BODY_CONST(is_cidr, Value::boolean(parse_cidr(args[0].str()).has_value()))
WEIR_BODY_CONST(ip_is_canonical, is_canonical(ctx, args[0].str()))
WEIR_BODY_OF(ip_family, 0, Value::integer(args[0].ip->family), Kind::kIp)
WEIR_BODY_OF(ip_is_unspecified, 0, Value::boolean(is_unspecified(*args[0].ip)), Kind::kIp)
WEIR_BODY_OF(ip_is_loopback, 0, Value::boolean(is_loopback(*args[0].ip)), Kind::kIp)
WEIR_BODY_OF(ip_is_global_unicast, 0, Value::boolean(is_global_unicast(*args[0].ip)), Kind::kIp)
WEIR_BODY_OF(ip_is_link_local_multicast, 0, Value::boolean(is_link_local_multicast(*args[0].ip)), Kind::kIp)
WEIR_BODY_OF(ip_is_link_local_unicast, 0, Value::boolean(is_link_local_unicast(*args[0].ip)), Kind::kIp)
WEIR_BODY_OF(cidr_contains_ip, 0, Value::boolean(contains(*args[0].cidr, *args[1].ip)), Kind::kCidr, Kind::kIp)
WEIR_BODY_OF(cidr_contains_ip_string, 0, contains_ip_text(ctx, *args[0].cidr, args[1].str()), Kind::kCidr,
             Kind::kString)
WEIR_BODY_OF(cidr_contains_cidr, 0, Value::boolean(contains(*args[0].cidr, *args[1].cidr)), Kind::kCidr, Kind::kCidr)
WEIR_BODY_OF(cidr_contains_cidr_string, 0, contains_cidr_text(ctx, *args[0].cidr, args[1].str()), Kind::kCidr,
             Kind::kString)
WEIR_BODY_OF(cidr_ip, 0, Value::of(&args[0].cidr->ip), Kind::kCidr)
WEIR_BODY_OF(cidr_masked, 0, make_cidr(ctx, {masked(args[0].cidr->ip, args[0].cidr->prefix), args[0].cidr->prefix}),
             Kind::kCidr)
WEIR_BODY_OF(cidr_prefix_length, 0, Value::integer(args[0].cidr->prefix), Kind::kCidr)
WEIR_BODY_OF(string_from_ip, 0, new_string(ctx, format_ip(*args[0].ip)), Kind::kIp)
WEIR_BODY_OF(string_from_cidr, 0, new_string(ctx, format_cidr(*args[0].cidr)), Kind::kCidr)
WEIR_BODY_CONST(ip_prefix, prefix_of(ctx, args[0].str(), args[1].i))
WEIR_BODY_CONST(ip_in_cidr, in_cidr(ctx, args[0].str(), args[1].str()))
WEIR_BODY_CONST(ip_is_private, is_private_text(ctx, args[0].str()))
WEIR_BODY_CONST(ip_version, Value::integer(version(args[0].str())))

}  // namespace weir::value
