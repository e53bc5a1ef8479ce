// Bytes: kind, has_key, then name, key, by, reason, the two times, and the values; lengths as 32 bits, all
// little-endian.
#include "runtime/engine/state_change.h"

#include <cstring>

#include "absl/status/status.h"

namespace weir::engine {
namespace {

template <typename T>
void put(T v, std::string* out) {
  for (size_t i = 0; i < sizeof(T); ++i) out->push_back(static_cast<char>(static_cast<uint64_t>(v) >> (8 * i)));
}

void put_text(std::string_view text, std::string* out) {
  put(static_cast<uint32_t>(text.size()), out);
  out->append(text);
}

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T number() {
    if (rest_.size() < sizeof(T)) {
      good_ = false;
      return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < sizeof(T); ++i) v |= uint64_t{static_cast<uint8_t>(rest_[i])} << (8 * i);
    rest_.remove_prefix(sizeof(T));
    return static_cast<T>(v);
  }
  std::string text() {
    const auto size = number<uint32_t>();
    if (size > rest_.size()) {
      good_ = false;
      return {};
    }
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }
  size_t left() const { return rest_.size(); }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string_view change_name(ChangeKind kind) {
  constexpr std::string_view kNames[kChangeKindCount] = {"set_label",   "clear_label",     "snooze",
                                                         "end_snooze",  "reset_limit",     "replace_list",
                                                         "add_to_list", "remove_from_list"};
  return kNames[static_cast<size_t>(kind)];
}

std::string to_bytes(const StateChange& change) {
  std::string out;
  put(static_cast<uint8_t>(change.kind), &out);
  put(static_cast<uint8_t>(change.has_key), &out);
  for (const std::string* text : {&change.name, &change.key, &change.by, &change.reason}) put_text(*text, &out);
  put(change.time_nanos, &out);
  put(change.until_nanos, &out);
  put(static_cast<uint32_t>(change.values.size()), &out);
  for (const std::string& value : change.values) put_text(value, &out);
  return out;
}

absl::StatusOr<StateChange> change_from_bytes(std::string_view bytes) {
  Cursor in(bytes);
  StateChange change;
  const auto kind = in.number<uint8_t>();
  if (kind >= kChangeKindCount) return absl::InvalidArgumentError("a change of an unknown kind");
  change.kind = static_cast<ChangeKind>(kind);
  change.has_key = in.number<uint8_t>() != 0;
  for (std::string* text : {&change.name, &change.key, &change.by, &change.reason}) *text = in.text();
  change.time_nanos = in.number<int64_t>();
  change.until_nanos = in.number<int64_t>();
  const auto values = in.number<uint32_t>();
  if (values > in.left() / 4) return absl::InvalidArgumentError("a change that breaks off");
  change.values.reserve(values);
  for (uint32_t i = 0; i < values; ++i) change.values.push_back(in.text());
  if (!in.good() || in.left() != 0) return absl::InvalidArgumentError("a change that breaks off");
  return change;
}

}  // namespace weir::engine
