#include "tools/serve/server.h"

#include <fmt/format.h>
#include <time.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <thread>
#include <vector>

#include "tools/serve/connection.h"

namespace weir::serve {
namespace {

namespace asio = boost::asio;
using TlsStream = asio::ssl::stream<Tcp::socket>;

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::milliseconds kAcceptAgain{100};  // out of file descriptors

absl::Status cannot(const std::string& text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

std::string http_date() {
  const time_t now = time(nullptr);
  struct tm parts = {};
  gmtime_r(&now, &parts);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

struct Server::Impl {
  Impl(Service* s, const ServerOptions& o) : service(s), options(o) {
    for (size_t i = 0; i < std::max<size_t>(o.threads, 1); ++i) {
      auto loop = std::make_unique<Loop>();
      loop->service = s;
      loop->worker = s->add_worker();
      loop->options = &options;
      loop->date = http_date();
      loops.push_back(std::move(loop));
    }
    acceptor.emplace(loops[0]->context);
    signals.emplace(loops[0]->context);
  }

  absl::Status use_certificate() {
    if (options.tls_cert.empty() != options.tls_key.empty()) return cannot("TLS needs a certificate and its key");
    if (options.tls_cert.empty()) return absl::OkStatus();
    tls.emplace(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
    ErrorCode ec;
    tls->use_certificate_chain_file(options.tls_cert, ec);
    if (ec) return cannot(fmt::format("cannot use the certificate {}: {}", options.tls_cert, ec.message()));
    tls->use_private_key_file(options.tls_key, asio::ssl::context::pem, ec);
    if (ec) return cannot(fmt::format("cannot use the key {}: {}", options.tls_key, ec.message()));
    return absl::OkStatus();
  }

  absl::Status listen() {
    ErrorCode ec;
    const auto address = asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, ec);
    if (ec) return cannot(fmt::format("`{}` is no IP address", options.host));
    const Tcp::endpoint at(address, options.port);
    acceptor->open(at.protocol(), ec);
    if (!ec) acceptor->set_option(Tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor->bind(at, ec);
    if (!ec) acceptor->listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return cannot(fmt::format("cannot listen on {}:{}: {}", options.host, options.port, ec.message()));
    port = acceptor->local_endpoint().port();
    return absl::OkStatus();
  }

  void accept() {
    Loop& loop = *loops[next++ % loops.size()];
    acceptor->async_accept(loop.context, [this, &loop](ErrorCode ec, Tcp::socket socket) {
      if (stopping) return;
      if (ec) {
        // Too many open files, most likely: connections that end make room.
        again.emplace(loops[0]->context, kAcceptAgain);
        again->async_wait([this](ErrorCode) {
          if (!stopping) accept();
        });
        return;
      }
      take(loop, std::move(socket));
      accept();
    });
  }

  void take(Loop& loop, Tcp::socket socket) {
    ErrorCode ec;
    const Tcp::endpoint peer = socket.remote_endpoint(ec);
    if (ec) return;
    if (service->connections().load(std::memory_order_relaxed) >= options.max_connections) {
      service->refused_connections().fetch_add(1, std::memory_order_relaxed);
      return;  // closed
    }
    socket.set_option(Tcp::no_delay(true), ec);
    asio::post(loop.context, [this, &loop, socket = std::move(socket), peer]() mutable {
      std::string address = peer.address().to_string();
      std::shared_ptr<AnyConnection> connection;
      if (tls) {
        connection =
            std::make_shared<Connection<TlsStream>>(TlsStream(std::move(socket), *tls), std::move(address), loop);
      } else {
        connection = std::make_shared<Connection<Tcp::socket>>(std::move(socket), std::move(address), loop);
      }
      connection->start();
    });
  }

  // Of one loop, on its thread.
  void tick(Loop& loop, std::shared_ptr<asio::steady_timer> timer) {
    timer->expires_after(kTick);
    timer->async_wait([this, &loop, timer](ErrorCode) {
      const Clock::time_point now = Clock::now();
      loop.date = http_date();
      // Connections may go while they are told.
      const std::vector<AnyConnection*> all(loop.connections.begin(), loop.connections.end());
      if (stopping && !loop.draining) {
        loop.draining = true;
        for (AnyConnection* c : all) c->finish();
      } else if (stopping && now >= drain_until) {
        for (AnyConnection* c : all) c->abort();
      } else {
        for (AnyConnection* c : all) c->look_at_clock(now);
      }
      if (stopping && loop.connections.empty()) return;  // nothing is left to do here
      // Rules that no longer decide are let go of, also where no event comes.
      loop.worker->pin(service->deciders());
      if (&loop == loops[0].get()) {
        service->deciders().tick();
        // Publishing is for the change thread. Posted again as long as it is due, it does nothing the second time.
        if (service->deciders().has_unused()) changes.post([this] { service->deciders().free_unused(); });
        if (service->publisher().rollout_is_due()) changes.post([this] { service->publisher().settle_rollout(); });
      }
      tick(loop, timer);
    });
  }

  void wait_for_signal(const std::function<void()>& reload) {
    signals->async_wait([this, &reload](ErrorCode ec, int signal) {
      if (ec) return;
      if (signal != SIGHUP) return stop_here();
      reload();
      wait_for_signal(reload);
    });
  }

  // On the first loop's thread.
  void stop_here() {
    if (stopping) return;
    service->drain();
    drain_until = Clock::now() + options.drain;
    stopping = true;
    ErrorCode ignored;
    acceptor->close(ignored);
    signals->cancel(ignored);
  }

  Service* const service;
  const ServerOptions options;
  std::vector<std::unique_ptr<Loop>> loops;
  std::optional<asio::ssl::context> tls;
  std::optional<Tcp::acceptor> acceptor;
  std::optional<asio::signal_set> signals;
  std::optional<asio::steady_timer> again;
  uint16_t port = 0;
  size_t next = 0;  // loop that gets the next connection
  std::atomic<bool> stopping{false};
  Clock::time_point drain_until;  // written before `stopping`
  ChangeThread changes;           // goes first: what it does may need the rest
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::create(Service* service, const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(service, options);
  if (absl::Status s = impl->use_certificate(); !s.ok()) return s;
  if (absl::Status s = impl->listen(); !s.ok()) return s;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

uint16_t Server::port() const { return impl_->port; }

void Server::run(const std::function<void()>& reload) {
  ErrorCode ignored;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) impl_->signals->add(signal, ignored);
  impl_->wait_for_signal(reload);
  impl_->accept();
  std::vector<std::thread> threads;
  for (const auto& loop : impl_->loops) {
    loop->changes = &impl_->changes;
    impl_->tick(*loop, std::make_shared<asio::steady_timer>(loop->context));
    if (loop != impl_->loops.front()) threads.emplace_back([l = loop.get()] { l->context.run(); });
  }
  impl_->loops.front()->context.run();
  for (std::thread& t : threads) t.join();
}

void Server::stop() {
  asio::post(impl_->loops.front()->context, [this] { impl_->stop_here(); });
}

bool Server::post_change(std::function<void()> change) { return impl_->changes.post(std::move(change)); }

}  // namespace weir::serve
