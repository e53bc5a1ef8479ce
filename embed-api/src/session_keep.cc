// State that outlives the process: weir_session_keep and weir_session_checkpoint.
#include <algorithm>
#include <chrono>

#include "embed-api/src/keeper.h"
#include "embed-api/src/session.h"
#include "runtime/engine/state.h"

namespace weir::embed {
namespace {

weir_status read_sync(const weir_keep_options& given, durable::SyncPolicy* out, weir_error* err) {
  if (given.sync_interval_ns < 0)
    return fail(err, WEIR_E_ARG, "weir_keep_options.sync_interval_ns is {}", given.sync_interval_ns);
  switch (given.sync) {
    case WEIR_SYNC_INTERVAL:
      out->sync = durable::Sync::kInterval;
      if (given.sync_interval_ns != 0) {
        const std::chrono::nanoseconds interval(given.sync_interval_ns);
        out->interval =
            std::max(std::chrono::duration_cast<std::chrono::milliseconds>(interval), std::chrono::milliseconds(1));
      }
      return WEIR_OK;
    case WEIR_SYNC_COMMIT:
      out->sync = durable::Sync::kEveryCommit;
      return WEIR_OK;
    case WEIR_SYNC_SYSTEM:
      out->sync = durable::Sync::kSystem;
      return WEIR_OK;
    default:
      return fail(err, WEIR_E_ARG, "weir_keep_options.sync is {}", given.sync);
  }
}

weir_status report_directory(const absl::Status& status, weir_error* err) {
  if (absl::IsAborted(status)) return report(err, status, WEIR_E_CONFLICT);
  return report(err, status, absl::IsDataLoss(status) || absl::IsUnimplemented(status) ? WEIR_E_DATA : WEIR_E_IO);
}

}  // namespace
}  // namespace weir::embed

using weir::embed::call;
using weir::embed::report;
using weir::embed::str;
using weir::embed::view;

weir_status weir_session_keep(weir_session* session, weir_str directory, const weir_keep_options* options,
                              weir_recovery* recovery, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    WEIR_REQUIRE_TEXT(directory, err);
    weir_keep_options given;
    if (weir_status s = weir::embed::read_options(options, &given, "weir_keep_options", err)) return s;
    weir::durable::DirectoryOptions how;
    if (weir_status s = weir::embed::read_sync(given, &how.sync, err)) return s;
    how.log = given.no_log == 0;
    if (given.keep_snapshots != 0) how.keep_snapshots = given.keep_snapshots;
    // What it would return is looked at first: a session that has changed and a call that failed do not go together.
    if (recovery != nullptr && weir::embed::write_out(weir_recovery{}, recovery) != WEIR_OK)
      return weir::embed::fail(err, WEIR_E_ABI, "weir_recovery.struct_size is {}", recovery->struct_size);
    auto opened = weir::durable::StateDirectory::open(std::string(view(directory)), how);
    if (!opened.ok()) return weir::embed::report_directory(opened.status(), err);
    weir::durable::Recovery found;
    const weir::engine::SessionOptions kept = session->engine->options();
    const auto& rules = session->ruleset->rules;
    auto state = (*opened)->recover(rules, kept, &found);
    if (!state.ok()) return weir::embed::report_directory(state.status(), err);
    if (absl::Status s = (*opened)->set_rules(rules, session->generation); !s.ok())
      return weir::embed::report_directory(s, err);
    auto keeper = std::make_shared<weir::embed::Keeper>(*std::move(opened), rules);
    std::string warnings;
    for (const std::string& warning : found.warnings) warnings += warning + '\n';
    session->engine = std::make_unique<weir::engine::Session>(rules, *std::move(state), kept);
    session->keeper = std::move(keeper);
    session->warnings = std::move(warnings);
    session->events = 0;
    if (recovery == nullptr) return WEIR_OK;
    weir_recovery full = {};
    full.inputs = found.sequence;
    full.snapshot_inputs = found.snapshot_sequence;
    full.refused = found.refused;
    full.cut_bytes = found.cut_bytes;
    full.warnings = str(session->warnings);
    return weir::embed::write_out(full, recovery);
  });
}

weir_status weir_session_checkpoint(weir_session* session, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(session, err);
    if (session->keeper == nullptr)
      return report(err, WEIR_E_ARG, "the session's state is not kept: weir_session_keep");
    const absl::Status status = session->keeper->snapshot(session->engine->state());
    return status.ok() ? WEIR_OK : report(err, status, WEIR_E_IO);
  });
}
