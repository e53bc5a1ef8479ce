// What a server begins with.
#include <fmt/format.h>

#include <algorithm>

#include "tools/serve/publisher.h"

namespace weir::serve {

absl::StatusOr<Beginning> begin_with_kept(const KeptRules& kept, Loader& loader, const bundle::Trust& trust) {
  auto found = kept.read();
  if (!found.ok()) return found.status();
  Beginning out;
  out.notes = std::move(found->broken);
  out.next = found->newest + 1;
  for (Publication& publication : found->publications) {
    const Account& account = publication.account;
    const auto skip = [&](std::string_view why) {
      out.notes.push_back(fmt::format("kept generation {}: {}", account.number, why));
    };
    auto bundle = bundle::Bundle::parse(publication.bundle, trust);
    if (!bundle.ok()) {
      skip(std::string(bundle.status().message()));
      continue;
    }
    if (out.first != nullptr) {
      out.past.push_back(past_generation(account, *bundle));
      continue;
    }
    LoadFailure failure;
    auto set = loader.load(*bundle, &failure);
    if (set == nullptr) {
      skip(failure.message);
      continue;
    }
    auto first = std::make_shared<Generation>();
    static_cast<Account&>(*first) = account;
    first->set = std::move(set);
    out.first = std::move(first);
    out.kept = true;
  }
  std::ranges::reverse(out.past);
  return out;
}

}  // namespace weir::serve
