// weir backfill: what new features would know if they had been there all along, from a log.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "runtime/engine/carry_over.h"
#include "runtime/engine/warming.h"
#include "runtime/state/time.h"
#include "tools/weir/event_input.h"
#include "tools/weir/kept_state.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct BackfillOptions {
  std::vector<std::string> rules;
  EventInput events;
  StateOptions state;
  TierChoice tier = TierChoice::kAuto;
  std::string cache;
};

struct Replayed {
  uint64_t events = 0, later = 0;  // later: than what the state has seen
  int64_t first = INT64_MAX;       // time
};

// The log in an empty state, up to where `stands` is: rules too, since features may read labels.
Replayed replay(io::EventReader& reader, engine::Session& session, const engine::State& stands) {
  Replayed out;
  std::vector<int64_t> latest;
  for (uint32_t e = 0; e < stands.program().events.size(); ++e) latest.push_back(stands.event_clock(e).latest());
  io::Record record;
  while (reader.next(&record)) {
    const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
    if (time > latest[record.event]) {
      ++out.later;
      continue;
    }
    out.first = std::min(out.first, time);
    ++out.events;
    session.evaluate(record.event, record.row);
  }
  return out;
}

int backfill(const BackfillOptions& options) {
  int exit_code = kOk;
  auto rules = load_checked_rules(options.rules, &exit_code);
  if (!rules) return exit_code;
  auto compiled = make_rules(*rules, engine_tier(options.tier), options.cache);
  if (!compiled) return kInternal;
  const engine::SessionOptions how = session_options(*rules);
  auto kept = KeptState::open(options.state, compiled, how, &exit_code);
  if (!kept) return exit_code;
  engine::State& state = *kept->state();
  const ir::Program& program = rules->program();
  const auto warming = [&] {
    for (uint32_t f = 0; f < state.features(); ++f)
      if (state.warming(f)) return true;
    return false;
  };
  if (!warming()) {
    print("no feature is warming: nothing to do\n");
    return kOk;
  }
  auto reader = open_events(options.events, *rules, {});
  if (!reader) return kUsage;
  auto history = std::make_shared<engine::State>(compiled->program_ptr(), state_options(how));
  Replayed replayed;
  {
    engine::Session session(compiled, history, how);
    replayed = replay(*reader, session, state);
  }
  exit_code = finish_events(*reader, options.events, false);
  if (exit_code == kUsage) return exit_code;  // a log that breaks off is no history
  for (uint32_t f : engine::take_warm(*history, state)) {
    const ir::Feature& feature = program.features[f];
    print(fmt::format("{}: {}\n", feature.name, counted(state.feature(f).keys(), "key")));
    const int64_t begins = state::saturating_sub(state.newest(feature.event), feature.window.nanos);
    if (feature.window.kind == ir::WindowKind::kDuration && replayed.first > begins) {
      complain(fmt::format("{}: its window begins before the log; it counts as empty there", feature.name));
    }
  }
  print(fmt::format("from {}{}\n", counted(replayed.events, "event"),
                    replayed.later > 0
                        ? fmt::format("; {} later than the state were passed over", with_commas(replayed.later))
                        : ""));
  return kept->finish() ? exit_code : kUsage;
}

}  // namespace

void add_backfill(CLI::App& app, Action* action) {
  auto options = std::make_shared<BackfillOptions>();
  CLI::App* verb = app.add_subcommand("backfill", "Fill features that are new to a kept state, from a log");
  add_rules_option(verb, &options->rules)->required();
  add_event_options(verb, &options->events);
  add_state_options(verb, &options->state);
  verb->get_option("--state")->required();
  add_tier_option(verb, &options->tier, false);
  add_cache_option(verb, &options->cache);
  verb->footer(
      R"(A feature that is new, or whose meaning has changed, is missing until its window has passed. This replays a log that reaches
back that far (the same events the state has seen, and those before them) and ends that. The rest of the state stays.

Example:
  weir backfill --rules rules/ --events last-90-days.jsonl.zst --state state/
)");
  verb->callback([options, action] { *action = [options] { return backfill(*options); }; });
}

}  // namespace weir::tools
