// Requests out of bytes, by the parser of Boost.Beast; nothing here touches a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "tools/serve/http.h"

namespace weir::serve {

struct ParserLimits {
  uint32_t header_bytes = 8192;
  uint64_t body_bytes = uint64_t{16} << 20;
};

// One request after the other. Not thread-safe.
class HttpParser {
 public:
  // `request` is filled; it must outlive the parser or the next begin().
  explicit HttpParser(const ParserLimits& limits);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  void begin(Request* request);

  enum class State : uint8_t { kHead, kBody, kDone, kFailed };
  // Takes what it can; what it leaves must come again, with more behind it. After kDone or kFailed it takes nothing.
  size_t put(std::string_view bytes);
  State state() const { return state_; }
  bool begun() const { return begun_; }  // anything of this request has come

  // Of kFailed: the answer's status and what was wrong.
  int status() const { return status_; }
  std::string_view message() const { return message_; }

 private:
  class Impl;
  const ParserLimits limits_;
  std::unique_ptr<Impl> impl_;
  State state_ = State::kHead;
  bool begun_ = false;
  int status_ = 400;
  std::string_view message_;
};

}  // namespace weir::serve
