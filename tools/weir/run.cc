// weir run: events in, verdicts out, one JSON line an event, in the order of the log.
#include <errno.h>
#include <fmt/format.h>
#include <string.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "compiler/types/schema.h"
#include "runtime/engine/carry_over.h"
#include "runtime/engine/inspect.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "tools/weir/change_input.h"
#include "tools/weir/event_input.h"
#include "tools/weir/kept_state.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/rule_watch.h"
#include "tools/weir/verbs.h"
#include "tools/weir/verdict_line.h"

namespace weir::tools {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::vector<std::string> rules;
  EventInput events;
  TierChoice tier = TierChoice::kAuto;
  std::string cache;
  bool hits_only = false;
  bool watch = false;
  std::string repro = "weir-repro";
  StateOptions state;
  std::string changes;
  std::string format = "json";
};

// What shows a disagreement of the tiers, alone: the rules, the log up to the event, and how to run it.
void write_repro(const RunOptions& options, const RuleSet& rules, uint64_t events) {
  fs::path directory = options.repro;
  std::error_code error;
  fs::create_directories(directory / "rules", error);
  auto copy = fs::copy_options::recursive | fs::copy_options::overwrite_existing;
  for (const std::string& path : options.rules) {
    // A directory is copied whole: its lists and manifest belong to it.
    fs::copy(path,
             fs::is_directory(path, error) ? directory / "rules" : directory / "rules" / fs::path(path).filename(),
             copy, error);
  }
  std::ofstream log(directory / "events.jsonl", std::ios::binary);
  bool from_stdin = false;
  for (const std::string& path : options.events.paths) from_stdin = from_stdin || path == "-";
  EventInput again = options.events;
  again.dead_letter.clear();
  again.threads = 1;
  if (from_stdin) {
    complain("the input was a pipe and cannot be read again: the repro has the rules only");
  } else if (auto reader = open_events(again, rules, {})) {
    io::Record record;
    for (uint64_t i = 0; i < events && reader->next(&record); ++i) log << record.text << '\n';
  }
  complain(fmt::format("wrote {}/; run it with: weir run --tier=both --rules {}/rules --events {}/events.jsonl",
                       options.repro, options.repro, options.repro));
}

// What the operator of a stream should know at its end.
void tell_state(engine::Session& session) {
  engine::State& state = *session.state();
  for (const engine::LimitView& limit : engine::limits_of(state, state.newest())) {
    if (!limit.status.tripped) continue;
    complain(fmt::format("rule `{}` fired more than its limit: it counts as shadow until {}",
                         state.program().rules[limit.rule].name,
                         value::to_text(state::from_nanos(limit.status.until))));
  }
  for (const uint32_t rule : state.trips().ever_tripped()) {
    const engine::Trips::Status status = state.trips().status(rule, state.newest());
    if (status.cause == engine::TripCause::kNone) continue;
    complain(fmt::format("rule `{}` had more {} than `protect` allows: it is out of service until {}",
                         state.program().rules[rule].name, engine::trip_cause_name(status.cause),
                         value::to_text(state::from_nanos(status.until))));
  }
  if (session.duplicate_events() > 0)
    complain(counted(session.duplicate_events(), "event") + " ignored: the id of each came before");
  if (session.ahead_events() > 0)
    complain(counted(session.ahead_events(), "event") + " far ahead of the one before: a pause, or a wrong clock");
}

// To standard output, whole. False: go no further; *exit_code says why, kOk where downstream has closed the pipe (head,
// less): nobody reads on, and that is no error. A full disk is.
bool write_out(std::string* text, int* exit_code) {
  print(*text);
  text->clear();
  if (fflush(stdout) == 0) return true;
  *exit_code = errno == EPIPE ? kOk : kUsage;
  if (*exit_code != kOk) complain(fmt::format("cannot write the verdicts: {}", strerror(errno)));
  return false;
}

// A reader downstream gets what is known before this waits for more input.
bool must_write(const std::string& out, const io::EventReader& reader) {
  constexpr size_t kMostKept = 1 << 16;
  return out.size() > kMostKept || !reader.buffered();
}

