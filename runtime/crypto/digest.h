// SHA-256 by libsodium: the chain of the audit log, the contents of bundles. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace weir::crypto {

inline constexpr size_t kDigestDigits = 64;

// 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace weir::crypto
