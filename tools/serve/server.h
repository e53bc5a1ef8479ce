// HTTP/1.1 over TCP or TLS around a Service: threads, connections, their limits and their end (Boost.Asio).
//
// Each thread has an event loop, a worker and its connections, which never leave it: what a connection sends is
// answered in its order, pipelined requests too. One more thread makes the changes, one at a time, so that none keeps
// events waiting while rules are compiled.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tools/serve/service.h"

namespace weir::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;           // 0: any
  std::string tls_cert, tls_key;  // PEM; both or none
  size_t threads = 1;
  size_t max_connections = 10'000;
  std::chrono::seconds head_timeout{10};  // from the first byte of a request to the end of its headers
  std::chrono::seconds body_timeout{30};  // then to the end of its body
  std::chrono::seconds idle_timeout{75};  // between requests
  std::chrono::seconds write_timeout{30};
  std::chrono::seconds drain{20};  // that requests under way have to finish, once the server is told to stop
};

class Server {
 public:
  // Listens when this returns. InvalidArgument: an address or certificate that cannot be used.
  static absl::StatusOr<std::unique_ptr<Server>> create(Service* service, const ServerOptions& options);
  ~Server();

  uint16_t port() const;
  // Serves until stop() is called or SIGTERM or SIGINT comes; then finishes what is under way. SIGHUP: `reload`, from
  // some thread.
  void run(const std::function<void()>& reload);
  void stop();  // from any thread
  // Runs it on the change thread; false: too many are waiting. From any thread.
  bool post_change(std::function<void()> change);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::serve
