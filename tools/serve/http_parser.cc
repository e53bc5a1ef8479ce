#include "tools/serve/http_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <new>
#include <optional>

#include "runtime/io/record.h"

namespace weir::serve {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;
using StringView = boost::beast::string_view;

std::string_view view(StringView text) { return {text.data(), text.size()}; }

bool same_word(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

// Keeps what Weir looks at; other fields are read and forgotten, so nothing is allocated for them.
class Reader final : public http::basic_parser<true> {
 public:
  Reader(Request* request, const ParserLimits& limits) : request_(*request), max_body_(limits.body_bytes) {
    header_limit(limits.header_bytes);
    body_limit(limits.body_bytes);
    eager(true);
  }
  bool bad_target() const { return bad_target_; }
  // RFC 9112, 3.2: without, or with several, nobody knows who is meant.
  bool bad_host() const { return hosts_ > 1 || (hosts_ == 0 && version_ >= 11); }

 private:
  void on_request_impl(http::verb method, StringView, StringView target, int version, ErrorCode& ec) override {
    version_ = version;
    switch (method) {
      case http::verb::get:
        request_.method = Method::kGet;
        break;
      case http::verb::head:
        request_.method = Method::kHead;
        break;
      case http::verb::post:
        request_.method = Method::kPost;
        break;
      default:
        request_.method = Method::kOther;
    }
    std::string_view path = view(target);
    const size_t question = path.find('?');
    if (question != std::string_view::npos) {
      request_.query = path.substr(question + 1);
      path = path.substr(0, question);
    }
    if (!percent_decode(path, false, &request_.path)) {
      bad_target_ = true;
      ec = http::error::bad_target;
    }
  }
  void on_response_impl(int, StringView, int, ErrorCode&) override {}
  void on_field_impl(http::field name, StringView own_name, StringView value, ErrorCode&) override {
    switch (name) {
      case http::field::authorization:
        request_.authorization = view(value);
        break;
      case http::field::content_type:
        request_.content_type = view(value);
        break;
      case http::field::accept:
        request_.accept = view(value);
        break;
      case http::field::expect:
        request_.expects_continue = same_word(view(value), "100-continue");
        break;
      case http::field::host:
        ++hosts_;
        break;
      case http::field::unknown:
        if (same_word(view(own_name), "weir-timeout")) request_.timeout = view(value);
        break;
      default:
        break;
    }
  }
  void on_header_impl(ErrorCode& ec) override {
    request_.keep_alive = keep_alive();
    if (!bad_host()) return;
    ec = http::error::bad_field;
  }
  void on_body_init_impl(const boost::optional<uint64_t>& length, ErrorCode& ec) override {
    if (!length) return;
    if (*length > max_body_) {
      ec = http::error::body_limit;
      return;
    }
    // What was only announced takes no memory yet.
    constexpr uint64_t kAtOnce = 65536;
    request_.body.reserve(static_cast<size_t>(std::min(*length, kAtOnce)) + io::kPadding);
  }
  size_t add(StringView body) {
    request_.body.append(body.data(), body.size());
    return body.size();
  }
  size_t on_body_impl(StringView body, ErrorCode&) override { return add(body); }
  void on_chunk_header_impl(uint64_t, StringView, ErrorCode&) override {}
  size_t on_chunk_body_impl(uint64_t, StringView body, ErrorCode&) override { return add(body); }
  void on_finish_impl(ErrorCode&) override {
    // Readable behind its end.
    request_.body.reserve(request_.body.size() + io::kPadding);
  }

  Request& request_;
  const uint64_t max_body_;
  bool bad_target_ = false;
  int version_ = 0;
  int hosts_ = 0;
};

}  // namespace

class HttpParser::Impl {
 public:
  std::optional<Reader> reader;
};

HttpParser::HttpParser(const ParserLimits& limits) : limits_(limits), impl_(std::make_unique<Impl>()) {}
HttpParser::~HttpParser() = default;

void HttpParser::begin(Request* request) {
  request->clear();
  impl_->reader.emplace(request, limits_);
  state_ = State::kHead;
  begun_ = false;
}

size_t HttpParser::put(std::string_view bytes) {
  if (bytes.empty() || state_ == State::kDone || state_ == State::kFailed) return 0;
  begun_ = true;
  Reader& reader = *impl_->reader;
  ErrorCode ec;
  size_t used = 0;
  while (used < bytes.size()) {
    const size_t n = reader.put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    used += n;
    if (ec == http::error::need_more) break;
    if (ec) {
      state_ = State::kFailed;
      if (ec == http::error::header_limit) {
        status_ = 431;
        message_ = "the request line and headers are too long";
      } else if (ec == http::error::body_limit) {
        status_ = 413;
        message_ = "the body is too long";
      } else if (ec == http::error::bad_version) {
        status_ = 505;
        message_ = "only HTTP/1.0 and HTTP/1.1 are spoken here";
      } else {
        status_ = 400;
        message_ = reader.bad_target()                                 ? "malformed percent-encoding in the path"
                   : ec == http::error::bad_field && reader.bad_host() ? "one `Host` header is needed"
                                                                       : "malformed HTTP request";
      }
      return used;
    }
    if (reader.is_done()) {
      state_ = State::kDone;
      return used;
    }
    if (n == 0) break;
  }
  state_ = reader.is_header_done() ? State::kBody : State::kHead;
  return used;
}

}  // namespace weir::serve
