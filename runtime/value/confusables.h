// Characters that look alike, from the homoglyph list compiled into the library.
#pragma once

namespace weir::value {

// What stands for all characters that look like `c`, which is case-folded: an ASCII letter or digit where one of them
// is. i, l, 1 and | are one class, and so are o and 0.
char32_t representative(char32_t c);

}  // namespace weir::value
