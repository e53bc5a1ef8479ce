// One connection: bytes in, requests, answers, bytes out; and its deadlines.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>

#include "tools/serve/change_thread.h"
#include "tools/serve/http_parser.h"
#include "tools/serve/problem.h"
#include "tools/serve/server.h"

namespace weir::serve {

using Tcp = boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Clock = std::chrono::steady_clock;

class AnyConnection {
 public:
  virtual ~AnyConnection() = default;
  virtual void start() = 0;
  virtual void look_at_clock(Clock::time_point now) = 0;
  // Ends when what it is doing is done.
  virtual void finish() = 0;
  virtual void abort() = 0;
};

// A thread's event loop and what belongs to it.
struct Loop {
  Service* service = nullptr;
  Worker* worker = nullptr;
  ChangeThread* changes = nullptr;
  const ServerOptions* options = nullptr;
  std::unordered_set<AnyConnection*> connections;
  std::string date;
  bool draining = false;
  boost::asio::io_context context{1};  // goes first: what still waits in it belongs to the rest
};

template <typename Stream>
class Connection final : public AnyConnection, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  static constexpr bool kTls = !std::is_same_v<Stream, Tcp::socket>;

  Connection(Stream stream, std::string peer, Loop& loop)
      : stream_(std::move(stream)),
        loop_(loop),
        parser_({loop.service->limits().header_bytes, loop.service->limits().body_bytes}) {
    request_.peer = std::move(peer);
    loop_.connections.insert(this);
    loop_.service->connections().fetch_add(1, std::memory_order_relaxed);
  }
  ~Connection() override {
    loop_.connections.erase(this);
    loop_.service->connections().fetch_sub(1, std::memory_order_relaxed);
  }

  void start() override {
    parser_.begin(&request_);
    if constexpr (kTls) {
      within(loop_.options->head_timeout);
      stream_.async_handshake(boost::asio::ssl::stream_base::server, [self = this->shared_from_this()](ErrorCode ec) {
        if (!ec) self->read();
      });
    } else {
      read();
    }
  }

  void look_at_clock(Clock::time_point now) override {
    if (now < deadline_ || timed_out_) return;
    timed_out_ = true;
    ErrorCode ignored;
    // A request that was begun gets an answer; else nobody waits for one.
    if (step_ == Step::kReading && parser_.begun()) {
      socket().cancel(ignored);
    } else {
      socket().close(ignored);
    }
  }

  void finish() override {
    closing_ = true;
    if (step_ == Step::kReading && !parser_.begun()) abort();
  }

  void abort() override {
    ErrorCode ignored;
    socket().close(ignored);
  }

 private:
  enum class Step : uint8_t { kReading, kChanging, kWriting, kLingering };
  static constexpr size_t kRead = 16384;               // at least so much room for a read
  static constexpr size_t kFlush = size_t{256} << 10;  // of answers to pipelined requests

  auto& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void within(std::chrono::nanoseconds time) { deadline_ = Clock::now() + time; }

  void read() {
    step_ = Step::kReading;
    if (!parser_.begun()) {
      within(loop_.options->idle_timeout);
    } else if (stage_ != parser_.state() || !timed_) {
      within(parser_.state() == HttpParser::State::kBody ? loop_.options->body_timeout : loop_.options->head_timeout);
      timed_ = true;
    }
    stage_ = parser_.state();
    if (in_begin_ > 0) {
      std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
      in_end_ -= in_begin_;
      in_begin_ = 0;
    }
    if (in_.size() < in_end_ + kRead) in_.resize(in_end_ + kRead);
    stream_.async_read_some(boost::asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
                            [self = this->shared_from_this()](ErrorCode ec, size_t n) {
                              self->in_end_ += n;
                              self->has_read(ec);
                            });
  }

  void has_read(ErrorCode ec) {
    if (timed_out_ && parser_.begun()) {
      set_problem(&response_, 408, "the request took too long to come");
      response_.close = true;
      began_ = Clock::now();
      answer(WorkerMetrics::kEndpoints);
      return write();
    }
    if (!ec) process();
  }

