#include "runtime/durable/snapshot_file.h"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>

#include "runtime/durable/file.h"
#include "runtime/state/codec.h"

namespace weir::durable {
namespace {

using state::Reader;
using state::Writer;

constexpr std::string_view kHeaderMagic = "WEIRSNAP", kSectionMagic = "SECT", kTrailerMagic = "WEIREND.";
constexpr uint32_t kHeaderRest = 32;                   // bytes after the length, checksum excluded
constexpr size_t kTrailer = 8 + 3 * sizeof(uint64_t);  // bytes
constexpr size_t kSectionHead = 44;                    // bytes, its own checksum excluded

void put_identity(const ir::Identity& identity, Writer* out) {
  out->fixed64(identity.lo);
  out->fixed64(identity.hi);
}
ir::Identity get_identity(Reader& in) {
  ir::Identity identity;
  identity.lo = in.fixed64();
  identity.hi = in.fixed64();
  return identity;
}

void put_header(const SnapshotHeader& header, Writer* out) {
  const size_t start = out->size();
  out->raw(kHeaderMagic.data(), kHeaderMagic.size());
  out->fixed32(kSnapshotVersion);
  out->fixed32(kHeaderRest);
  out->fixed64(header.sequence);
  out->fixed64(header.generation);
  put_identity(header.rules, out);
  out->fixed64(checksum(std::string_view(out->bytes()).substr(start)));
}

void put_section_head(const Section& section, Writer* out) {
  const size_t start = out->size();
  out->raw(kSectionMagic.data(), kSectionMagic.size());
  out->fixed32(section.kind);
  put_identity(section.identity, out);
  out->fixed64(section.payload.size());
  out->fixed64(checksum(section.payload));
  out->fixed32(0);
  out->fixed64(checksum(std::string_view(out->bytes()).substr(start)));
}

absl::Status check_trailer(std::string_view bytes, uint64_t* sections) {
  if (bytes.size() < kTrailer) return data_loss("it is too short to be a snapshot");
  const std::string_view body = bytes.substr(0, bytes.size() - kTrailer);
  Reader in(bytes.substr(body.size()));
  if (in.raw(kTrailerMagic.size()) != kTrailerMagic) return data_loss("its end is missing: it was not written whole");
  *sections = in.fixed64();
  if (in.fixed64() != body.size()) return data_loss("its length is not the one it was written with");
  if (in.fixed64() != checksum(body)) return data_loss("its checksum is wrong");
  return absl::OkStatus();
}

absl::Status read_header(std::string_view bytes, Reader* in, SnapshotHeader* header) {
  if (in->raw(kHeaderMagic.size()) != kHeaderMagic) return data_loss("it is no snapshot of Weir's");
  const uint32_t version = in->fixed32(), rest = in->fixed32();
  if (version != kSnapshotVersion) {
    return absl::UnimplementedError(
        fmt::format("it is of version {}, and this Weir reads version {}", version, kSnapshotVersion));
  }
  header->sequence = in->fixed64();
  header->generation = in->fixed64();
  header->rules = get_identity(*in);
  if (rest < kHeaderRest || in->raw(rest - kHeaderRest).size() != rest - kHeaderRest) {
    return data_loss("its header is too short");
  }
  const size_t size = bytes.size() - in->left();
  if (in->fixed64() != checksum(bytes.substr(0, size)) || !in->ok()) return data_loss("the header's checksum is wrong");
  return absl::OkStatus();
}

// In pieces, so that a large snapshot is not in memory twice.
template <typename Sink>
absl::Status emit(const Snapshot& snapshot, Sink sink) {
  XXH3_state_t* hash = XXH3_createState();
  if (hash == nullptr) return absl::ResourceExhaustedError("no memory to write a snapshot");
  XXH3_64bits_reset(hash);
  uint64_t length = 0;
  absl::Status status;
  const auto put = [&](std::string_view bytes) {
    if (!status.ok()) return;
    XXH3_64bits_update(hash, bytes.data(), bytes.size());
    length += bytes.size();
    status = sink(bytes);
  };
  Writer out;
  put_header(snapshot.header, &out);
  for (const Section& section : snapshot.sections) {
    put_section_head(section, &out);
    put(out.bytes());
    put(section.payload);
    out.clear();
  }
  put(out.bytes());
  out.clear();
  out.raw(kTrailerMagic.data(), kTrailerMagic.size());
  out.fixed64(snapshot.sections.size());
  out.fixed64(length);
  out.fixed64(XXH3_64bits_digest(hash));
  XXH3_freeState(hash);
  return status.ok() ? sink(out.bytes()) : status;
}

}  // namespace

size_t Snapshot::bytes() const {
  size_t n = 0;
  for (const Section& section : sections) n += section.payload.size() + kSectionHead + sizeof(uint64_t);
  return n;
}

std::string snapshot_to_bytes(const Snapshot& snapshot) {
  std::string out;
  const absl::Status ignored = emit(snapshot, [&](std::string_view bytes) {
    out.append(bytes);
    return absl::OkStatus();
  });
  return out;
}

absl::StatusOr<Snapshot> snapshot_from_bytes(std::string_view bytes) {
  // The header first: of a file of another version, or of another program, nothing else can be said.
  Reader in(bytes);
  Snapshot out;
  if (absl::Status status = read_header(bytes, &in, &out.header); !status.ok()) return status;
  uint64_t sections = 0;
  if (absl::Status status = check_trailer(bytes, &sections); !status.ok()) return status;
  const size_t end = kTrailer;  // bytes left where the sections end
  while (in.ok() && in.left() > end) {
    const std::string_view head = bytes.substr(bytes.size() - in.left());
    Section section;
    if (in.raw(kSectionMagic.size()) != kSectionMagic) return data_loss("a section does not begin where it should");
    section.kind = in.fixed32();
    section.identity = get_identity(in);
    const uint64_t length = in.fixed64(), hash = in.fixed64();
    in.fixed32();
    if (!in.ok() || in.fixed64() != checksum(head.substr(0, kSectionHead))) {
      return data_loss("a section's head has a wrong checksum");
    }
    const std::string_view payload = in.raw(length);
    if (!in.ok() || in.left() < end) return data_loss("a section is longer than its file");
    if (checksum(payload) != hash) return data_loss("a section has a wrong checksum");
    section.payload = payload;
    out.sections.push_back(std::move(section));
  }
  if (out.sections.size() != sections) return data_loss("it has more or fewer sections than it says");
  return out;
}

absl::Status write_snapshot(const std::string& path, const Snapshot& snapshot) {
  return replace_file(path, [&snapshot](File& file, const std::string& temporary) {
    return emit(snapshot, [&](std::string_view bytes) { return file.write(bytes, temporary); });
  });
}

absl::StatusOr<Snapshot> read_snapshot(const std::string& path) {
  absl::StatusOr<std::string> bytes = read_file(path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Snapshot> snapshot = snapshot_from_bytes(*bytes);
  if (snapshot.ok()) return snapshot;
  const std::string text = fmt::format("cannot use snapshot `{}`: {}", path, std::string(snapshot.status().message()));
  return absl::Status(snapshot.status().code(), text);
}

}  // namespace weir::durable
