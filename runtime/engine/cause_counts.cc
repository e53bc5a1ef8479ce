#include "runtime/engine/cause_counts.h"

#include <algorithm>
#include <tuple>

#include "runtime/explain/failure_text.h"

namespace weir::engine {
namespace {

constexpr uint64_t kMissingBit = uint64_t{1} << 31;  // above any aux of a missing value or error code

}  // namespace

void CauseCounts::add(uint32_t rule, const value::Value& cause) {
  const bool has_message = cause.is_error() && cause.error != nullptr && !cause.error->message.empty();
  if (has_message) {
    Message message{rule, cause.aux, std::string(cause.error->message)};
    auto it = with_message_.find(message);
    if (it == with_message_.end() && messages_[rule] < kMaxMessagesPerRule) {
      ++messages_[rule];
      it = with_message_.try_emplace(std::move(message)).first;
    }
    if (it != with_message_.end()) {
      ++it->second;
      return;
    }
  }
  ++plain_[uint64_t{rule} << 32 | (cause.is_missing() ? kMissingBit : 0) | cause.aux];
}

std::vector<Session::Cause> CauseCounts::sorted() const {
  std::vector<Session::Cause> out;
  for (const auto& [message, count] : with_message_) {
    out.push_back({message.rule, message.code, false, message.text, count});
  }
  for (const auto& [key, count] : plain_) {
    const auto rule = static_cast<uint32_t>(key >> 32);
    const auto aux = static_cast<uint32_t>(key & (kMissingBit - 1));
    if (key & kMissingBit) {
      out.push_back({rule, 0, true,
                     explain::missing_name(program_, program_.rules[rule].event, value::Value::missing(aux)), count});
    } else {
      out.push_back({rule, aux, false, std::string(value::error_code_name(static_cast<value::ErrorCode>(aux))), count});
    }
  }
  std::sort(out.begin(), out.end(), [](const Session::Cause& a, const Session::Cause& b) {
    return std::tie(b.count, a.rule, a.missing, a.code, a.text) < std::tie(a.count, b.rule, b.missing, b.code, b.text);
  });
  return out;
}

}  // namespace weir::engine
