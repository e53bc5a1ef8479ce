// ANTLR's headers, apart: they undefine EOF and must come before <cstdio>'s users see it. Included by the private
// headers of syntax/ only; no ANTLR type leaves this folder.
#pragma once

#include <cstdio>

#pragma push_macro("EOF")
#include "WeirLexer.h"
#include "WeirParser.h"
#pragma pop_macro("EOF")
// From here on EOF is the C macro again, so antlr4::Token::EOF needs another name.
namespace weir::syntax {
inline constexpr size_t kEndOfInput = static_cast<size_t>(-1);
}
