// Compiled RE2 patterns, shared by the process.
//
// Each thread remembers the patterns it used last without locking; behind it is one bounded table for all threads. A
// program that uses more patterns than fit compiles some of them again; nothing else changes.
#pragma once

#include <re2/re2.h>

#include <string>
#include <string_view>

namespace weir::value {

// Null with *error set if the pattern is malformed or too large. The result stays valid until this thread's next call.
const RE2* compiled_regex(std::string_view pattern, std::string* error);

}  // namespace weir::value
