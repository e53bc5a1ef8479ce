// Who may do what: bearer tokens and their roles.
//
// The file has one token a line, which never holds the token itself:
//   NAME ROLE[,ROLE…] SHA256          # of the token, 64 hexadecimal digits
// Nobody but its owner may have access to it (mode 0600), and its owner is whom the server runs as.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace weir::serve {

// Bits of a set.
enum Role : uint8_t {
  kHost = 1,      // sends events
  kReader = 2,    // looks
  kAuthor = 4,    // proposes rules
  kApprover = 8,  // decides about proposals of others
  kOperator = 16  // labels, lists, snoozes, limits; back to rules that were approved before
};
std::string_view role_name(Role role);

struct Principal {
  std::string name;
  uint8_t roles = 0;  // every role but host reads
  bool may(uint8_t any_of) const { return (roles & any_of) != 0; }
};

// Immutable once read; thread-safe.
class Tokens {
 public:
  // Errors name the line; PermissionDenied: the file is open to others.
  static absl::StatusOr<std::shared_ptr<const Tokens>> read(const std::string& path);
  static absl::StatusOr<std::shared_ptr<const Tokens>> parse(std::string_view text);

  // Null if nobody has the token. Takes as long whichever it is.
  const Principal* find(std::string_view token) const;
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Principal principal;
    std::string digest;
  };
  std::vector<Entry> entries_;
};

// Of a request that bears no token where there is no tokens file: it may evaluate and look, and change nothing.
const std::shared_ptr<const Principal>& anybody();

// The token of "Bearer TOKEN"; empty if the header is of another form.
std::string_view bearer_token(std::string_view authorization);

}  // namespace weir::serve
