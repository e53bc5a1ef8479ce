// SHA-256 (FIPS 180-4), for the chain of the audit log.
#pragma once

#include <string>
#include <string_view>

namespace weir::io {

// 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace weir::io
