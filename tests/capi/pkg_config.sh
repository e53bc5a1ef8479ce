#!/usr/bin/env bash
# pkg_config.sh PREFIX shared|static CC FLAGS: builds and runs one test as a Makefile would.
set -euo pipefail
prefix=$1 kind=$2 cc=$3 flags=$4
pc=$(find "$prefix" -name weir.pc)
export PKG_CONFIG_PATH=${pc%/weir.pc}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
libdir=$(pkg-config --variable=libdir weir)
case $kind in
  # Both libraries have one name, so the archive is named by its file.
  static) libs=$(pkg-config --libs --static weir | sed 's/-lweir\b/-l:libweir.a/') ;;
  shared) libs="$(pkg-config --libs weir) -Wl,-rpath,$libdir" ;;
esac
# shellcheck disable=SC2086
"$cc" -std=gnu11 $flags -Wno-unused-function $(pkg-config --cflags weir) verdict.c -o "$out" $libs
"$out"
needed=$(readelf -d "$out")
case $kind in
  static) ! grep -q 'libweir' <<<"$needed" ;;
  shared) grep -q "libweir.so.0" <<<"$needed" ;;
esac
