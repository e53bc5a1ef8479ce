// Quantities as people write them in manifests and on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::driver {

// "90s", "1h30m", "7d", "250ms": nanoseconds. Nothing if malformed, negative or out of range.
std::optional<int64_t> parse_duration(std::string_view text);
// "4096", "64KiB", "512MiB", "4GiB": bytes (decimal kB, MB, GB too).
std::optional<uint64_t> parse_bytes(std::string_view text);
std::optional<uint64_t> parse_count(std::string_view text);

}  // namespace weir::driver
