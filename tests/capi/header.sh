#!/usr/bin/env bash
# header.sh INCLUDE CC CXX: weir.h, and weir.hpp in C++, stand alone, without a warning, in each language it claims, and is all there is.
set -euo pipefail
include=$1 cc=$2 cxx=$3
test "$(cd "$include" && find . -type f | sort | tr '\n' ' ')" = "./weir/weir.h ./weir/weir.hpp "
source=$(mktemp --suffix=.c)
trap 'rm -f "$source"' EXIT
cat > "$source" <<'C'
#include <weir/weir.h>
#include <weir/weir.h>
int main(void) {
  weir_error err = WEIR_INIT(weir_error);
  weir_source source = {WEIR_STR("name"), WEIR_STR("text")};
  weir_engine_options options = WEIR_INIT(weir_engine_options);
  if (weir_cstr("name").len != 4) return 1;
  return err.struct_size != sizeof err || source.name.len != 4 || options.abi != 0;
}
C
for std in c11 c17; do "$cc" -std=$std -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$include" "$source"; done
for std in c++17 c++20; do "$cxx" -std=$std -x c++ -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$include" "$source"; done
for std in c++17 c++20; do
  printf '#include <weir/weir.hpp>\n#include <weir/weir.hpp>\nint main() { return weir::status() ? 0 : 1; }\n' |
    "$cxx" -std=$std -x c++ -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$include" -
done
