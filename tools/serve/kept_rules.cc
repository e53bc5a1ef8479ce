#include "tools/serve/kept_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "runtime/durable/file.h"
#include "tools/weir/json.h"

namespace weir::serve {
namespace {

constexpr std::string_view kMagic = "WEIRPUBL", kPrefix = "published-", kSuffix = ".rules";
constexpr uint32_t kVersion = 1;
constexpr size_t kHead = kMagic.size() + 4 + 4 + 8 + 8;

template <typename T>
void put(T number, std::string* out) {
  for (size_t i = 0; i < sizeof number; ++i) out->push_back(static_cast<char>(number >> (8 * i)));
}

template <typename T>
T take(std::string_view* from) {
  T number = 0;
  for (size_t i = 0; i < sizeof number; ++i)
    number |= static_cast<T>(static_cast<unsigned char>((*from)[i])) << (8 * i);
  from->remove_prefix(sizeof number);
  return number;
}

bool read_account(std::string_view text, Account* out) {
  const tools::Json json = tools::Json::parse(text, nullptr, false);
  if (!json.is_object()) return false;
  const auto read_text = [&](const char* name, std::string* to) {
    const auto it = json.find(name);
    if (it == json.end() || !it->is_string()) return false;
    *to = it->get<std::string>();
    return true;
  };
  const auto number = json.find("generation"), wall = json.find("wall_nanos");
  if (number == json.end() || !number->is_number_unsigned() || wall == json.end() || !wall->is_number_integer())
    return false;
  out->number = number->get<uint64_t>();
  out->wall_nanos = wall->get<int64_t>();
  return read_text("step", &out->step) && read_text("proposed_by", &out->proposed_by) && read_text("by", &out->by) &&
         read_text("reason", &out->reason);
}

}  // namespace

std::string to_bytes(const Publication& publication) {
  const Account& a = publication.account;
  const std::string account = tools::json_text({{"generation", a.number},
                                                {"wall_nanos", a.wall_nanos},
                                                {"step", a.step},
                                                {"proposed_by", a.proposed_by},
                                                {"by", a.by},
                                                {"reason", a.reason}});
  const std::string rest = account + publication.bundle;
  std::string out(kMagic);
  put(kVersion, &out);
  put(static_cast<uint32_t>(account.size()), &out);
  put(static_cast<uint64_t>(publication.bundle.size()), &out);
  put(durable::checksum(rest), &out);
  return out + rest;
}

absl::StatusOr<Publication> publication_from_bytes(std::string_view bytes) {
  if (bytes.size() < kHead || !bytes.starts_with(kMagic)) return durable::data_loss("it is no kept publication");
  bytes.remove_prefix(kMagic.size());
  const auto version = take<uint32_t>(&bytes);
  if (version != kVersion) return durable::data_loss(fmt::format("it is of version {}", version));
  const auto account = take<uint32_t>(&bytes);
  const auto bundle = take<uint64_t>(&bytes);
  const auto hash = take<uint64_t>(&bytes);
  if (account > bytes.size() || bundle != bytes.size() - account) return durable::data_loss("it is cut off");
  if (durable::checksum(bytes) != hash) return durable::data_loss("it is damaged: its contents have another hash");
  Publication out;
  if (!read_account(bytes.substr(0, account), &out.account)) return durable::data_loss("its account cannot be read");
  out.bundle = bytes.substr(account);
  return out;
}

std::string KeptRules::path(uint64_t number) const {
  return fmt::format("{}/{}{:020}{}", directory_, kPrefix, number, kSuffix);
}

absl::StatusOr<std::vector<uint64_t>> KeptRules::numbers() const {
  auto files = durable::list_directory(directory_);
  if (!files.ok()) return files.status();
  std::vector<uint64_t> out;
  for (const std::string& name : *files) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const char* const end = name.data() + name.size() - kSuffix.size();
    uint64_t number = 0;
    const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, number);
    if (error == std::errc() && stop == end) out.push_back(number);
  }
  std::ranges::sort(out);
  return out;
}

absl::StatusOr<KeptRules::Found> KeptRules::read() const {
  auto all = numbers();
  if (!all.ok()) return all.status();
  Found out;
  if (!all->empty()) out.newest = all->back();
  for (auto it = all->rbegin(); it != all->rend(); ++it) {
    const auto bytes = durable::read_file(path(*it));
    auto read = bytes.ok() ? publication_from_bytes(*bytes) : absl::StatusOr<Publication>(bytes.status());
    if (read.ok() && read->account.number != *it) read = durable::data_loss("it is of another generation");
    if (read.ok()) {
      out.publications.push_back(*std::move(read));
    } else {
      out.broken.push_back(fmt::format("kept generation {}: {}", *it, std::string(read.status().message())));
    }
  }
  return out;
}

absl::Status KeptRules::forget(uint64_t number) { return durable::remove_file(path(number)); }

absl::Status KeptRules::keep(const Publication& publication) {
  const absl::Status written = durable::replace_file(
      path(publication.account.number),
      [&](durable::File& file, const std::string& name) { return file.write(to_bytes(publication), name); });
  if (!written.ok()) return written;
  const auto all = numbers();
  if (!all.ok()) return absl::OkStatus();  // there are more than need be
  for (size_t i = 0; i + kMost < all->size(); ++i) durable::remove_file(path((*all)[i])).IgnoreError();
  return absl::OkStatus();
}

}  // namespace weir::serve
