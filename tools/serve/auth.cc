#include "tools/serve/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/crypto/digest.h"
#include "runtime/durable/file.h"

namespace weir::serve {
namespace {

constexpr std::array kRoles = {kHost, kReader, kAuthor, kApprover, kOperator};

absl::Status wrong(std::string_view text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

std::string_view next_word(std::string_view* line) {
  const size_t begin = std::min(line->find_first_not_of(" \t\r"), line->size());
  const size_t end = std::min(line->find_first_of(" \t\r", begin), line->size());
  const std::string_view word = line->substr(begin, end - begin);
  line->remove_prefix(end);
  return word;
}

absl::StatusOr<uint8_t> read_roles(std::string_view text) {
  uint8_t roles = 0;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const auto role = std::find_if(kRoles.begin(), kRoles.end(), [&](Role r) { return role_name(r) == word; });
    if (role == kRoles.end())
      return wrong(fmt::format("`{}` is no role; there are host, reader, author, approver, operator", word));
    roles |= *role;
  }
  return roles;
}

// As long as the digest, whatever differs.
bool same_digest(std::string_view a, std::string_view b) {
  unsigned char difference = 0;
  for (size_t i = 0; i < crypto::kDigestDigits; ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

std::string_view role_name(Role role) {
  switch (role) {
    case kHost:
      return "host";
    case kReader:
      return "reader";
    case kAuthor:
      return "author";
    case kApprover:
      return "approver";
    case kOperator:
      return "operator";
  }
  return "";
}

absl::StatusOr<std::shared_ptr<const Tokens>> Tokens::parse(std::string_view text) {
  auto out = std::make_shared<Tokens>();
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view name = next_word(&line), roles = next_word(&line), digest = next_word(&line);
    if (name.empty()) continue;
    const auto at = [&](std::string_view what) { return wrong(fmt::format("line {}: {}", number, what)); };
    if (digest.empty() || !next_word(&line).empty()) return at("expected `NAME ROLE[,ROLE…] SHA256`");
    const absl::StatusOr<uint8_t> read = read_roles(roles);
    if (!read.ok()) return at(std::string(read.status().message()));
    if (digest.size() != crypto::kDigestDigits || digest.find_first_not_of("0123456789abcdef") != digest.npos)
      return at("the third word is not a SHA-256 of 64 lower-case hexadecimal digits");
    for (const Entry& e : out->entries_) {
      if (e.principal.name == name && e.principal.roles != *read)
        return at(fmt::format("`{}` has other roles in a line before: one name is one person", name));
      if (e.digest == digest) return at(fmt::format("`{}` has the same token", e.principal.name));
    }
    out->entries_.push_back({{std::string(name), *read}, std::string(digest)});
  }
  if (out->entries_.empty()) return wrong("there is no token in it");
  return std::shared_ptr<const Tokens>(std::move(out));
}

absl::StatusOr<std::shared_ptr<const Tokens>> Tokens::read(const std::string& path) {
  const durable::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return durable::system_error("open", path);
  struct stat status = {};
  if (fstat(file.fd(), &status) != 0) return durable::system_error("look at", path);
  const std::string open_to_others =
      (status.st_mode & 077) != 0  ? fmt::format("{}: others may read or write it; chmod 600 it", path)
      : status.st_uid != geteuid() ? fmt::format("{}: it belongs to another user than the server", path)
      : !S_ISREG(status.st_mode)   ? fmt::format("{}: it is not a file", path)
                                   : "";
  if (!open_to_others.empty())
    return absl::PermissionDeniedError(absl::string_view(open_to_others.data(), open_to_others.size()));
  const absl::StatusOr<std::string> text = durable::read_file(path);
  if (!text.ok()) return text.status();
  auto tokens = parse(*text);
  if (tokens.ok()) return tokens;
  return wrong(fmt::format("{}: {}", path, std::string(tokens.status().message())));
}

const Principal* Tokens::find(std::string_view token) const {
  const std::string digest = crypto::sha256_hex(token);
  const Principal* found = nullptr;
  for (const Entry& e : entries_)
    if (same_digest(e.digest, digest)) found = &e.principal;
  return found;
}

const std::shared_ptr<const Principal>& anybody() {
  static const auto kAnybody = std::make_shared<const Principal>(Principal{"anybody", kHost | kReader});
  return kAnybody;
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i)
    if ((authorization[i] | 0x20) != (kScheme[i] | 0x20)) return {};
  return authorization.substr(kScheme.size());
}

}  // namespace weir::serve
