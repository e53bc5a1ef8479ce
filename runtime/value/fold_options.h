// Unicode's NFKC_Casefold, as utf8proc takes it.
#pragma once

#include <utf8proc.h>

namespace weir::value {

inline constexpr auto kFoldOptions = static_cast<utf8proc_option_t>(
    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);

}  // namespace weir::value
