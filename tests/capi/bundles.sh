#!/bin/sh
# bundles.sh WEIR DIR: what consumer/bundle.c reads, from the working directory: two releases, each signed by one key.
set -eu
weir=$1
dir=$2
rm -rf "$dir" && mkdir -p "$dir/pack" && cd "$dir"
printf 'name: pack\n' > pack/weir.yaml
printf 'evil\n' > pack/bad.txt
rules() {
  printf 'event e { n: int  k: string }\nlist bad: string from "bad.txt"\n'
  printf 'rule many on e { id "R-1" when e.n > %s || e.k in bad score 1 mode live }\n' "$1"
}
"$weir" bundle keygen key
"$weir" bundle keygen stranger
rules 3 > pack/a.weir
"$weir" bundle build --rules pack --out unsigned.weirb
"$weir" bundle build --rules pack --out first.weirb --key key
"$weir" bundle build --rules pack --out strange.weirb --key stranger
rules 4 > pack/a.weir
"$weir" bundle build --rules pack --out second.weirb --parent first.weirb --key key
