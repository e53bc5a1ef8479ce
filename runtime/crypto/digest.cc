#include "runtime/crypto/digest.h"

#include <sodium.h>

namespace weir::crypto {

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  static_assert(2 * sizeof(digest) == kDigestDigits);
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::string text(kDigestDigits + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), digest, sizeof(digest));
  text.pop_back();
  return text;
}

}  // namespace weir::crypto
