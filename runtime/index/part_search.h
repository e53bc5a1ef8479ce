// Whether a short text is part of a text of some hundred bytes: sixteen places at a time.
//
// memmem builds a table first, or goes byte by byte, which takes longer than the whole search does here.
#pragma once

#include <string_view>

namespace weir::index {

bool contains_part(std::string_view text, std::string_view part);

}  // namespace weir::index
