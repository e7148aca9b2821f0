#!/usr/bin/env bash
# Starts a binary in an empty folder without other files, and sends it a few requests.
set -euo pipefail
binary=$(realpath "$1")
folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cp "$binary" "$folder/corkboard"
cd "$folder"

size=$(stat -c %s corkboard)
[ "$size" -lt $((40 * 1024 * 1024)) ] || { echo "the binary has $size bytes, more than 40 MiB" >&2; exit 1; }

password=$(./corkboard account create --role admin --email office@example.edu --name Office --generate)
./corkboard serve --listen 127.0.0.1:0 2>log &
server=$!
for _ in $(seq 100); do
  address=$(sed -n 's/^listening on //p' log)
  [ -n "$address" ] && break
  sleep 0.1
done
[ -n "$address" ] || { echo "it did not start:" >&2; cat log >&2; exit 1; }

ask() { curl -sS -o body -w '%{http_code}' "$@"; }
expect() {
  local wanted=$1 got
  shift
  got=$(ask "$@")
  [ "$got" = "$wanted" ] || { echo "expected $wanted, got $got from $*:" >&2; cat body >&2; exit 1; }
}
expect 200 "$address/healthz"
expect 200 "$address/api/v1/jobs"
grep -q '"items":\[\]' body
expect 200 -H 'Accept: text/html' "$address/"
grep -qi '<!doctype html>' body
expect 404 "$address/api/v1/nothing"
expect 200 -H 'Content-Type: application/json' -d "{\"email\":\"office@example.edu\",\"password\":\"$password\"}" "$address/authLogin"
grep -q '"role":"admin"' body

kill -TERM "$server"
wait "$server"
server=""
echo "smoke: $size bytes, starts, answers and stops"
