// What a slot was like at one moment, for hosts and for JSON.
#include <fmt/format.h>

#include <string>

#include "embed-api/src/slot.h"
#include "embed-api/src/split_time.h"
#include "runtime/io/json_text.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"

struct weir_slot_status {
  weir::embed::SlotStatus at;
  std::string json;
};

namespace weir::embed {
namespace {

void member(std::string_view name, std::string_view text, std::string* out) {
  *out += fmt::format(",\"{}\":", name);
  io::append_json_quoted(text, out);
}

void instant(std::string_view name, int64_t wall_nanos, std::string* out) {
  member(name, value::to_text(state::from_nanos(wall_nanos)), out);
}

std::string to_json(const SlotStatus& at) {
  constexpr std::string_view kWatch[] = {"none", "notified", "polling"};
  std::string out = fmt::format(
      "{{\"generation\":{},\"publishes\":{},\"failures\":{},\"conflicts\":{},\"failing\":{},\"watch\":\"{}\"",
      at.generation, at.publishes, at.failures, at.conflicts, at.failing, kWatch[at.watch]);
  if (!at.watch_note.empty()) member("watch_note", at.watch_note, &out);
  if (!at.audit_note.empty()) member("audit_note", at.audit_note, &out);
  if (at.current != nullptr) {
    instant("published", at.published_wall, &out);
    member("source", at.source, &out);
    member("hash", at.current->content_hash, &out);
    out += fmt::format(",\"rules\":{}", at.current->program->rules.size());
    if (at.current->bundle) {
      member("digest", at.current->bundle->digest, &out);
      out += fmt::format(",\"release\":{}", at.current->bundle->sequence);
    }
  }
  if (at.failure.status != WEIR_OK) {
    out += fmt::format(",\"failure\":{{\"status\":\"{}\",\"generation\":{}", weir_status_name(at.failure.status),
                       at.failure.generation);
    instant("time", at.failure.wall_nanos, &out);
    member("source", at.failure.source, &out);
    member("message", at.failure.message, &out);
    member("diagnostics", at.failure.diags == nullptr ? "" : at.failure.diags->text, &out);
    out += '}';
  }
  out += '}';
  return out;
}

}  // namespace
}  // namespace weir::embed

using weir::embed::call;
using weir::embed::str;

weir_status weir_slot_get_status(const weir_slot* slot, weir_slot_status** status_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(status_out, err);
    *status_out = nullptr;
    WEIR_REQUIRE(slot, err);
    auto status = std::make_unique<weir_slot_status>();
    status->at = slot->state->status();
    status->json = weir::embed::to_json(status->at);
    *status_out = status.release();
    return WEIR_OK;
  });
}

weir_status weir_slot_status_get(const weir_slot_status* status, weir_slot_info* info) {
  if (status == nullptr) return WEIR_E_ARG;
  const weir::embed::SlotStatus& at = status->at;
  weir_slot_info full = {};
  full.watch = at.watch;
  full.generation = at.generation;
  full.publishes = at.publishes;
  full.failures = at.failures;
  full.conflicts = at.conflicts;
  weir::embed::split_time(at.published_wall, &full.published_s, &full.published_ns);
  full.failing = at.failing ? 1 : 0;
  full.source = str(at.source);
  if (at.current != nullptr) {
    full.hash = str(at.current->content_hash);
    if (at.current->bundle) {
      full.digest = str(at.current->bundle->digest);
      full.release_number = at.current->bundle->sequence;
    }
  }
  full.watch_note = str(at.watch_note);
  full.failure = at.failure.status;
  weir::embed::split_time(at.failure.wall_nanos, &full.failed_s, &full.failed_ns);
  full.failed_generation = at.failure.generation;
  full.failed_source = str(at.failure.source);
  full.failed_message = str(at.failure.message);
  full.audit_note = str(at.audit_note);
  return weir::embed::write_out(full, info);
}

const weir_diags* weir_slot_status_diags(const weir_slot_status* status) {
  return status == nullptr ? nullptr : status->at.failure.diags.get();
}

weir_str weir_slot_status_json(const weir_slot_status* status) {
  return status == nullptr ? weir_str{nullptr, 0} : str(status->json);
}

void weir_slot_status_release(weir_slot_status* status) { delete status; }
