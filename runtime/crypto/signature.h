// Ed25519 signatures (RFC 8032) by libsodium. Keys are files of one line of text, so that they can be kept in a secret
// store and pasted: "weir-public-key HEX" and "weir-secret-key HEX". Thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace weir::crypto {

using PublicKey = std::array<unsigned char, 32>;
using Signature = std::array<unsigned char, 64>;

// Wiped when it goes.
class SecretKey {
 public:
  SecretKey() = default;
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  PublicKey public_key() const;
  const unsigned char* bytes() const { return bytes_.data(); }
  unsigned char* bytes() { return bytes_.data(); }

 private:
  std::array<unsigned char, 64> bytes_{};  // the seed and the public key, as libsodium keeps them
};

// Errors: the system gives no random numbers.
absl::StatusOr<SecretKey> make_key();

Signature sign(std::string_view message, const SecretKey& key);
bool verify(std::string_view message, const Signature& signature, const PublicKey& key);

std::string to_text(const PublicKey& key);  // "weir-public-key …\n"
std::string to_text(const SecretKey& key);
// The first 16 digits of the key: what people see of it.
std::string key_id(const PublicKey& key);

// Errors: text of another form, of the other kind, or of a secret key whose halves do not belong together.
absl::StatusOr<PublicKey> parse_public_key(std::string_view text);
absl::StatusOr<SecretKey> parse_secret_key(std::string_view text);

}  // namespace weir::crypto
