#include "runtime/crypto/digest.h"

#include <sodium.h>

#include "runtime/crypto/sha256_x86.h"

namespace weir::crypto {

void sha256_by_libsodium(std::string_view bytes, uint8_t* digest) {
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  static_assert(2 * sizeof(digest) == kDigestDigits && sizeof(digest) == kSha256Bytes);
  if (has_sha_instructions())
    sha256_by_instructions(bytes, digest);
  else
    sha256_by_libsodium(bytes, digest);
  std::string text(kDigestDigits + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), digest, sizeof(digest));
  text.pop_back();
  return text;
}

}  // namespace weir::crypto
