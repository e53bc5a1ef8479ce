// server_loop.c in C++ (weir.hpp), with a time limit for each event: events in as JSON lines, verdicts out.
//
//     server_loop_cpp RULES_DIR < events.jsonl > verdicts.jsonl
//
// SIGHUP, or a line that says !reload, loads the rules again.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <weir/weir.hpp>

namespace {

volatile std::sig_atomic_t reload_wanted = 0;
constexpr std::chrono::seconds kLongest{5};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= ' ') out += c;
  }
  return out + "\"";
}

// What one generation of rules is served with.
struct Serving {
  weir::session session;
  weir::event event;
  uint64_t generation = 0;
};

// On failure *serving is as it was.
weir::status serve_current(weir::slot &slot, Serving *serving) {
  auto rules = slot.pin();
  if (!rules) return rules.error();
  auto event = rules->event();
  if (!event) return event.error();
  if (serving->session) {
    if (weir::status adopted = serving->session.adopt(*rules); !adopted) return adopted;
  } else {
    auto session = rules->session();
    if (!session) return session.error();
    serving->session = *std::move(session);
  }
  serving->event = *std::move(event);
  serving->generation = rules->generation();
  return {};
}

weir::status load(weir::slot &slot, std::string_view directory, Serving *serving) {
  weir::diags said;
  const auto loaded = slot.load(directory, slot.generation(), &said);
  if (said) std::cerr << said.text();
  if (!loaded) return loaded.error();
  return serve_current(slot, serving);
}

std::string answer(Serving &serving, std::string_view line) {
  const auto failed = [](const weir::error &e) {
    return "{\"error\":" + quoted(e.name()) + ",\"message\":" + quoted(e.message()) + "}";
  };
  if (weir::status read = serving.event.read_json(line); !read) return failed(read.error());
  const auto verdict = serving.session.eval(serving.event, kLongest);
  return verdict ? std::string(verdict->json()) : failed(verdict.error());
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " RULES_DIR < events.jsonl\n";
    return 2;
  }
  std::signal(SIGHUP, [](int) { reload_wanted = 1; });
  const auto engine = weir::engine::create();
  auto slot = engine ? engine->slot() : engine.error();
  Serving serving;
  if (weir::status begun = slot ? load(*slot, argv[1], &serving) : slot.error(); !begun) {
    std::cerr << argv[1] << ": " << begun.error().message() << "\n";
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const bool asked = line == "!reload";
    if (asked || reload_wanted != 0) {
      reload_wanted = 0;
      if (weir::status loaded = load(*slot, argv[1], &serving); !loaded)
        std::cerr << "reload failed, generation " << serving.generation << " stays: " << loaded.error().message()
                  << "\n";
    }
    if (!asked && !line.empty()) std::cout << answer(serving, line) << "\n" << std::flush;
  }
  return 0;
}
