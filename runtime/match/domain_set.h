// Sets of domain names matched by whole labels from the right: `example.test` holds itself and `a.example.test`, not
// `badexample.test`. `*.example.test` holds the names below only.
#pragma once

#include <string_view>

#include "runtime/match/hash_set.h"

namespace weir::match {

class DomainSet {
 public:
  void reserve(size_t domains) { whole_.reserve(domains); }
  // Case and a final dot are ignored. False if the text has an empty label or is empty.
  bool insert(std::string_view domain);
  bool contains(std::string_view host) const;
  size_t size() const { return whole_.size() + below_.size(); }
  size_t bytes() const { return whole_.bytes() + below_.bytes(); }

 private:
  StringSet whole_;  // the name and all names below it
  StringSet below_;  // names below it only
};

}  // namespace weir::match
