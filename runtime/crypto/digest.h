// SHA-256, by the processor or by libsodium: the chain of the audit log, the contents of bundles. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::crypto {

inline constexpr size_t kDigestDigits = 64;

// What the processor has no instructions for.
void sha256_by_libsodium(std::string_view bytes, uint8_t* digest);

// 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace weir::crypto
