// A rule set as one file that can be signed: what a service takes instead of a directory somebody may have touched.
//
// Format, version 1 (integers little-endian):
//   "WEIRBNDL"  u32 version  u32 signatures  u64 bytes of the manifest
//   the manifest: JSON with sorted keys, no blanks
//   signatures, each: 32 bytes of public key, 64 bytes of Ed25519 over "weir bundle 1\n" + manifest; sorted by key
//   the files' contents, one after the other, in the manifest's order; nothing after them
// The manifest names each file with its size and SHA-256, so a signature of the manifest is one of everything. Nothing
// in it depends on the machine or the time: the same sources give the same bytes. Its own SHA-256 is the bundle's
// digest, which names this version of the rule set wherever one is wanted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/crypto/signature.h"

namespace weir::bundle {

enum class Part : uint8_t {
  kManifest /* weir.yaml */,
  kRules,
  kList,
  kIr /* what the compiler made of them (ir/binary.h) */
};
std::string_view part_name(Part part);

struct File {
  std::string path;  // relative, '/' between its parts
  Part part = Part::kRules;
  std::string content;
};

struct RuleVersion {
  std::string id, name, mode;
  std::string version;  // of what it does: ir::rule_version
  friend bool operator==(const RuleVersion&, const RuleVersion&) = default;
};

// By rule id.
struct RuleChanges {
  std::vector<std::string> added, changed, removed;
};
RuleChanges compare(const std::vector<RuleVersion>& before, const std::vector<RuleVersion>& after);

struct Release {
  uint64_t sequence = 0;
  std::string digest;   // of that bundle
  RuleChanges changes;  // made by it
};

struct Contents {
  std::string name;
  std::string weir;                // the version of Weir that built it
  uint64_t sequence = 1;           // grows by one with each release: an older one can be told from a newer one
  std::vector<Release> lineage;    // the releases before this one, newest first
  std::vector<RuleVersion> rules;  // in order of the source
  std::vector<File> files;         // rule files in order of compilation
};

// What a reader asks of a bundle.
struct Trust {
  std::vector<crypto::PublicKey> keys;  // one of them must have signed; none: signatures are not asked for
  uint64_t min_sequence = 0;            // an older release is refused
};

class Bundle {
 public:
  static constexpr size_t kMaxBytes = size_t{512} << 20;
  static constexpr size_t kMaxFiles = 100'000;
  static constexpr size_t kMaxSignatures = 64;
  static constexpr size_t kMaxLineage = 100;  // releases remembered

  // InvalidArgument: a path that is absolute, leads out of the bundle, or occurs twice; a limit exceeded.
  static absl::StatusOr<Bundle> make(Contents contents);

  // Signatures are checked before anything else is read. DataLoss: damaged, cut off, or altered. Unimplemented: of
  // a later version. PermissionDenied: not signed by a trusted key, or older than what is asked for.
  static absl::StatusOr<Bundle> parse(std::string_view bytes, const Trust& trust);
  static bool is_bundle(std::string_view bytes);

  std::string serialize() const;
  void sign(const crypto::SecretKey& key);  // again by the same key: the same signature

  const Contents& contents() const { return contents_; }
  const std::string& digest() const { return digest_; }
  // Whose signatures are there, and good: parse drops no bad ones, it refuses them.
  std::vector<crypto::PublicKey> signers() const;
  // Whether it was read with keys to trust, one of which has signed it.
  bool trusted() const { return trusted_; }

 private:
  struct Signed {
    crypto::PublicKey key;
    crypto::Signature signature;
  };
  Contents contents_;
  std::string manifest_;
  std::string digest_;
  std::vector<Signed> signatures_;
  bool trusted_ = false;
};

}  // namespace weir::bundle
