#include "runtime/bundle/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "runtime/bundle/manifest.h"
#include "runtime/crypto/digest.h"

namespace weir::bundle {
namespace {

constexpr std::string_view kMagic = "WEIRBNDL";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 24;
static_assert(std::endian::native == std::endian::little, "integers are copied as they are");

absl::string_view view(const std::string& text) { return {text.data(), text.size()}; }
absl::Status damaged(const std::string& what) { return absl::DataLossError(view("the bundle is damaged: " + what)); }
absl::Status refused(const std::string& why) { return absl::PermissionDeniedError(view(why)); }

// Signatures of something else by the same key must not fit.
std::string signed_text(std::string_view manifest) { return fmt::format("weir bundle {}\n{}", kVersion, manifest); }

template <typename Integer>
void put(Integer n, std::string* out) {
  out->append(reinterpret_cast<const char*>(&n), sizeof(n));
}

// False if there are not enough bytes left.
template <typename T>
bool take(std::string_view* bytes, T* out) {
  if (bytes->size() < sizeof(T)) return false;
  bytes->copy(reinterpret_cast<char*>(out), sizeof(T));
  bytes->remove_prefix(sizeof(T));
  return true;
}

}  // namespace

RuleChanges compare(const std::vector<RuleVersion>& before, const std::vector<RuleVersion>& after) {
  std::map<std::string_view, const RuleVersion*> old;
  for (const RuleVersion& r : before) old[r.id] = &r;
  RuleChanges out;
  for (const RuleVersion& r : after) {
    auto it = old.find(r.id);
    if (it == old.end()) {
      out.added.push_back(r.id);
      continue;
    }
    if (it->second->version != r.version || it->second->mode != r.mode) out.changed.push_back(r.id);
    old.erase(it);
  }
  for (const auto& [id, rule] : old) out.removed.emplace_back(id);
  return out;
}

absl::StatusOr<Bundle> Bundle::make(Contents contents) {
  std::vector<std::string> paths;
  size_t bytes = 0;
  for (const File& f : contents.files) {
    paths.push_back(f.path);
    bytes += f.content.size();
  }
  if (absl::Status s = check_paths(paths); !s.ok()) return s;
  if (contents.lineage.size() > kMaxLineage) contents.lineage.resize(kMaxLineage);
  Bundle out;
  out.manifest_ = write_manifest(contents);
  if (bytes + out.manifest_.size() + kHeaderBytes > kMaxBytes || paths.size() > kMaxFiles)
    return absl::InvalidArgumentError(
        view(fmt::format("the rule set is larger than a bundle may be ({} bytes)", kMaxBytes)));
  out.digest_ = crypto::sha256_hex(out.manifest_);
  out.contents_ = std::move(contents);
  return out;
}

bool Bundle::is_bundle(std::string_view bytes) { return bytes.substr(0, kMagic.size()) == kMagic; }

absl::StatusOr<Bundle> Bundle::parse(std::string_view bytes, const Trust& trust) {
  if (!is_bundle(bytes)) return absl::DataLossError("not a bundle");
  if (bytes.size() > kMaxBytes) return damaged("it is larger than a bundle may be");
  bytes.remove_prefix(kMagic.size());
  uint32_t version = 0, signatures = 0;
  uint64_t manifest_bytes = 0;
  if (!take(&bytes, &version)) return damaged("it is cut off");
  if (version != kVersion)
    return absl::UnimplementedError(
        view(fmt::format("the bundle has format {}, this library reads {}", version, kVersion)));
  if (!take(&bytes, &signatures) || !take(&bytes, &manifest_bytes)) return damaged("it is cut off");
  if (signatures > kMaxSignatures) return damaged("it says to have too many signatures");
  if (manifest_bytes > bytes.size()) return damaged("it is cut off");
  Bundle out;
  out.manifest_ = bytes.substr(0, manifest_bytes);
  bytes.remove_prefix(manifest_bytes);

  const std::string text = signed_text(out.manifest_);
  bool trusted = trust.keys.empty();
  for (uint32_t i = 0; i < signatures; ++i) {
    Signed s;
    if (!take(&bytes, &s.key) || !take(&bytes, &s.signature)) return damaged("it is cut off");
    if (i > 0 && !(out.signatures_.back().key < s.key)) return damaged("its signatures are not in order");
    if (!crypto::verify(text, s.signature, s.key))
      return refused(
          fmt::format("the bundle was altered: the signature of key {} does not fit", crypto::key_id(s.key)));
    trusted = trusted || std::find(trust.keys.begin(), trust.keys.end(), s.key) != trust.keys.end();
    out.signatures_.push_back(s);
  }
  if (!trusted) {
    return refused(out.signatures_.empty() ? "the bundle is not signed"
                                           : fmt::format("the bundle is signed by {}, which is not trusted",
                                                         crypto::key_id(out.signatures_.front().key)));
  }

  out.trusted_ = !trust.keys.empty();

  std::vector<FileEntry> files;
  absl::StatusOr<Contents> contents = read_manifest(out.manifest_, &files);
  if (!contents.ok()) return contents.status();
  if (files.size() > kMaxFiles) return damaged("it names too many files");
  if (contents->sequence < trust.min_sequence) {
    return refused(fmt::format("the bundle is release {} of `{}`, older than release {}", contents->sequence,
                               contents->name, trust.min_sequence));
  }
  for (FileEntry& f : files) {
    if (f.size > bytes.size()) return damaged("it is cut off");
    const std::string_view content = bytes.substr(0, f.size);
    bytes.remove_prefix(f.size);
    if (crypto::sha256_hex(content) != f.sha256) return damaged(fmt::format("`{}` was altered", f.path));
    contents->files.push_back({std::move(f.path), f.part, std::string(content)});
  }
  if (!bytes.empty()) return damaged("something follows its end");
  out.contents_ = *std::move(contents);
  out.digest_ = crypto::sha256_hex(out.manifest_);
  return out;
}

std::string Bundle::serialize() const {
  std::string out(kMagic);
  put(kVersion, &out);
  put(static_cast<uint32_t>(signatures_.size()), &out);
  put(static_cast<uint64_t>(manifest_.size()), &out);
  out += manifest_;
  for (const Signed& s : signatures_) {
    out.append(reinterpret_cast<const char*>(s.key.data()), s.key.size());
    out.append(reinterpret_cast<const char*>(s.signature.data()), s.signature.size());
  }
  for (const File& f : contents_.files) out += f.content;
  return out;
}

void Bundle::sign(const crypto::SecretKey& key) {
  const Signed added{key.public_key(), crypto::sign(signed_text(manifest_), key)};
  auto at = std::lower_bound(signatures_.begin(), signatures_.end(), added,
                             [](const Signed& a, const Signed& b) { return a.key < b.key; });
  if (at != signatures_.end() && at->key == added.key)
    *at = added;
  else
    signatures_.insert(at, added);
}

std::vector<crypto::PublicKey> Bundle::signers() const {
  std::vector<crypto::PublicKey> out;
  for (const Signed& s : signatures_) out.push_back(s.key);
  return out;
}

}  // namespace weir::bundle
