#include "runtime/io/reject.h"

#include <errno.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <string.h>

#include <cstdio>

#include "absl/strings/escaping.h"
#include "runtime/io/json_text.h"

namespace weir::io {
namespace {

struct CauseText {
  std::string_view name, meaning;
};
constexpr CauseText kCauses[kRejectCauseCount] = {
    {"not_json", "not one JSON object a line"},
    {"not_csv", "row does not fit its header"},
    {"wrong_type", "a field holds another type than its event declares"},
    {"missing_required", "a required field is absent or null"},
    {"invalid_utf8", "text is not valid UTF-8"},
    {"out_of_range", "a number or time is out of its type's range"},
    {"line_too_long", "record is longer than the limit"},
    {"truncated_input", "the input ends in the middle"},
    {"unknown_event_type", "no event is declared for this record"},
};

}  // namespace

std::string_view reject_cause_name(RejectCause cause) { return kCauses[static_cast<size_t>(cause)].name; }
std::string_view reject_cause_meaning(RejectCause cause) { return kCauses[static_cast<size_t>(cause)].meaning; }

std::string to_string(const Reject& reject) {
  std::string field = reject.field.empty() ? "" : fmt::format("field `{}`: ", reject.field);
  return fmt::format("{}:{}: {}: {}{}", reject.file, reject.line, reject_cause_name(reject.cause), field,
                     reject.message);
}

void RejectLog::Closer::operator()(FILE* f) const { fclose(f); }

absl::Status RejectLog::open_dead_letter(const std::string& path) {
  dead_letter_.reset(fopen(path.c_str(), "we"));
  dead_letter_path_ = path;
  if (dead_letter_) return absl::OkStatus();
  std::string text = fmt::format("cannot write {}: {}", path, strerror(errno));
  return absl::UnavailableError(absl::string_view(text));
}

void RejectLog::add(const Reject& reject, std::string_view record, uint64_t record_bytes) {
  size_t cause = static_cast<size_t>(reject.cause);
  ++counts_[cause];
  if (examples_[cause].size() < kExamples) examples_[cause].push_back(reject);
  if (!dead_letter_) return;
  std::string line =
      fmt::format(R"({{"file":{},"line":{},"cause":"{}","field":{},"message":{},)", json_quoted(reject.file),
                  reject.line, reject_cause_name(reject.cause), json_quoted(reject.field), json_quoted(reject.message));
  std::string_view kept = record.substr(0, kDeadLetterBytes);
  if (simdjson::validate_utf8(kept.data(), kept.size())) {
    line += R"("record":)" + json_quoted(kept);
  } else {
    line += R"("record_base64":")" + absl::Base64Escape(absl::string_view(kept.data(), kept.size())) + '"';
  }
  if (kept.size() < record_bytes) line += fmt::format(R"(,"record_bytes":{})", record_bytes);
  line += "}\n";
  fwrite(line.data(), 1, line.size(), dead_letter_.get());
}

absl::Status RejectLog::flush() {
  if (!dead_letter_) return absl::OkStatus();
  if (fflush(dead_letter_.get()) == 0 && !ferror(dead_letter_.get())) return absl::OkStatus();
  std::string text = fmt::format("cannot write {}: {}", dead_letter_path_, strerror(errno));
  return absl::UnavailableError(absl::string_view(text));
}

uint64_t RejectLog::total() const {
  uint64_t n = 0;
  for (uint64_t c : counts_) n += c;
  return n;
}

}  // namespace weir::io
