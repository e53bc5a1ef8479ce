// Bytes: kind, has_key, then name, key, by, reason, the two times, and the values; lengths as 32 bits, all
// little-endian.
#include "runtime/engine/state_change.h"

#include "absl/status/status.h"
#include "runtime/state/codec.h"

namespace weir::engine {
namespace {

void put_text(std::string_view text, state::Writer& out) {
  out.fixed32(static_cast<uint32_t>(text.size()));
  out.raw(text.data(), text.size());
}

std::string get_text(state::Reader& in) { return std::string(in.raw(in.fixed32())); }

}  // namespace

std::string_view change_name(ChangeKind kind) {
  constexpr std::string_view kNames[kChangeKindCount] = {"set_label",   "clear_label",     "snooze",
                                                         "end_snooze",  "reset_limit",     "replace_list",
                                                         "add_to_list", "remove_from_list"};
  return kNames[static_cast<size_t>(kind)];
}

std::string to_bytes(const StateChange& change) {
  state::Writer out;
  out.u8(static_cast<uint8_t>(change.kind));
  out.u8(static_cast<uint8_t>(change.has_key));
  for (const std::string* text : {&change.name, &change.key, &change.by, &change.reason}) put_text(*text, out);
  out.fixed64(static_cast<uint64_t>(change.time_nanos));
  out.fixed64(static_cast<uint64_t>(change.until_nanos));
  out.fixed32(static_cast<uint32_t>(change.values.size()));
  for (const std::string& value : change.values) put_text(value, out);
  return out.take();
}

absl::StatusOr<StateChange> change_from_bytes(std::string_view bytes) {
  state::Reader in(bytes);
  StateChange change;
  const uint8_t kind = in.u8();
  if (kind >= kChangeKindCount) return absl::InvalidArgumentError("a change of an unknown kind");
  change.kind = static_cast<ChangeKind>(kind);
  change.has_key = in.u8() != 0;
  for (std::string* text : {&change.name, &change.key, &change.by, &change.reason}) *text = get_text(in);
  change.time_nanos = static_cast<int64_t>(in.fixed64());
  change.until_nanos = static_cast<int64_t>(in.fixed64());
  const uint32_t values = in.fixed32();
  if (values > in.left() / 4) return absl::InvalidArgumentError("a change that breaks off");
  change.values.reserve(values);
  for (uint32_t i = 0; i < values; ++i) change.values.push_back(get_text(in));
  if (!in.ok() || in.left() != 0) return absl::InvalidArgumentError("a change that breaks off");
  return change;
}

}  // namespace weir::engine
