#include <cstring>

#include "runtime/value/net_address.h"
#include "runtime/value/text.h"
#include "tests/unit/value/ext_call.h"

namespace weir::value {
namespace {

using namespace testing;

TEST(NetAddress, ReadsWhatItWritesAndRejectsTheRest) {
  struct {
    std::string_view text;
    std::string_view canonical;  // empty: malformed
  } cases[] = {
      {"127.0.0.1", "127.0.0.1"},
      {"2001:DB8:0:0:0:0:0:68", "2001:db8::68"},
      {"::", "::"},
      {"1::", "1::"},
      {"::1:2", "::1:2"},
      {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
      {"::ffff:c0a8:1", "192.168.0.1"},
      {"::ffff:192.168.0.1", ""},
      {"", ""},
      {"1.2.3", ""},
      {"1.2.3.4.5", ""},
      {"1.2.3.256", ""},
      {"1.2.3.04", ""},
      {" 1.2.3.4", ""},
      {"1.2.3.4 ", ""},
      {"1..2.3", ""},
      {"fe80::1%en0", ""},
      {"1:2:3:4:5:6:7", ""},
      {"1:2:3:4:5:6:7:8:9", ""},
      {"1:2:3:4:5:6:7::8", ""},
      {"1::2::3", ""},
      {":::", ""},
      {"1:", ""},
      {":1", ""},
      {"12345::", ""},
      {"g::", ""},
      {"1:2:3:4:5:6:7:1.2.3.4", ""},
  };
  for (const auto& c : cases) {
    auto ip = parse_ip(c.text);
    EXPECT_EQ(ip ? format_ip(*ip) : "", c.canonical) << c.text;
  }
  for (std::string_view bad : {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "::/129",
                               "::ffff:10.0.0.0/104", "fe80::1%en0/24", "10.0.0.0/8/8"}) {
    EXPECT_FALSE(parse_cidr(bad)) << bad;
  }
  EXPECT_EQ(format_cidr(*parse_cidr("::ffff:10.0.0.0/104", DottedMapped::kAccept)), "10.0.0.0/8");
}

TEST(ExtNetwork, Members) {
  Caller caller;
  auto ip = [&](std::string_view s) { return caller.call("ip_from_string", {S(s)}); };
  auto cidr = [&](std::string_view s) { return caller.call("cidr_from_string", {S(s)}); };
  struct {
    std::string_view overload;
    std::vector<Value> args;
    std::string_view expected;
  } cases[] = {
      {"ip_is_canonical", {S("2001:db8::1")}, "true"},
      {"ip_is_canonical", {S("2001:DB8::1")}, "false"},
      {"ip_is_canonical", {S("nonsense")}, "!invalid_argument"},
      {"ip_family", {ip("::1")}, "6"},
      {"ip_family", {Value::null()}, "!no_such_overload"},
      {"ip_is_unspecified", {ip("0.0.0.0")}, "true"},
      {"ip_is_loopback", {ip("127.9.9.9")}, "true"},
      {"ip_is_global_unicast", {ip("10.0.0.1")}, "true"},
      {"ip_is_global_unicast", {ip("255.255.255.255")}, "false"},
      {"ip_is_global_unicast", {ip("ff00::1")}, "false"},
      {"ip_is_link_local_multicast", {ip("224.0.1.1")}, "false"},
      {"ip_is_link_local_unicast", {ip("febf::1")}, "true"},
      {"cidr_contains_ip", {cidr("192.168.7.9/22"), ip("192.168.4.1")}, "true"},
      {"cidr_contains_ip", {cidr("192.168.7.9/22"), ip("192.168.8.1")}, "false"},
      {"cidr_contains_ip", {cidr("0.0.0.0/0"), ip("::1")}, "false"},
      {"cidr_contains_ip_string", {cidr("10.0.0.0/8"), S("x")}, "!invalid_argument"},
      {"cidr_contains_cidr", {cidr("10.0.0.0/8"), cidr("10.0.0.0/8")}, "true"},
      {"cidr_contains_cidr", {cidr("10.0.0.0/9"), cidr("10.0.0.0/8")}, "false"},
      {"string_from_cidr", {caller.call("cidr_masked", {cidr("10.1.2.3/12")})}, R"("10.0.0.0/12")"},
      {"string_from_ip", {caller.call("cidr_ip", {cidr("10.1.2.3/12")})}, R"("10.1.2.3")"},
      {"cidr_prefix_length", {cidr("2001:db8::/32")}, "32"},
      {"ip_prefix", {S("10.1.2.3"), I(24)}, R"("10.1.2.0/24")"},
      {"ip_prefix", {S("2001:db8:1:2:3::1"), I(64)}, R"("2001:db8:1:2::/64")"},
      {"ip_prefix", {S("10.1.2.3"), I(33)}, "!invalid_argument"},
      {"ip_in_cidr", {S("::ffff:10.1.2.3"), S("10.0.0.0/8")}, "true"},
      {"ip_in_cidr", {S("?"), S("10.0.0.0/8")}, "!invalid_argument"},
      {"ip_is_private", {S("172.32.0.1")}, "false"},
      {"ip_is_private", {S("fd00::1")}, "true"},
      {"ip_version", {S("?")}, "0"},
  };
  for (const auto& c : cases) EXPECT_EQ(caller.text(c.overload, c.args), c.expected) << c.overload;
}

}  // namespace
}  // namespace weir::value
