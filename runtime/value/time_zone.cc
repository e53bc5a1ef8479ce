#include "runtime/value/time_zone.h"

#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>

namespace weir::value {
namespace {

constexpr size_t kLongestName = 64;
constexpr size_t kThreadSlots = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// [+-]h[h]:mm, at most a day.
std::optional<int64_t> fixed_offset(std::string_view zone) {
  int64_t sign = 1;
  if (!zone.empty() && (zone[0] == '+' || zone[0] == '-')) {
    if (zone[0] == '-') sign = -1;
    zone.remove_prefix(1);
  }
  size_t colon = zone.find(':');
  if ((colon != 1 && colon != 2) || zone.size() != colon + 3) return std::nullopt;
  int64_t numbers[2] = {0, 0};
  for (size_t i = 0; i < zone.size(); ++i) {
    if (i == colon) continue;
    if (!is_digit(zone[i])) return std::nullopt;
    int64_t& n = numbers[i > colon];
    n = n * 10 + (zone[i] - '0');
  }
  if (numbers[0] > 23 || numbers[1] > 59) return std::nullopt;
  return sign * (numbers[0] * 3600 + numbers[1] * 60);
}

// Abseil reads names as paths and remembers every name it was ever asked for, unknown ones too. Names come from events:
// only those that are files of the zone data get that far. `localtime` would depend on the machine.
bool is_zone_file(const std::string& name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '-' || c == '+' ||
           c == '/';
  };
  if (name.empty() || name.size() > kLongestName || name[0] == '/' || name == "localtime") return false;
  if (!std::all_of(name.begin(), name.end(), allowed)) return false;
  const char* directory = std::getenv("TZDIR");
  std::string path = std::string(directory != nullptr ? directory : "/usr/share/zoneinfo") + "/" + name;
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

struct ThreadSlot {
  std::string name;
  absl::TimeZone zone;
  bool known = false;
};

// What this thread looked up last, found without a lock or a system call.
const ThreadSlot& named_zone(std::string_view name) {
  thread_local std::array<ThreadSlot, kThreadSlots> slots;
  thread_local size_t next = 0;
  for (const ThreadSlot& slot : slots)
    if (!slot.name.empty() && slot.name == name) return slot;
  ThreadSlot& slot = slots[next++ % kThreadSlots];
  slot.name = name;
  slot.known = is_zone_file(slot.name) && absl::LoadTimeZone(slot.name, &slot.zone);
  return slot;
}

}  // namespace

bool zone_offset(std::string_view zone, int64_t seconds, int64_t* offset) {
  if (zone == "UTC") {
    *offset = 0;
    return true;
  }
  if (std::optional<int64_t> fixed = fixed_offset(zone)) {
    *offset = *fixed;
    return true;
  }
  if (zone.empty() || zone.size() > kLongestName) return false;
  const ThreadSlot& named = named_zone(zone);
  if (!named.known) return false;
  *offset = named.zone.At(absl::FromUnixSeconds(seconds)).offset;
  return true;
}

}  // namespace weir::value
