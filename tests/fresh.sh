#!/bin/sh
# Prove that a fresh clone works: clone into an empty folder, then run both commands of the README there.
set -eu
folder=$(mktemp -d)
port=${PORT:-8765}
trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
git clone --quiet . "$folder/her2web"
[ -d ../shared ] && ln -s "$(cd ../shared && pwd)" "$folder/shared"
cd "$folder/her2web"

echo "== make run"
make setup
started=$(date +%s)
PORT=$port make run >"$folder/run.log" 2>&1 &
server=$!
until curl -fsS -o /dev/null "http://127.0.0.1:$port/login/" && grep -q "Ready" "$folder/run.log"; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/run.log"; echo "make run stopped."; exit 1; }
  [ $(($(date +%s) - started)) -lt 600 ] || { cat "$folder/run.log"; echo "make run was not ready in ten minutes."; exit 1; }
  sleep 1
done
echo "ready after $(($(date +%s) - started)) s"
kill -TERM "$server"; wait "$server" 2>/dev/null || true

started=$(date +%s)
PORT=$port make run >"$folder/run2.log" 2>&1 &
server=$!
until curl -fsS -o /dev/null "http://127.0.0.1:$port/login/" && grep -q "Ready" "$folder/run2.log"; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/run2.log"; echo "the second make run stopped."; exit 1; }
  [ $(($(date +%s) - started)) -lt 60 ] || { cat "$folder/run2.log"; echo "the second start took over a minute."; exit 1; }
  sleep 0.5
done
echo "second start ready after $(($(date +%s) - started)) s"
kill -TERM "$server"; wait "$server" 2>/dev/null || true

echo "== make test"
make test
