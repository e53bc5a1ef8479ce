#include "tools/serve/service.h"

#include <fmt/format.h>

#include <cmath>
#include <exception>

#include "runtime/io/record.h"
#include "tools/serve/problem.h"

namespace weir::serve {
namespace {

// The media type without its parameters.
std::string_view media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return type;
}

bool takes(Body body, std::string_view type) {
  switch (body) {
    case Body::kNone:
      return true;
    case Body::kJson:
      return type == kJson;
    case Body::kEvents:
      return type == kJson || type == kJsonLines;
    case Body::kRules:
      return type == kJson || type == kBundle;
  }
  return false;
}

}  // namespace

Worker::Worker(size_t i, const Service&) : index(i) {}

void Worker::pin(const Deciders& deciders) {
  if (pinned != nullptr && pinned->number == deciders.number()) return;
  decoders.clear();
  pinned = deciders.current();
  for (const io::DecodePlan& plan : pinned->set->by_event) decoders.push_back(std::make_unique<io::JsonDecoder>(plan));
  if (pinned->set->records) decoders.push_back(std::make_unique<io::JsonDecoder>(*pinned->set->records));
}

bool Worker::decode(std::string_view text, int event, io::Record* record, io::Reject* reject) {
  const size_t which = event < 0 ? pinned->set->by_event.size() : static_cast<size_t>(event);
  if (which >= decoders.size()) {
    reject->cause = io::RejectCause::kUnknownEventType;
    reject->message = pinned->set->no_records;
    return false;
  }
  io::RowTarget target;
  target.arena = &arena;
  target.slots = &slots;
  target.file = "request";
  target.line = requests;
  if (!decoders[which]->decode(text, &target, reject)) return false;
  record->event = target.event;
  record->row = slots.data() + target.row;
  record->text = text;
  return true;
}

Service::Service(Parts parts)
    : audit_(std::move(parts.audit)),
      limits_(parts.limits),
      version_(std::move(parts.version)),
      deciders_(parts.beginning.first, std::move(parts.state), std::move(parts.store), parts.lanes),
      publisher_(&deciders_, audit_.get(), std::move(parts.loader), std::move(parts.trust), std::move(parts.kept),
                 std::move(parts.beginning)),
      tokens_(std::move(parts.tokens)),
      requests_(limits_.requests),
      changes_(limits_.changes),
      refusals_(limits_.refusals) {}

Worker* Service::add_worker() {
  workers_.push_back(std::make_unique<Worker>(workers_.size(), *this));
  return workers_.back().get();
}

std::shared_ptr<const Tokens> Service::tokens() const {
  const std::lock_guard lock(tokens_mutex_);
  return tokens_;
}

void Service::set_tokens(std::shared_ptr<const Tokens> tokens) {
  const std::lock_guard lock(tokens_mutex_);
  tokens_ = std::move(tokens);
}

void Service::too_often(std::chrono::nanoseconds wait, Response* response) {
  set_problem(response, 429, "too many requests; `Retry-After` says when there may be more");
  const double seconds = std::chrono::duration<double>(wait).count();
  response->add_header("Retry-After", fmt::format("{}", static_cast<int64_t>(std::ceil(seconds))));
}

bool Service::authenticate(Exchange* exchange, Response* response) {
  const std::shared_ptr<const Tokens> tokens = this->tokens();
  if (tokens == nullptr) {
    exchange->principal = anybody();
    return true;
  }
  const std::string_view token = bearer_token(exchange->request.authorization);
  const Principal* found = token.empty() ? nullptr : tokens->find(token);
  if (found != nullptr) {
    exchange->principal = std::shared_ptr<const Principal>(tokens, found);
    return true;
  }
  // Guessing is hopeless anyway; this keeps it from costing much.
  const auto wait = refusals_.take(exchange->request.peer, 1, RateLimiter::Clock::now());
  if (wait.count() > 0) {
    too_often(wait, response);
    return false;
  }
  set_problem(response, 401,
              token.empty() ? "a token is needed: `Authorization: Bearer TOKEN`" : "nobody has this token");
  response->add_header("WWW-Authenticate", "Bearer realm=\"weir\"");
  return false;
}

bool Service::admit(Exchange* exchange, Response* response) {
  response->clear();
  const Request& request = exchange->request;
  const Route route = find_route(request.method, request.path);
  exchange->endpoint = route.endpoint;
  exchange->parameter = route.parameter;
  if (route.endpoint == nullptr) {
    if (route.other_method) {
      set_problem(response, 405, fmt::format("there is {} here", route.allow));
      response->add_header("Allow", route.allow);
    } else {
      set_problem(response, 404, "there is nothing here; /openapi.json tells what there is");
    }
    return false;
  }
  const Endpoint& endpoint = *route.endpoint;
  if (endpoint.roles != 0) {
    if (!authenticate(exchange, response)) return false;
    const Principal& who = *exchange->principal;
    if (!who.may(endpoint.roles)) {
      std::string roles;
      for (Role role : {kHost, kReader, kAuthor, kApprover, kOperator})
        if ((endpoint.roles & role) != 0) roles += fmt::format("{}{}", roles.empty() ? "" : " or ", role_name(role));
      set_problem(response, 403,
                  with_tokens() ? fmt::format("`{}` has not the role {}", who.name, roles)
                                : fmt::format("needs the role {}: start the server with --tokens", roles));
      return false;
    }
    if (endpoint.changes && !audit_->kept()) {
      set_problem(response, 403, "nothing can be changed without an audit log: start the server with --audit");
      return false;
    }
    if (!charge(*exchange, 1, response)) return false;
    if (endpoint.changes) {
      const auto wait = changes_.take(who.name, 1, RateLimiter::Clock::now());
      if (wait.count() > 0) {
        too_often(wait, response);
        return false;
      }
    }
  }
  if (endpoint.body != Body::kNone && !request.body.empty() &&
      !takes(endpoint.body, media_type(request.content_type))) {
    set_problem(response, 415,
                fmt::format("the body is `{}`; {} takes {}", request.content_type, endpoint.path,
                            endpoint.body == Body::kEvents  ? "application/json or application/x-ndjson"
                            : endpoint.body == Body::kRules ? "application/json or application/octet-stream"
                                                            : "application/json"));
    return false;
  }
  return true;
}

bool Service::charge(const Exchange& exchange, double cost, Response* response) {
  if (limits_.requests.per_second <= 0) return true;
  const std::string_view who = with_tokens() ? std::string_view(exchange.principal->name) : exchange.request.peer;
  const auto wait = requests_.take(who, cost, RateLimiter::Clock::now());
  if (wait.count() == 0) return true;
  too_often(wait, response);
  return false;
}

void Service::run(Exchange& exchange, Response* response) {
  // Components return their errors; this catches what libraries below them throw, such as a full memory.
  try {
    exchange.endpoint->handle(exchange, response);
  } catch (const std::bad_alloc&) {
    set_problem(response, 503, "out of memory");
  } catch (const std::exception&) {
    set_problem(response, 500, "an error inside Weir");
  }
}

void Service::handle(const Request& request, Worker& worker, Response* response) {
  Exchange exchange{*this, worker, request};
  if (admit(&exchange, response)) run(exchange, response);
}

}  // namespace weir::serve