  // Requests that are there are answered; then their answers are written, or more is read.
  void process() {
    while (out_.size() < kFlush && !end_) {
      in_begin_ += parser_.put({in_.data() + in_begin_, in_end_ - in_begin_});
      if (parser_.state() == HttpParser::State::kFailed) {
        set_problem(&response_, parser_.status(), parser_.message());
        response_.close = true;
        began_ = Clock::now();
        answer(WorkerMetrics::kEndpoints);
      } else if (parser_.state() == HttpParser::State::kDone) {
        if (!handle()) return;  // goes on when the change is made
      } else {
        if (parser_.state() == HttpParser::State::kBody && request_.expects_continue) {
          request_.expects_continue = false;
          out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        }
        break;
      }
    }
    if (out_.empty()) {
      read();
    } else {
      write();
    }
  }

  // False: on the change thread, and process() is called afterwards.
  bool handle() {
    began_ = Clock::now();
    Exchange exchange{*loop_.service, *loop_.worker, request_};
    const bool admitted = loop_.service->admit(&exchange, &response_);
    const size_t endpoint = exchange.endpoint == nullptr ? WorkerMetrics::kEndpoints
                                                         : static_cast<size_t>(exchange.endpoint - endpoints().data());
    if (!admitted || !exchange.endpoint->changes) {
      if (admitted) loop_.service->run(exchange, &response_);
      answer(endpoint);
      return true;
    }
    step_ = Step::kChanging;
    deadline_ = Clock::time_point::max();
    auto task = [self = this->shared_from_this(), exchange, endpoint]() mutable {
      Loop& loop = self->loop_;
      loop.service->run(exchange, &self->response_);
      // It ends on its own thread: none of it stays here.
      boost::asio::post(loop.context, [self = std::move(self), endpoint] {
        self->answer(endpoint);
        self->process();
      });
    };
    if (loop_.changes->post(std::move(task))) return false;
    set_problem(&response_, 503, "too many changes are waiting");
    answer(endpoint);
    return true;
  }

  void answer(size_t endpoint) {
    const bool keep = request_.keep_alive && !response_.close && !closing_ && !loop_.draining;
    append_response(response_, keep, request_.method == Method::kHead, loop_.date, &out_);
    loop_.worker->metrics.count(endpoint, response_.status, Clock::now() - began_);
    end_ = !keep;
    timed_ = false;
    if (keep) parser_.begin(&request_);
  }

  void write() {
    step_ = Step::kWriting;
    within(loop_.options->write_timeout);
    boost::asio::async_write(stream_, boost::asio::buffer(out_),
                             [self = this->shared_from_this()](ErrorCode ec, size_t) {
                               self->out_.clear();
                               if (ec) return;
                               if (self->end_) return self->linger();
                               self->process();
                             });
  }

  // The other side reads the answer before it sees a reset: what it still sends is taken, for a while.
  void linger() {
    if constexpr (kTls) {
      within(std::chrono::seconds(2));
      step_ = Step::kLingering;
      stream_.async_shutdown([self = this->shared_from_this()](ErrorCode) { self->abort(); });
    } else {
      ErrorCode ignored;
      if (step_ != Step::kLingering) socket().shutdown(Tcp::socket::shutdown_send, ignored);
      if (step_ != Step::kLingering) within(std::chrono::seconds(2));
      step_ = Step::kLingering;
      if (in_.size() < kRead) in_.resize(kRead);
      stream_.async_read_some(boost::asio::buffer(in_), [self = this->shared_from_this()](ErrorCode ec, size_t) {
        if (!ec) self->linger();
      });
    }
  }

  Stream stream_;
  Loop& loop_;
  HttpParser parser_;
  Request request_;
  Response response_;
  std::string in_;  // what came and is not yet parsed: from in_begin_ to in_end_
  size_t in_begin_ = 0, in_end_ = 0;
  std::string out_;
  Step step_ = Step::kReading;
  HttpParser::State stage_ = HttpParser::State::kHead;  // of the request for which the deadline was set
  bool timed_ = false;
  bool timed_out_ = false;
  bool closing_ = false;  // after the request under way
  bool end_ = false;      // after what is in out_
  Clock::time_point began_;
  Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace weir::serve