// Nothing has its place between two events, so as many are taken at a time as have been read.
int run_batches(const RunOptions& options, io::EventReader& reader, engine::Session& session) {
  constexpr size_t kMost = 1024;
  int exit_code = kOk;
  std::string out;
  std::vector<io::Record> records;
  std::vector<engine::Session::EventRow> rows;
  while (reader.next(&records, kMost)) {
    rows.clear();
    for (const io::Record& record : records) rows.push_back({record.event, record.row});
    session.evaluate_batch(rows, [&](size_t i, const engine::EventResult& result) {
      if (!options.hits_only || !result.hits.empty()) append_verdict_line(result, records[i], session, &out);
    });
    if (must_write(out, reader) && !write_out(&out, &exit_code)) return exit_code;
  }
  print(out);
  tell_state(session);
  return finish_events(reader, options.events, false);
}

// A stream whose rules may change between two of its events.
class Stream {
 public:
  Stream(std::shared_ptr<const engine::Rules> rules, std::shared_ptr<engine::State> state,
         const engine::SessionOptions& options)
      : session_(std::make_unique<engine::Session>(std::move(rules), std::move(state), options)) {}
  engine::Session& session() { return *session_; }

  // Without --watch it goes on as it began. False, and complained about, if it cannot be watched.
  bool watch(const RunOptions& options, const driver::RuleSetSource& begun) {
    serve::LoadOptions how;
    how.weir_version = WEIR_VERSION;
    how.rules.tier = engine_tier(options.tier);
    how.rules.cache_directory = options.cache;
    std::vector<std::string> texts;
    if (!begun.manifest_text.empty()) texts.push_back(begun.manifest_text);
    for (const driver::SourceText& s : begun.sources) texts.push_back(s.text);
    watch_ = RuleWatch::start(options.rules, std::move(how), std::move(texts));
    return watch_ != nullptr;
  }

  // Goes over to rules that have changed. True: the record that the reader gave last is given again, decoded for them.
  bool adopt_changed(const RunOptions& options, io::EventReader& reader, KeptState* kept, int* exit_code) {
    const std::shared_ptr<const serve::RuleSet> next = watch_ == nullptr ? nullptr : watch_->take();
    if (next == nullptr) return false;
    io::PlanOptions how;
    how.event = options.events.event;
    auto plan = io::make_plan(*next->program, next->manifest.events, how);
    absl::Status status = plan.ok() ? reader.set_plan(*std::move(plan)) : plan.status();
    if (!status.ok()) {
      complain(fmt::format("the rules stay as they were: {}", std::string(status.message())));
      return false;
    }
    engine::SessionOptions session = next->session;
    session.generation = ++generation_;
    auto state = engine::carry_over(session_->state(), next->program, engine::state_options(session));
    if (kept != nullptr && !kept->set_rules(next->rules, state, generation_)) *exit_code = kUsage;
    tell_state(*session_);
    session_ = std::make_unique<engine::Session>(next->rules, std::move(state), session);
    return true;
  }

 private:
  std::unique_ptr<engine::Session> session_;
  uint64_t generation_ = 0;
  std::unique_ptr<RuleWatch> watch_;
};

