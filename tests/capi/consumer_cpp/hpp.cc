// weir.hpp: handles move and end, errors are values, what comes out is what weir.h gives.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>
#include <weir/weir.hpp>

namespace {

#define NEED(condition)                                                    \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                        \
    }                                                                      \
  } while (false)

// Of a result or a status.
template <typename T>
T ok(T r, int line) {
  if (!r) {
    std::fprintf(stderr, "%d: %s\n", line, std::string(r.error().message()).c_str());
    std::exit(1);
  }
  return r;
}
#define OK(call) ok(call, __LINE__)
#define DO(call) static_cast<void>(ok(call, __LINE__))

constexpr char kRules[] =
    "event login { account: string  ok: bool  tags: list<string>  n: int? }\n"
    "feature fails = count() from login where !login.ok by login.account over 15m\n"
    "rule guessing on login { id \"R-1\" when fails >= 2 then { verdict block } mode live because \"{fails} times\" "
    "}\n";

static_assert(!std::is_copy_constructible_v<weir::session> && std::is_nothrow_move_constructible_v<weir::session>);

void errors(const weir::engine &engine) {
  weir::diags said;
  const auto broken = engine.compile({weir::source("a.weir", "rule x on nothing { when true }")}, nullptr, &said);
  NEED(!broken && broken.error().code() == WEIR_E_COMPILE && broken.error().name() == "WEIR_E_COMPILE");
  NEED(broken.error().at_fault() == WEIR_FAULT_AUTHOR && !broken.error().message().empty());
  NEED(said && said.errors() >= 1 && said[0].line == 1 && said.text().find("a.weir:1") != std::string_view::npos);
  NEED(!engine.compile_files("/nowhere") && engine.compile_files("/nowhere").error().code() == WEIR_E_IO);
  NEED(engine.load_bundle("no bundle").error().code() == WEIR_E_DATA);
  weir_engine_options newer = WEIR_INIT(weir_engine_options);
  newer.abi = WEIR_ABI + 1;
  NEED(weir::engine::create(&newer).error().code() == WEIR_E_ABI);
}

void events(const weir::ruleset &rules) {
  auto session = OK(rules.session());
  auto schema = OK(rules.schema("login"));
  NEED(schema->name() == "login" && schema->field("account") == 2 && schema->field("gone") == -1);
  NEED(weir::view((*schema)[4].type_name) == "list<string>");
  NEED(rules.schema("gone").error().code() == WEIR_E_SCHEMA);
  auto event = OK(weir::event::create(*schema));
  const std::vector<weir_str> tags = {weir::str("x"), weir::str("y")};
  for (int i = 1; i <= 3; ++i) {
    DO(event->set(WEIR_FIELD_TIME, std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000 + i))));
    DO(event->set(WEIR_FIELD_ID, "e" + std::to_string(i)));
    DO(event->set(2, "a"));
    DO(event->set(3, false));
    DO(event->set(4, weir::span<weir_str>(tags)));
    DO(event->set(5, int64_t{7}));
    const auto verdict = OK(session->eval(*event, std::chrono::minutes(1), WEIR_TRACE_HITS));
    NEED(!verdict->expired() && verdict->info().verdict == (i >= 2 ? WEIR_VERDICT_BLOCK : WEIR_VERDICT_ALLOW));
    if (i < 2) continue;
    NEED(weir::view(verdict->hit(0).because) == std::to_string(i) + " times");
    NEED(verdict->effect(0).verdict == WEIR_VERDICT_BLOCK);
    NEED(verdict->json().find("\"R-1\"") != std::string_view::npos && verdict->explain().front() == '[');
  }
  NEED(event->set(3, "no bool").error().code() == WEIR_E_SCHEMA);
  auto other = OK(session->share());
  NEED(other->stats().events == 0 && session->stats().events == 3);
  // Moved: the new one is what the old one was.
  weir::session moved = *std::move(other);
  NEED(moved && moved.get() != nullptr);
  NEED(OK(moved.eval(*event))->info().duplicate == 1);
}

// Two seconds of work in no time at all: the declared verdict, and a result.
void limits(const weir::engine &engine) {
  const char slow[] =
      "event e { n: int }\n"
      "rule slow on e { when [0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c,\n"
      "  [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(f, a + b + c + d + f + e.n >= 0))))) then { verdict "
      "block }\n"
      "  mode live }\n";
  auto rules = OK(engine.compile({weir::source("slow.weir", slow)}));
  auto session = OK(rules->session());
  auto event = OK(rules->event());
  DO(event->read_json(R"({"time":"2026-01-01T00:00:00Z","n":1})"));
  const auto verdict = OK(session->eval(*event, std::chrono::microseconds(1)));
  NEED(verdict->expired() && verdict->info().verdict == WEIR_VERDICT_ALLOW);
}

void slots(const weir::engine &engine, const weir::ruleset &rules) {
  auto slot = OK(engine.slot());
  NEED(slot->pin().error().code() == WEIR_E_ARG);
  NEED(*OK(slot->publish(rules, 0)) == 1);
  NEED(slot->publish(rules, 0).error().code() == WEIR_E_CONFLICT);
  auto pinned = OK(slot->pin());
  NEED(pinned->generation() == 1 && pinned->hash() == rules.hash() && pinned->size() == 1 && pinned->find("R-1") == 0);
  auto session = OK(pinned->session());
  DO(session->adopt(rules));
  auto rollout = OK(slot->start_rollout(rules));
  NEED(rollout->label("gone", true).error().code() == WEIR_E_DATA);
  NEED(OK(rollout->report())->info().state == WEIR_ROLLOUT_RUNNING);
  DO(rollout->end(false, "me", "enough"));
  NEED(OK(rollout->report())->json().find("\"rolled_back\"") != std::string_view::npos);
  const auto status = OK(slot->status_now());
  NEED(status->info().generation == 3 && status->json().front() == '{');
}

}  // namespace

int main() {
  auto engine = OK(weir::engine::create());
  errors(*engine);
  auto rules = OK(engine->compile({weir::source("login.weir", kRules)}));
  events(*rules);
  limits(*engine);
  slots(*engine, *rules);
  return 0;
}
