#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "embed-api/src/adapter.h"
#include "embed-api/src/handles.h"
#include "embed-api/src/keeper.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/snoozes.h"
#include "runtime/io/audit_log.h"
#include "runtime/state/label_store.h"

namespace weir::embed {

// Changes go through it one at a time, so that the log has them in the order in which they came into force.
struct Audit {
  std::mutex mutex;
  std::unique_ptr<io::AuditLog> log;  // null: none is kept
};

struct BorneLabel {
  uint32_t label = 0;
  state::LabelStore::Mark mark;
  std::string rule_id;
};

// Notes in the audit log which rules tripped on the event. WEIR_E_IO: it could not be written.
weir_status audit_trips(weir_session& session, int64_t time_nanos, const engine::EventResult& result, weir_error* err);

// The session's state has another set of rules by now.
weir_status report_moved(weir_error* err);

// A time as the host gives it. `nanos_name`: of the argument or field, for the message.
weir_status read_instant(std::string_view nanos_name, int64_t seconds, int32_t nanos, int64_t* out, weir_error* err);

}  // namespace weir::embed

struct weir_session {
  std::shared_ptr<const weir::embed::RulesetState> ruleset;
  uint64_t generation = 0;
  uint64_t events = 0;
  int64_t lateness_ns = 0;  // as the host gave it; 0: weir.yaml's
  weir::embed::Adapter adapter;
  std::vector<weir::value::Value> row;  // scratch: the engine's slots follow the fields
  std::unique_ptr<weir::engine::Session> engine;
  std::vector<weir::engine::Session::Cause> causes;  // as last taken stock of, as are the next three
  std::vector<weir::embed::BorneLabel> labels;
  std::vector<weir::engine::Snooze> snoozes;
  std::string list_hash;
  std::string warnings;                         // of the recovery
  std::shared_ptr<weir::embed::Keeper> keeper;  // of the state, with who shares it; null: it is not kept
  std::shared_ptr<weir::embed::Audit> audit =
      std::make_shared<weir::embed::Audit>();  // of the state, with who shares it

  // Of a state that is kept, while its inputs are let in: whether it has gone over to other rules.
  bool has_moved() const { return keeper != nullptr && engine->state()->successor() != nullptr; }
};
