// Time zones by name: the system's zone data through Abseil, and fixed offsets.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::value {

// Seconds to add to UTC at an instant (seconds since the epoch) in a zone: an IANA name ("Europe/Paris"), "UTC", or an
// offset ("+05:30", "-8:00", "02:00"). False if there is no such zone. Thread-safe; names are never paths.
bool zone_offset(std::string_view zone, int64_t seconds, int64_t* offset);

}  // namespace weir::value
