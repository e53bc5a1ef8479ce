#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "compiler/driver/manifest.h"
#include "runtime/crypto/digest.h"
#include "tests/fuzz/targets.h"
#include "tools/serve/http_parser.h"
#include "tools/serve/service.h"

namespace weir::fuzz {
namespace {

constexpr const char* kRules = R"(
entity Account: string
event post { author: Account  text: string  n: int? }
list words: string from "words.csv"
label spam on Account max 30d
feature texts = count() from post by post.author over 10m
rule flood on post { id "R-1"  when texts >= 3  then { label post.author as spam for 7d  verdict review } limit 3 per 1h  mode live }
rule word on post { id "R-2"  when post.text in words && post.n > 3  then { verdict block }  mode live }
)";

// A server at which everybody may do everything, on the interpreter.
std::unique_ptr<serve::Service> make_service() {
  driver::RuleSetSource source;
  source.manifest.name = "fuzz";
  source.directory = ".";
  source.sources = {{"a.weir", kRules}};
  source.read_file = [](base::FileId, const std::string&) { return std::optional<std::string>("words\nbad\n"); };
  serve::Service::Parts parts;
  serve::LoadOptions how;
  how.rules.tier = engine::Tier::kInterpreter;
  parts.loader = std::make_shared<serve::Loader>(how);
  serve::LoadFailure failure;
  auto first = std::make_shared<serve::Generation>();
  first->number = 1;
  first->set = parts.loader->load(source, nullptr, &failure);
  if (first->set == nullptr) abort();
  parts.beginning.first = first;
  parts.tokens = *serve::Tokens::parse("all host,reader,author,approver,operator " + crypto::sha256_hex("t") +
                                       "\nother approver " + crypto::sha256_hex("u"));
  const int memory = memfd_create("audit", MFD_CLOEXEC);
  parts.audit = *serve::Audit::open(fmt::format("/proc/self/fd/{}", memory));
  parts.limits.changes = {0, 1};
  parts.limits.refusals = {0, 1};
  parts.version = "fuzz";
  auto service = std::make_unique<serve::Service>(std::move(parts));
  service->add_worker();
  return service;
}

// An answer that breaks a promise: no status that is known, a body that is not what it says.
void check(const serve::Request& request, const serve::Response& response) {
  if (response.status != 200 && response.status != 201 && response.content_type != serve::kProblem) abort();
  if (response.status == 500) abort();
  const bool json = response.content_type == serve::kJson || response.content_type == serve::kProblem;
  if (json && !nlohmann::json::accept(response.body)) abort();
  std::string out;
  serve::append_response(response, request.keep_alive, request.method == serve::Method::kHead, "", &out);
}

}  // namespace

void serve_http(std::string_view text) {
  static const std::unique_ptr<serve::Service> service = make_service();
  serve::Worker& worker = *service->workers().front();
  serve::HttpParser parser({8192, uint64_t{1} << 20});
  serve::Request request;
  serve::Response response;
  for (;;) {
    parser.begin(&request);
    text.remove_prefix(parser.put(text));
    if (parser.state() != serve::HttpParser::State::kDone) return;
    service->handle(request, worker, &response);
    check(request, response);
  }
}

}  // namespace weir::fuzz
