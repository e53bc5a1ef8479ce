#include <gmock/gmock.h>

#include "runtime/crypto/digest.h"
#include "runtime/crypto/signature.h"

namespace weir::crypto {
namespace {

TEST(Digest, StandardVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 8032, 7.1, test 2.
TEST(Signature, StandardVector) {
  auto key = parse_secret_key(
      "weir-secret-key 4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(to_text(key->public_key()),
            "weir-public-key 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\n");
  Signature s = sign("\x72", *key);
  EXPECT_EQ(s[0], 0x92);
  EXPECT_EQ(s[63], 0x00);
  EXPECT_TRUE(verify("\x72", s, key->public_key()));
  EXPECT_FALSE(verify("\x73", s, key->public_key()));
  s[5] ^= 1;
  EXPECT_FALSE(verify("\x72", s, key->public_key()));
}

TEST(Signature, KeysAsText) {
  auto key = make_key();
  ASSERT_TRUE(key.ok());
  auto again = parse_secret_key(to_text(*key));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->public_key(), key->public_key());
  EXPECT_EQ(*parse_public_key("  " + to_text(key->public_key()) + "\n"), key->public_key());
  EXPECT_EQ(key_id(key->public_key()), to_text(key->public_key()).substr(16, 16));

  const std::string text = to_text(*key), digits = text.substr(16, 128);
  for (const std::string& bad :
       {std::string(), std::string("weir-secret-key"), "weir-secret-key " + digits.substr(2), text + "x",
        "weir-public-key " + digits, "weir-secret-key " + digits.substr(64) + digits.substr(0, 64),
        "weir-secret-key " + std::string(128, 'g')})
    EXPECT_FALSE(parse_secret_key(bad).ok()) << bad;
  EXPECT_FALSE(parse_public_key(text).ok());
}

}  // namespace
}  // namespace weir::crypto
