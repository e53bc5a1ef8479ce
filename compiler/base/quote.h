// Text as a CEL literal that reads back as the same text.
#pragma once

#include <string>
#include <string_view>

namespace weir::base {

// Between double quotes, control characters escaped, other characters as they are: "a\n\"é\"".
void append_quoted(std::string& out, std::string_view text);
// The same, with every byte above 0x7E escaped too: what is no UTF-8 stays readable and exact. Without CEL's prefix b.
void append_quoted_bytes(std::string& out, std::string_view bytes);

std::string quote(std::string_view text);
std::string quote_bytes(std::string_view bytes);  // b"..."

}  // namespace weir::base
