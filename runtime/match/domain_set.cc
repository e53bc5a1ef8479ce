#include "runtime/match/domain_set.h"

#include <string>

namespace weir::match {
namespace {

// Lower-cases ASCII (names are compared as they go over the wire: IDNs in their xn-- form) into `out`.
std::string_view normalise(std::string_view name, std::string* out) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  bool lower = true;
  for (char c : name) lower &= !(c >= 'A' && c <= 'Z');
  if (lower) return name;
  out->assign(name);
  for (char& c : *out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return *out;
}

}  // namespace

bool DomainSet::insert(std::string_view domain) {
  std::string buffer;
  domain = normalise(domain, &buffer);
  StringSet* set = &whole_;
  if (domain.starts_with("*.")) {
    domain.remove_prefix(2);
    set = &below_;
  } else if (domain.starts_with('.')) {
    domain.remove_prefix(1);
  }
  if (domain.empty() || domain.front() == '.' || domain.back() == '.' || domain.find("..") != std::string_view::npos) {
    return false;
  }
  set->insert(domain);
  return true;
}

bool DomainSet::contains(std::string_view host) const {
  std::string buffer;
  std::string_view suffix = normalise(host, &buffer);
  if (suffix.empty()) return false;
  if (whole_.contains(suffix)) return true;
  for (size_t dot = suffix.find('.'); dot != std::string_view::npos; dot = suffix.find('.')) {
    suffix.remove_prefix(dot + 1);
    if (whole_.contains(suffix) || below_.contains(suffix)) return true;
  }
  return false;
}

}  // namespace weir::match
