#include "runtime/value/builtins.h"

namespace weir::value {
namespace {

constexpr BuiltinFn kBodies[] = {
#define WEIR_BUILTIN(id, function, style, signature, cost, doc, example) &weir_bi_##id,
#include "compiler/types/builtins.def"
#undef WEIR_BUILTIN
};

}  // namespace

BuiltinFn builtin_body(types::BuiltinId id) { return kBodies[static_cast<size_t>(id)]; }

}  // namespace weir::value
