#include "tools/weir/kept_state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <optional>

#include "compiler/driver/units.h"
#include "tools/weir/output.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

constexpr uint64_t kLookAtClockEvery = 256;  // events

std::optional<uint64_t> whole_number(const std::string& text) {
  uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

}  // namespace

std::optional<std::string> read_state_options(const StateOptions& options, serve::StoreOptions* out) {
  out->directory = options.directory;
  out->how.log = !options.no_log;
  out->how.keep_snapshots = options.keep;
  if (options.sync == "commit") {
    out->how.sync.sync = durable::Sync::kEveryCommit;
  } else if (options.sync == "system") {
    out->how.sync.sync = durable::Sync::kSystem;
  } else if (const auto nanos = driver::parse_duration(options.sync); nanos && *nanos >= 1'000'000) {
    out->how.sync.sync = durable::Sync::kInterval;
    out->how.sync.interval = std::chrono::milliseconds(*nanos / 1'000'000);
  } else {
    return fmt::format("--sync `{}` is neither `commit`, `system` nor a duration of at least 1ms", options.sync);
  }
  if (options.snapshot_every.empty()) return std::nullopt;
  if (const auto n = whole_number(options.snapshot_every); n && *n > 0) {
    out->every_events = *n;
  } else if (const auto nanos = driver::parse_duration(options.snapshot_every); nanos && *nanos > 0) {
    out->every_time = std::chrono::nanoseconds(*nanos);
  } else {
    return fmt::format("--snapshot-every `{}` is neither a number of events nor a duration", options.snapshot_every);
  }
  return std::nullopt;
}

void tell_recovery(const durable::Recovery& recovery, const std::string& directory) {
  for (const std::string& warning : recovery.warnings) complain(warning);
  if (recovery.cut_bytes > 0) {
    complain(fmt::format("{}: the log ended in {} of an input that was not written whole; they are cut off", directory,
                         counted(recovery.cut_bytes, "byte")));
  }
  if (recovery.refused > 0) {
    complain(fmt::format("{}: {} of the log no longer fit the rules and were left out", directory,
                         counted(recovery.refused, "input")));
  }
  if (recovery.sequence > 0) {
    complain(fmt::format("{}: restored as of input {}{}", directory, recovery.sequence,
                         recovery.replayed > 0 ? fmt::format(", {} of them from the log", recovery.replayed) : ""));
  }
  if (!recovery.restored.warming.empty()) {
    complain(fmt::format("new features are missing until they have warmed up (weir backfill ends that): {}",
                         fmt::join(recovery.restored.warming, ", ")));
  }
}

void add_state_options(CLI::App* command, StateOptions* options) {
  command->add_option("--state", options->directory, "Go on from the state in this directory, and keep it there")
      ->type_name("DIR");
  command
      ->add_option("--snapshot-every", options->snapshot_every,
                   "Take a snapshot after so many events, or so much time; always at the end")
      ->type_name("N|DURATION");
  command
      ->add_option("--sync", options->sync,
                   "When the log is forced to the disk: `commit` (before verdicts are shown), every so often, or "
                   "`system`; what a killed process logged is safe in any case")
      ->type_name("WHEN");
  command->add_flag("--no-log", options->no_log, "Snapshots only: a crash loses what came after the last one");
  command->add_option("--keep-snapshots", options->keep, "How many snapshots stay")->check(CLI::Range(1u, 1000u));
}

bool KeptState::good(const absl::Status& status) {
  if (!status.ok()) complain(std::string(status.message()));
  return status.ok();
}

std::unique_ptr<KeptState> KeptState::open(const StateOptions& options, std::shared_ptr<const engine::Rules> rules,
                                           const engine::SessionOptions& session, int* exit_code) {
  *exit_code = kUsage;
  auto out = std::unique_ptr<KeptState>(new KeptState());
  serve::StoreOptions how;
  if (const auto wrong = read_state_options(options, &how)) {
    complain(*wrong);
    return nullptr;
  }
  out->by_number_ = how.every_events > 0;
  auto opened = serve::Store::open(how);
  if (!good(opened.status())) return nullptr;
  out->store_ = *std::move(opened);
  auto state = out->store_->recover(std::move(rules), session, &out->recovery_);
  tell_recovery(out->recovery_, options.directory);
  if (!good(state.status())) return nullptr;
  out->state_ = *std::move(state);
  *exit_code = kOk;
  return out;
}

bool KeptState::log(uint32_t event, const value::Value* row) { return good(store_->log(event, row)); }

bool KeptState::log(const engine::StateChange& change) { return good(store_->log(change)); }

bool KeptState::commit() { return good(store_->commit()); }

bool KeptState::set_rules(std::shared_ptr<const engine::Rules> rules, std::shared_ptr<engine::State> state,
                          uint64_t generation) {
  state_ = std::move(state);
  return good(store_->set_rules(std::move(rules), generation));
}

bool KeptState::evaluated() {
  if (!by_number_ && ++events_ % kLookAtClockEvery != 0) return true;
  return good(store_->tick(state_));
}

bool KeptState::finish() {
  // With no event since it was restored it stays as it is: its log says where the last changes by hand stand.
  if (store_->sequence() == recovery_.sequence && !recovery_.last_changes.empty()) return good(store_->wait());
  return good(store_->snapshot(state_));
}

}  // namespace weir::tools
