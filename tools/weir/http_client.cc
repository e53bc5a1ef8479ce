#include "tools/weir/http_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace weir::tools {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr time_t kLongestWait = 30;  // seconds, for a piece of the answer

absl::Status unavailable(const std::string& server, std::string_view what, const ErrorCode& ec) {
  const std::string text = fmt::format("{}: cannot {}: {}", server, what, ec.message());
  return absl::UnavailableError(absl::string_view(text.data(), text.size()));
}

struct Address {
  bool tls = false;
  std::string host, port;
};

// False if the text is none.
bool parse(std::string_view server, Address* out) {
  if (server.starts_with("https://")) {
    out->tls = true;
    server.remove_prefix(8);
  } else if (server.starts_with("http://")) {
    server.remove_prefix(7);
  } else {
    return false;
  }
  while (server.ends_with('/')) server.remove_suffix(1);
  out->port = out->tls ? "443" : "80";
  // [::1]:8080 has colons of its own.
  const size_t colon = server.rfind(':');
  if (colon != server.npos && server.find(']', colon) == server.npos) {
    out->port = server.substr(colon + 1);
    server = server.substr(0, colon);
  }
  if (server.starts_with('[') && server.ends_with(']')) server = server.substr(1, server.size() - 2);
  out->host = server;
  return !out->host.empty() && !out->port.empty() && out->host.find('/') == out->host.npos;
}

template <typename Stream>
absl::StatusOr<HttpAnswer> ask(Stream& stream, const std::string& server,
                               const http::request<http::empty_body>& request) {
  ErrorCode ec;
  http::write(stream, request, ec);
  if (ec) return unavailable(server, "ask", ec);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response, ec);
  if (ec) return unavailable(server, "read the answer", ec);
  return HttpAnswer{static_cast<int>(response.result_int()), std::move(response.body())};
}

}  // namespace

absl::StatusOr<HttpAnswer> http_get(const std::string& server, const std::string& path, const std::string& token,
                                    const std::string& ca_file) {
  Address address;
  if (!parse(server, &address)) {
    const std::string text = fmt::format("`{}` is no http://HOST:PORT or https://HOST:PORT", server);
    return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
  }
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, address.host);
  request.set(http::field::connection, "close");
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  asio::io_context context;
  ErrorCode ec;
  const auto found = Tcp::resolver(context).resolve(address.host, address.port, ec);
  if (ec) return unavailable(server, "find it", ec);
  Tcp::socket socket(context);
  asio::connect(socket, found, ec);
  if (ec) return unavailable(server, "connect", ec);
  const timeval wait{kLongestWait, 0};
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  if (!address.tls) return ask(socket, server, request);
  asio::ssl::context tls(asio::ssl::context::tls_client);
  if (ca_file.empty()) {
    tls.set_default_verify_paths(ec);
  } else {
    tls.load_verify_file(ca_file, ec);
  }
  if (ec) return unavailable(server, "read the authorities' certificates", ec);
  asio::ssl::stream<Tcp::socket> secure(std::move(socket), tls);
  secure.set_verify_mode(asio::ssl::verify_peer);
  secure.set_verify_callback(asio::ssl::host_name_verification(address.host));
  SSL_set_tlsext_host_name(secure.native_handle(), address.host.c_str());
  secure.handshake(asio::ssl::stream_base::client, ec);
  if (ec) return unavailable(server, "trust it", ec);
  return ask(secure, server, request);
}

}  // namespace weir::tools
