#include "runtime/crypto/signature.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "absl/status/status.h"

namespace weir::crypto {
namespace {

static_assert(sizeof(PublicKey) == crypto_sign_PUBLICKEYBYTES && sizeof(Signature) == crypto_sign_BYTES);

constexpr std::string_view kPublic = "weir-public-key", kSecret = "weir-secret-key";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hex(const unsigned char* bytes, size_t size) {
  std::string text(2 * size + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, size);
  text.pop_back();
  return text;
}

// "KIND HEX", with blanks around and between.
absl::Status parse(std::string_view text, std::string_view kind, unsigned char* out, size_t size) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto word = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    std::string_view found = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(found.size());
    return found;
  };
  const std::string_view first = word(), digits = word();
  size_t used = 0;
  if (first != kind || !word().empty() || digits.size() != 2 * size ||
      sodium_hex2bin(out, size, digits.data(), digits.size(), nullptr, &used, nullptr) != 0 || used != size) {
    const std::string message = fmt::format("not a key: `{} ` and {} hexadecimal digits were expected", kind, 2 * size);
    return absl::InvalidArgumentError(absl::string_view(message.data(), message.size()));
  }
  return absl::OkStatus();
}

}  // namespace

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

PublicKey SecretKey::public_key() const {
  PublicKey key;
  crypto_sign_ed25519_sk_to_pk(key.data(), bytes_.data());
  return key;
}

absl::StatusOr<SecretKey> make_key() {
  if (sodium_init() < 0) return absl::InternalError("libsodium cannot be used: the system gives no random numbers");
  SecretKey key;
  PublicKey ignored;
  crypto_sign_keypair(ignored.data(), key.bytes());
  return key;
}

Signature sign(std::string_view message, const SecretKey& key) {
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, bytes_of(message), message.size(), key.bytes());
  return signature;
}

bool verify(std::string_view message, const Signature& signature, const PublicKey& key) {
  return crypto_sign_verify_detached(signature.data(), bytes_of(message), message.size(), key.data()) == 0;
}

std::string to_text(const PublicKey& key) { return fmt::format("{} {}\n", kPublic, hex(key.data(), key.size())); }

std::string to_text(const SecretKey& key) {
  return fmt::format("{} {}\n", kSecret, hex(key.bytes(), crypto_sign_SECRETKEYBYTES));
}

std::string key_id(const PublicKey& key) { return hex(key.data(), 8); }

absl::StatusOr<PublicKey> parse_public_key(std::string_view text) {
  PublicKey key;
  if (absl::Status s = parse(text, kPublic, key.data(), key.size()); !s.ok()) return s;
  return key;
}

absl::StatusOr<SecretKey> parse_secret_key(std::string_view text) {
  SecretKey key;
  if (absl::Status s = parse(text, kSecret, key.bytes(), crypto_sign_SECRETKEYBYTES); !s.ok()) return s;
  // The second half is derived from the first; a key put together by hand would sign under a key of nobody.
  SecretKey derived;
  PublicKey ignored;
  crypto_sign_seed_keypair(ignored.data(), derived.bytes(), key.bytes());
  if (sodium_memcmp(derived.bytes(), key.bytes(), crypto_sign_SECRETKEYBYTES) != 0)
    return absl::InvalidArgumentError("not a key: its two halves do not belong together");
  return key;
}

}  // namespace weir::crypto
