#include "runtime/jit/symbols.h"

#include <cmath>
#include <cstring>

#include "runtime/jit/runtime_calls.h"
#include "runtime/value/builtins.h"

namespace weir::jit {

const std::vector<Symbol>& runtime_symbols() {
  static const std::vector<Symbol> symbols = [] {
    std::vector<Symbol> all = {
        {"weir_rt_range", reinterpret_cast<const void*>(&weir_rt_range)},
        {"weir_rt_allocate", reinterpret_cast<const void*>(&weir_rt_allocate)},
        {"weir_rt_contains", reinterpret_cast<const void*>(&weir_rt_contains)},
        // What LLVM itself may call.
        {"memcmp", reinterpret_cast<const void*>(static_cast<int (*)(const void*, const void*, size_t)>(&memcmp))},
        {"bcmp", reinterpret_cast<const void*>(static_cast<int (*)(const void*, const void*, size_t)>(&memcmp))},
        {"memcpy", reinterpret_cast<const void*>(static_cast<void* (*)(void*, const void*, size_t)>(&memcpy))},
        {"memmove", reinterpret_cast<const void*>(static_cast<void* (*)(void*, const void*, size_t)>(&memmove))},
        {"memset", reinterpret_cast<const void*>(static_cast<void* (*)(void*, int, size_t)>(&memset))},
    };
#define WEIR_SYMBOL(name) all.push_back({"weir_rt_" #name, reinterpret_cast<const void*>(&weir_rt_##name)});
    WEIR_RUNTIME_CALLS(WEIR_SYMBOL)
#undef WEIR_SYMBOL
#define WEIR_BUILTIN(id, function, style, signature, cost, doc, example) \
  all.push_back({"weir_bi_" #id, reinterpret_cast<const void*>(&value::weir_bi_##id)});
#include "compiler/types/builtins.def"
#undef WEIR_BUILTIN
    return all;
  }();
  return symbols;
}

}  // namespace weir::jit
