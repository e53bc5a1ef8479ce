#!/usr/bin/env bash
# server_loop.sh PROGRAM: the example serves, answers bad lines, reloads, and survives a broken reload.
set -euo pipefail
program=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/rules"

rules() {
  cat > "$dir/rules/login.weir" <<WEIR
event login { account: string  ok: bool }
feature fails = count() from login where !login.ok by login.account over 15m
rule guessing on login {
  id "R-1"  when fails >= $1  then { verdict block }  mode live
  because "{fails} failed logins"
}
WEIR
}
event() { echo "{\"time\":\"2026-01-01T00:00:0$1Z\",\"id\":\"e$1\",\"account\":\"a\",\"ok\":false}"; }

rules 2
mkfifo "$dir/in"
"$program" "$dir/rules" < "$dir/in" > "$dir/out" 2> "$dir/err" &
server=$!
exec 3> "$dir/in"
answers() { for _ in $(seq 200); do [ "$(wc -l < "$dir/out")" -ge "$1" ] && return; sleep 0.05; done; cat "$dir/err"; echo "no answer"; exit 1; }

event 1 >&3; event 2 >&3; echo 'not json' >&3; echo '{"account":"a"}' >&3
answers 4
rules 1; echo '!reload' >&3; event 3 >&3
answers 5
echo 'rule broken' > "$dir/rules/login.weir"; echo '!reload' >&3; event 4 >&3
answers 6
rules 9; kill -HUP $server; event 5 >&3
answers 7
exec 3>&-
wait $server

expect() { sed -n "$1p" "$dir/out" | grep -qF "$2" || { echo "line $1 lacks $2:"; cat "$dir/out" "$dir/err"; exit 1; }; }
expect 1 '"verdict":"allow"'
expect 2 '"verdict":"block"'
expect 2 '"because":"2 failed logins"'
expect 2 '"generation":1'
expect 3 '"error":"WEIR_E_DATA"'
expect 4 '"error":"WEIR_E_DATA"'
expect 5 '"generation":2'
expect 5 '"verdict":"block"'
expect 5 '"because":"3 failed logins"'
expect 6 '"generation":2'
expect 7 '"generation":3'
expect 7 '"verdict":"allow"'
grep -q 'reload failed, generation 2 stays' "$dir/err"
grep -q 'login.weir:1:' "$dir/err"