int run(const RunOptions& options) {
  int exit_code = kOk;
  auto rules = load_checked_rules(options.rules, &exit_code);
  if (!rules) return exit_code;
  bool both = options.tier == TierChoice::kBoth;
  if (both && !options.state.directory.empty()) {
    complain("--tier=both compares from an empty state: leave out --state");
    return kUsage;
  }
  if (options.watch && (both || options.events.threads > 1 || !options.changes.empty())) {
    complain("--watch goes with one thread, one tier, and no --changes");
    return kUsage;
  }
  auto compiled = make_rules(*rules, both ? engine::Tier::kInterpreter : engine_tier(options.tier), options.cache);
  std::shared_ptr<const engine::Rules> other =
      both ? make_rules(*rules, engine::Tier::kNative, options.cache) : nullptr;
  if (!compiled || (both && !other)) return kInternal;
  auto reader = open_events(options.events, *rules, {});
  if (!reader) return kUsage;
  const engine::SessionOptions how = session_options(*rules);
  std::unique_ptr<KeptState> kept;
  if (!options.state.directory.empty()) {
    kept = KeptState::open(options.state, compiled, how, &exit_code);
    if (!kept) return exit_code;
  }
  Stream stream(compiled,
                kept ? kept->state() : std::make_shared<engine::State>(compiled->program_ptr(), state_options(how)),
                how);
  if (options.watch && !stream.watch(options, rules->source)) return kInternal;
  std::unique_ptr<engine::Session> check;
  if (both) check = std::make_unique<engine::Session>(other, session_options(*rules));

  auto changes = ChangeInput::read(options.changes);
  if (!changes) return kUsage;
  if (kept && !changes->go_on_from(*kept->state(), kept->recovery().last_changes)) return kUsage;
  if (!both && !kept && !options.watch && options.changes.empty())
    return run_batches(options, *reader, stream.session());
  const auto log_change = [&](const engine::StateChange& change) { return !kept || kept->log(change); };

  std::string out, expected;
  std::vector<value::Value> row_copy;
  io::Record record;
  uint64_t events = 0;
  while (reader->next(&record)) {
    if (stream.adopt_changed(options, *reader, kept.get(), &exit_code)) {
      if (exit_code != kOk) return exit_code;
      continue;
    }
    engine::Session& session = stream.session();
    const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
    engine::State& state = *session.state();
    // Its clock: events are counted over the life of the state, as the audit log of a service does.
    if (!changes->apply_before(time, state.clock(), {&state, both ? check->state().get() : nullptr}, log_change))
      return kUsage;
    ++events;
    if (both) row_copy.assign(record.row, record.row + rules->program().events[record.event].slot_count);
    if (kept && !kept->log(record.event, record.row)) return kUsage;
    const engine::EventResult& result = session.evaluate(record.event, record.row);
    size_t begin = out.size();
    append_verdict_line(result, record, session, &out);
    if (both) {
      io::Record same = record;
      same.row = row_copy.data();
      expected.clear();
      append_verdict_line(check->evaluate(record.event, row_copy.data()), same, *check, &expected);
      if (std::string_view(out).substr(begin) != expected) {
        print(std::string_view(out).substr(0, begin));
        complain(fmt::format("the tiers disagree on event {} ({}:{})", events, record.file, record.line));
        fmt::print(stderr, "  interpreter: {}  native:      {}", std::string_view(out).substr(begin), expected);
        write_repro(options, *rules, events);
        return kFindings;
      }
    }
    if (options.hits_only && result.hits.empty()) out.resize(begin);
    if (kept && !kept->evaluated()) return kUsage;
    if (must_write(out, *reader)) {
      if (kept && !kept->commit()) return kUsage;
      if (!write_out(&out, &exit_code)) return exit_code == kOk && kept && !kept->finish() ? kUsage : exit_code;
    }
  }
  if (kept && !kept->finish()) return kUsage;
  print(out);
  tell_state(stream.session());
  return finish_events(*reader, options.events, false);
}

}  // namespace

void add_run(CLI::App& app, Action* action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* verb = app.add_subcommand("run", "Verdicts on a log or a stream, as JSON lines in event order");
  add_rules_option(verb, &options->rules)->required();
  add_event_options(verb, &options->events);
  add_state_options(verb, &options->state);
  add_tier_option(verb, &options->tier, true);
  add_cache_option(verb, &options->cache);
  verb->add_flag("--hits-only", options->hits_only,
                 "Only events on which some rule fired, failed or was missing a value");
  verb->add_flag("--watch", options->watch,
                 "Take the rules over when their files change, between two events; state goes on");
  verb->add_option("--repro", options->repro, "Where --tier=both writes what shows a disagreement")->type_name("DIR");
  add_changes_option(verb, &options->changes);
  verb->add_option("--format", options->format, "json: the only one")->check(CLI::IsMember({"json"}));
  verb->footer(
      R"(Each line: {"id","event","time","verdict","score","hits":[{"rule","id","mode","outcome","applied","because"}],"effects":[…]}

Examples:
  weir run --rules rules/ --events log.jsonl.zst > verdicts.jsonl
  tail -F posts.jsonl | weir run --rules rules/ --events - --hits-only
  weir run --rules rules/ --events log.jsonl --tier=both          interpreter against native code
  tail -F posts.jsonl | weir run --rules rules/ --events - --watch        rules are reloaded when they are saved
  weir run --rules rules/ --events - --state state/ --snapshot-every 5m    survives restarts and crashes
  weir run --rules rules/ --events log.jsonl --changes audit.jsonl    with what people changed, at its places
  weir run --rules rules/ --events a.jsonl b.csv.gz --dead-letter rejected.jsonl
)");
  verb->callback([options, action] { *action = [options] { return run(*options); }; });
}

}  // namespace weir::tools
