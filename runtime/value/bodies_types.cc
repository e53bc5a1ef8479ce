// Values as values of any type: dyn and type.
#include "runtime/value/bodies.h"

namespace weir::value {

WEIR_BODY(dyn_value) { *out = a[0]; }
WEIR_BODY(type_of_value) { *out = Value::type(type_name(a[0])); }

}  // namespace weir::value
