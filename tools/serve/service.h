// The server without its sockets: requests in, answers out. What server.h drives, and tests and fuzzers too.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/io/event_reader.h"
#include "runtime/io/json_decoder.h"
#include "tools/serve/audit.h"
#include "tools/serve/auth.h"
#include "tools/serve/deciders.h"
#include "tools/serve/metrics.h"
#include "tools/serve/publisher.h"
#include "tools/serve/rate.h"
#include "tools/serve/router.h"

namespace weir::serve {

struct Limits {
  uint64_t body_bytes = uint64_t{16} << 20;
  uint32_t header_bytes = 8192;
  size_t json_depth = 64;
  size_t batch_events = 1000;
  std::chrono::nanoseconds deadline{0};  // of an evaluation that names none; 0: none
  RateLimit requests = {0, 1};           // of each token, or address; an event of a batch counts as a request
  RateLimit changes = {10, 60};          // of each token
  RateLimit refusals = {5, 50};          // answers 401 to an address
};

// What one serving thread keeps: buffers, and decoders of the generation it last saw. One caller at a time.
struct Worker {
  Worker(size_t index, const Service& service);
  // Of the generation that decides now.
  void pin(const Deciders& deciders);
  // False, and *reject filled. `event`: -1 if the text says which. The record's row is in `slots`, valid until the next
  // decode; texts live in `arena` until it is reset.
  bool decode(std::string_view text, int event, io::Record* record, io::Reject* reject);

  const size_t index;
  std::shared_ptr<const Generation> pinned;
  std::vector<std::unique_ptr<io::JsonDecoder>> decoders;  // by event type, and at the end where the text says which
  value::Arena arena;
  std::vector<value::Value> slots;
  std::string line;  // scratch
  uint64_t requests = 0;
  WorkerMetrics metrics;
};

// Thread-safe, each thread with its own Worker.
class Service {
 public:
  struct Parts {
    Beginning beginning;
    std::shared_ptr<engine::State> state;  // null: an empty one
    std::unique_ptr<Store> store;          // may be null
    std::unique_ptr<KeptRules> kept;       // may be null
    std::unique_ptr<Audit> audit;
    std::shared_ptr<const Tokens> tokens;  // null: there is no tokens file, and nothing can be changed
    std::shared_ptr<Loader> loader;
    bundle::Trust trust;
    size_t lanes = 1;
    Limits limits;
    std::string version;
  };
  explicit Service(Parts parts);

  // Whether the request may be answered, and by what: router, token, role, rate, type of the body. Null: the response
  // is filled already. exchange->endpoint->changes says whether run() belongs on the change thread.
  bool admit(Exchange* exchange, Response* response);
  // Fills the response, whatever happens.
  void run(Exchange& exchange, Response* response);
  // Both, in one thread.
  void handle(const Request& request, Worker& worker, Response* response);

  // A further cost found on the way; false, and answered, if it is too much.
  bool charge(const Exchange& exchange, double cost, Response* response);

  Deciders& deciders() { return deciders_; }
  Publisher& publisher() { return publisher_; }
  Audit& audit() { return *audit_; }
  const Limits& limits() const { return limits_; }
  const std::string& version() const { return version_; }
  int64_t started() const { return started_; }
  bool with_tokens() const { return tokens() != nullptr; }
  std::shared_ptr<const Tokens> tokens() const;
  void set_tokens(std::shared_ptr<const Tokens> tokens);

  void drain() { draining_ = true; }
  bool draining() const { return draining_; }
  std::atomic<uint64_t>& connections() { return connections_; }
  std::atomic<uint64_t>& refused_connections() { return refused_connections_; }

  Worker* add_worker();  // before anything is served
  const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }

 private:
  bool authenticate(Exchange* exchange, Response* response);
  void too_often(std::chrono::nanoseconds wait, Response* response);

  std::unique_ptr<Audit> audit_;
  const Limits limits_;
  const std::string version_;
  const int64_t started_ = wall_nanos();
  Deciders deciders_;
  Publisher publisher_;
  mutable std::mutex tokens_mutex_;
  std::shared_ptr<const Tokens> tokens_;
  RateLimiter requests_, changes_, refusals_;
  std::atomic<bool> draining_{false};
  std::atomic<uint64_t> connections_{0}, refused_connections_{0};
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace weir::serve
