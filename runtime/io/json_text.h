// JSON text written by hand where a document tree would cost too much: verdict lines, dead letters.
#pragma once

#include <string>
#include <string_view>

#include "runtime/value/value.h"

namespace weir::io {

// Appends "text" with its quotes; controls, quotes, backslashes and U+2028/U+2029 escaped; what is not UTF-8 becomes
// U+FFFD.
void append_json_quoted(std::string_view text, std::string* out);
std::string json_quoted(std::string_view text);
// A value as JSON: timestamps RFC 3339, durations "1.5s", bytes base64, uint and int as numbers, non-finite doubles as
// strings, map keys as strings, missing as null.
void append_json(const value::Value& v, std::string* out);

}  // namespace weir::io
